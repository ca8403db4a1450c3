"""analysis=response: each intervention at several doses, and how much of it is enough."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from consensus_sim.errors import not_allowed, phrase
from consensus_sim.experiment import build_engine, check_writable, writing
from consensus_sim.runs.engines import Engine
from consensus_sim.settings import known

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from consensus_sim.analysis.response import Curve, Dose, ResponseSettings
    from consensus_sim.community import Community
    from consensus_sim.study.scenario import Study


class Plan(NamedTuple):
    """What is to be run: the settings, the curves, the study of their scenarios, and each curve's study and doses."""

    settings: ResponseSettings
    curves: dict[str, Curve]
    base: Study
    studies: dict[str, tuple[Study, list[Dose]]]


def run(config: Mapping[str, Any], folder: Path, started: datetime.datetime) -> Path:
    """Run every dose, write response.csv and a figure to `folder` and print how much is enough; returns the place."""
    from consensus_sim.jobs.tables import save_tables

    plan, engine, results = plan_of(config), build_engine(config["engine"]), Path(config["results"])
    check_writable(results)
    with writing(results):
        table, community, finish = simulate(plan, config, engine, results / ".replicates")
        figures = {"response": draw(plan, table, config["report"]["language"])} if config["report"]["figures"] else {}
        place = save_tables(folder, {"response": table}, figures, plan.base, config, started)
    finish()
    show(plan, table, community, config["report"]["language"])
    print(f"results: {os.path.relpath(place)}")
    return place


def plan_of(config: Mapping[str, Any]) -> Plan:
    """What `config` asks for, all of it checked before anything is run."""
    from consensus_sim.analysis.response import at_doses, chosen, read_response
    from consensus_sim.study.study import read_study

    if config.get("reference") is not None:  # it is dose 0
        raise not_allowed("reference", config["reference"], phrase("null_with", setting="experiment=response"))
    settings, base = read_response(config.get("response")), read_study(config)
    for name, curve in settings.interventions.items():
        known(f"response.interventions.{name}.scenario", curve.scenario, config["scenario"])
    curves = chosen(settings, [scenario.name for scenario in base.scenarios])
    studies = {name: at_doses(name, curve, settings.doses, base) for name, curve in curves.items()}
    return Plan(settings, curves, base, studies)


def simulate(
    plan: Plan, config: Mapping[str, Any], engine: Engine, folder: Path
) -> tuple[pd.DataFrame, Community, Callable[[], None]]:
    """response.csv as a frame, the community, and what to call once it is saved: until then every run is kept in
    `folder`, so that an interrupted command goes on, and doses that curves share are run once.
    """
    import pandas as pd

    from consensus_sim.analysis.response import response_table
    from consensus_sim.community import build_community
    from consensus_sim.forecast.run import first_start, run_ensemble
    from consensus_sim.report.response import with_verdicts
    from consensus_sim.runs.store import ReplicateStore

    cold, community = first_start(), build_community(config["community"])
    parts, stores = [], []
    for name, curve in plan.curves.items():
        study, doses = plan.studies[name]
        store = ReplicateStore(study, community, folder, reuse=config["store"]["reuse"])
        parts.append(response_table(name, curve, doses, run_ensemble(study, community, engine, store, cold=cold)))
        stores.append((store, [(s.name, number) for s in study.scenarios for number in range(study.replicates)]))

    def finish() -> None:
        for store, played in stores:
            store.finish(played, keep=config["store"]["keep"])

    return with_verdicts(pd.concat(parts, ignore_index=True)), community, finish


def draw(plan: Plan, table: pd.DataFrame, language: str) -> Figure:
    """The figure of all curves."""
    from consensus_sim.report.figures.response import draw_response

    return draw_response(table, plan.curves, plan.settings.enough, language)


def show(plan: Plan, table: pd.DataFrame, community: Community, language: str) -> None:
    """Print how much is enough, and of what kind of community."""
    from rich.console import Console

    from consensus_sim.report.response import print_response, scope
    from consensus_sim.report.tables import caution
    from consensus_sim.report.words import say

    console = Console()
    print_response(table, plan.curves, plan.settings.enough, language, console)
    adults, weeks = int(community.population.adult.sum()), int(plan.base.calendar["weeks"])
    say(scope(community.label, adults, weeks, language), console)
    if said := caution(plan.base.replicates, language):
        say(said, console)
