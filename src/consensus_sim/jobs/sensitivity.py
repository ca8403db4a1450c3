"""analysis=sensitivity: which parameters the results depend on."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consensus_sim.catalogue import text
from consensus_sim.errors import InputError, not_allowed, phrase
from consensus_sim.experiment import build_engine, check_writable, writing
from consensus_sim.study.scenario import Study

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def run(config: Mapping[str, Any], folder: Path, started: datetime.datetime) -> Path:
    """Screen and rank the parameters, write morris.csv, sobol.csv and a figure to `folder`, print the largest."""
    try:
        import SALib  # noqa: F401
    except ImportError:
        what = "experiment=sensitivity"
        raise InputError("extra_missing", what=what, library="SALib", extra="analysis") from None
    from consensus_sim.analysis.design import Stored
    from consensus_sim.analysis.sensitivity import Sensitivity, read_settings
    from consensus_sim.community import build_community
    from consensus_sim.jobs.tables import save_tables
    from consensus_sim.study.study import read_study

    settings, study = read_settings(config.get("sensitivity")), read_study(config)
    if study.replicates != 1:
        raise not_allowed("replicates", study.replicates, phrase("one_as_chance_is_averaged"))
    engine, results = build_engine(config["engine"]), Path(config["results"])
    check_writable(results)
    community = build_community(config["community"])
    with writing(results):
        stored = Stored(results / ".replicates", config["store"]["reuse"], config["store"]["keep"])
        found = Sensitivity(community, study, settings, engine, stored)
        morris, sobol = found.run()
        frames = {"morris": morris} | ({"sobol": sobol} if len(sobol) else {})
        place = save_tables(folder, frames, figures(config, study, frames), study, config, started)
        stored.clear()
    show(frames, study, config["report"]["language"])
    print(f"results: {os.path.relpath(place)}")
    return place


def figures(config: Mapping[str, Any], study: Study, frames: Mapping[str, pd.DataFrame]) -> dict[str, Figure]:
    """The figure by name, or none."""
    from consensus_sim.report.sensitivity import draw_indices

    if not config["report"].get("figures") or "sobol" not in frames:
        return {}
    language = config["report"]["language"]
    return {"sensitivity": draw_indices(frames["sobol"], _title(study, language), _labels(study), language)}


def _title(study: Study, language: str) -> str:
    """The heading, which says over what each parameter is varied."""
    if study.posterior is None:
        return text("sensitivity.title_prior", language)
    if study.posterior.own_file is None:
        return text("sensitivity.title_posterior", language)
    return text("sensitivity.title_own", language, file=study.posterior.own_file)


def _labels(study: Study) -> dict[str, Mapping[str, str]]:
    """Scenario -> its label by language."""
    return {scenario.name: scenario.label for scenario in study.scenarios}


def show(frames: Mapping[str, pd.DataFrame], study: Study, language: str) -> None:
    """Print the largest indices."""
    from rich.console import Console

    from consensus_sim.report.sensitivity import print_indices

    print_indices(frames, _title(study, language), _labels(study), language, Console())
