"""analysis=robustness: whether the ranking of scenarios survives structural alternatives."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consensus_sim.experiment import build_engine, check_writable, writing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from consensus_sim.runs.engines import Engine
    from consensus_sim.study.scenario import Study


def run(config: Mapping[str, Any], folder: Path, started: datetime.datetime) -> Path:
    """Play the scenarios under every alternative, write robustness.csv and levels.csv, print who is best where."""
    from rich.console import Console

    from consensus_sim.analysis.robustness import BASE, read_alternatives, robustness_table
    from consensus_sim.catalogue import metric
    from consensus_sim.jobs.tables import save_tables
    from consensus_sim.report.robustness import print_agreement
    from consensus_sim.report.tables import caution
    from consensus_sim.report.words import say
    from consensus_sim.study.config import compose
    from consensus_sim.study.study import read_study

    metrics, alternatives = read_alternatives(config.get("robustness"))
    engine, results = build_engine(config["engine"]), Path(config["results"])
    plain, own = compose(), {BASE: dict(config)}
    for each in alternatives:
        own[each.name] = alternative(config, plain, each.settings)
    studies = {name: read_study(content) for name, content in own.items()}  # all are checked before anything is played
    check_writable(results)
    with writing(results):
        played = {name: play(own[name], study, engine, results / ".replicates") for name, study in studies.items()}
        better = {name: metric(name).direction for name in metrics}
        agreement, levels = robustness_table(played, metrics, better, studies[BASE].draws())
        tables = {"robustness": agreement, "levels": levels}
        place = save_tables(folder, tables, {}, studies[BASE], config, started)
    language, console = config["report"]["language"], Console()
    compared = [(scenario.name, scenario.label) for scenario in studies[BASE].scenarios]
    print_agreement(agreement, {each.name: each.label for each in alternatives}, compared, language, console)
    said = caution(studies[BASE].replicates, language)
    if said:
        say(said, console)
    print(f"results: {os.path.relpath(place)}")
    return place


def alternative(config: Mapping[str, Any], plain: Any, settings: Sequence[str]) -> dict[str, Any]:
    """`config` with the overrides `settings` of an alternative; `plain`: the config without any."""
    from consensus_sim.study.config import compose

    changes = [*config.get("changes", ()), *settings]
    return {**with_changes(config, plain, compose(settings)), "changes": changes}


def with_changes(config: Any, plain: Any, changed: Any) -> Any:
    """`config` with what tells `changed` from `plain`: an alternative laid over whatever the user has set."""
    if all(isinstance(each, Mapping) for each in (config, plain, changed)):
        return {
            key: with_changes(value, plain[key], changed[key]) if key in plain else value
            for key, value in config.items()
        }
    return config if changed == plain else changed


def play(
    config: Mapping[str, Any], study: Study, engine: Engine, folder: Path
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Scenario -> headline metric of all adults -> (replicates,)."""
    from consensus_sim.community import build_community
    from consensus_sim.forecast.run import first_start, run_ensemble
    from consensus_sim.runs.store import ReplicateStore

    cold, community = first_start(), build_community(config["community"])
    store = ReplicateStore(study, community, folder, reuse=config["store"]["reuse"])
    forecast = run_ensemble(study, community, engine, store, cold=cold)
    played = [(scenario.name, n) for scenario in study.scenarios for n in range(study.replicates)]
    store.finish(played, keep=config["store"]["keep"])
    table = forecast.tables["metrics"]
    table = table[table["group"] == "all"]
    wide = table.pivot_table(
        index="replicate", columns=["scenario", "metric"], values="value", dropna=False, observed=True
    )
    names = [scenario.name for scenario in study.scenarios]
    return {name: {str(column): wide[name][column].to_numpy(float) for column in wide[name]} for name in names}
