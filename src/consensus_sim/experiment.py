"""One experiment from a composed config to a folder of results. Nothing is computed here; the library does it."""

from __future__ import annotations

import contextlib
import datetime
import importlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consensus_sim.ensemble.engines import build_engine
from consensus_sim.errors import InputError, one_of

if TYPE_CHECKING:
    from consensus_sim.ensemble.forecast import Forecast

__all__ = ["EXPERIMENTS", "LANGUAGES", "build_engine", "check_config", "check_writable", "labels", "play"]
__all__ += ["run_experiment", "writing"]

LANGUAGES = ("zh", "en")
EXPERIMENTS = {
    "compare": "consensus_sim.jobs.compare:run",
    "city": "consensus_sim.jobs.city:run",
    "calibrate": "consensus_sim.jobs.calibrate:run",
    "validate": "consensus_sim.jobs.validate:run",
    "sensitivity": "consensus_sim.jobs.sensitivity:run",
    "robustness": "consensus_sim.jobs.robustness:run",
    "disputes": "consensus_sim.jobs.disputes:run",
    "patterns": "consensus_sim.jobs.patterns:run",
}
"""What the setting `analysis` may be -> the function that does it: run(config, folder, started) -> place of results."""


def run_experiment(config: Mapping[str, Any], folder: Path) -> Path:
    """Do what the `analysis` of `config` names, write it to `folder` and print its table; returns where it lies.

    config: the composed config as plain values; folder: results/<experiment>/<time>[/<job>]
    Raises InputError for what the user can mend, among it a results folder that cannot be written.
    """
    started = datetime.datetime.now(datetime.UTC)
    check_config(config)
    module, function = EXPERIMENTS[config.get("analysis", "compare")].split(":")
    place: Path = getattr(importlib.import_module(module), function)(config, folder, started)
    return place


@contextlib.contextmanager
def writing(results: Path) -> Iterator[None]:
    """What cannot be written to the folder `results` meanwhile is told in one line."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError("cannot_write", where="results", folder=str(results), reason=reason) from error


def play(config: Mapping[str, Any], save: Callable[[Forecast], Path]) -> tuple[Forecast, Path]:
    """Play the study that `config` describes and `save` the forecast; returns both. What is stored goes when it is
    saved.
    """
    from consensus_sim.ensemble.study import read_study

    study = read_study(config)
    engine = build_engine(config["engine"])
    results = Path(config["results"])

    from consensus_sim.community import build_community
    from consensus_sim.ensemble.run import first_start, run_ensemble
    from consensus_sim.ensemble.store import ReplicateStore

    check_writable(results)
    cold = first_start()
    community = build_community(config["community"])
    with writing(results):
        store = ReplicateStore(study, community, results / ".replicates", reuse=config["store"]["reuse"])
        forecast = run_ensemble(study, community, engine, store, cold=cold)
        place = save(forecast)
    if not config["store"]["keep"]:
        store.clear((scenario.name, n) for scenario in study.scenarios for n in range(forecast.study.replicates))
    return forecast, place


def labels(forecast: Forecast) -> list[tuple[str, dict[str, str]]]:
    """(name, labels by language) of every scenario, in the study's order."""
    return [(scenario.name, scenario.label) for scenario in forecast.study.scenarios]


def check_config(config: Mapping[str, Any]) -> None:
    """Check the settings that belong to no part of the model."""
    from consensus_sim.ensemble.study import section

    for group in ("engine", "report", "store", "question"):
        section(group, config.get(group))
    name = config.get("experiment_name")
    if not isinstance(name, str) or not name or not name.replace("-", "").replace("_", "").isalnum():
        raise InputError(f"experiment_name: found {name!r}; allowed: letters, digits, - and _")
    if config.get("analysis", "compare") not in EXPERIMENTS:
        raise one_of("analysis", str(config["analysis"]), EXPERIMENTS)
    if config["report"].get("language") not in LANGUAGES:
        raise one_of("report.language", config["report"].get("language"), LANGUAGES)
    if not isinstance(config.get("results"), str) or not config["results"]:
        raise InputError(f"results: found {config.get('results')!r}; allowed: the name of a folder")
    for key in ("reuse", "keep"):
        if not isinstance(config["store"].get(key), bool):
            raise InputError(f"store.{key}: found {config['store'].get(key)!r}; allowed: true, false")


def check_writable(results: Path) -> None:
    """Refuse a results folder that cannot be written, before anything is computed; leaves no trace."""
    nearest = next(folder for folder in (results, *results.absolute().parents) if folder.exists())
    with writing(results), tempfile.TemporaryFile(dir=nearest):
        pass
