"""analysis=robustness: whether the ranking of scenarios survives structural alternatives."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from consensus_sim.experiment import build_engine, check_writable, writing


def run(config: Mapping[str, Any], folder: Path, started: datetime.datetime) -> Path:
    """Play the scenarios under every alternative, write robustness.csv and levels.csv, print who is best where."""
    from consensus_sim.analysis.robustness import BASE, read_alternatives, robustness_table
    from consensus_sim.catalogue import metric
    from consensus_sim.ensemble.config import compose
    from consensus_sim.ensemble.study import read_study
    from consensus_sim.jobs.tables import save_tables

    metrics, alternatives = read_alternatives(config.get("robustness"))
    engine, results = build_engine(config["engine"]), Path(config["results"])
    kept = ("scenarios", "reference", "replicates", "seed", "parameters", "calendar", "store")
    own = {BASE: dict(config)}
    for each in alternatives:
        own[each.name] = compose(each.settings) | {key: config[key] for key in kept}
        own[each.name]["community"] = _community(config, own[each.name])
    studies = {name: read_study(content) for name, content in own.items()}  # all are checked before anything is played
    check_writable(results)
    with writing(results):
        played = {name: play(own[name], study, engine, results / ".replicates") for name, study in studies.items()}
        better = {name: metric(name).direction for name in metrics}
        agreement, levels = robustness_table(played, metrics, better)
        tables = {"robustness": agreement, "levels": levels}
        place = save_tables(folder, tables, {}, studies[BASE], config, started)
    show(agreement, {each.name: each.label for each in alternatives}, config["report"]["language"])
    print(f"results: {os.path.relpath(place)}")
    return place


def _community(config: Mapping[str, Any], changed: Mapping[str, Any]) -> Any:
    """The community that is compared, with what the alternative changes in it."""
    from consensus_sim.ensemble.config import compose

    plain = compose()["community"]

    def laid(base: Any, before: Any, after: Any) -> Any:
        if isinstance(after, Mapping) and isinstance(base, Mapping) and isinstance(before, Mapping):
            return {key: laid(value, before.get(key), after.get(key)) for key, value in base.items()}
        return base if after == before else after

    return laid(config["community"], plain, changed["community"])


def play(config: Mapping[str, Any], study: Any, engine: Any, folder: Path) -> dict[str, dict[str, Any]]:
    """Scenario -> headline metric of all adults -> (replicates,)."""
    from consensus_sim.community import build_community
    from consensus_sim.ensemble.run import first_start, run_ensemble
    from consensus_sim.ensemble.store import ReplicateStore

    cold, community = first_start(), build_community(config["community"])
    store = ReplicateStore(study, community, folder, reuse=config["store"]["reuse"])
    forecast = run_ensemble(study, community, engine, store, cold=cold)
    if not config["store"]["keep"]:
        store.clear((scenario.name, n) for scenario in study.scenarios for n in range(study.replicates))
    table = forecast.tables["metrics"]
    table = table[table["group"] == "all"]
    wide = table.pivot_table(
        index="replicate", columns=["scenario", "metric"], values="value", dropna=False, observed=True
    )
    names = [scenario.name for scenario in study.scenarios]
    return {name: {str(column): wide[name][column].to_numpy(float) for column in wide[name]} for name in names}


def show(agreement: Any, labels: Mapping[str, Mapping[str, str]], language: str) -> None:
    """Print a row for every alternative and metric."""
    from rich.console import Console
    from rich.table import Table

    from consensus_sim.catalogue import metric, text

    shown = Table(title=text("robustness.title", language), title_justify="left")
    for key in ("alternative", "metric", "tau", "best", "same"):
        shown.add_column(text(f"robustness.{key}", language))
    last = None
    for row in agreement.to_dict("records"):
        name = labels[row["alternative"]][language] if row["alternative"] != last else ""
        last = row["alternative"]
        same = text(f"robustness.{row['same_best']}", language)
        shown.add_row(name, metric(row["metric"]).label(language), f"{row['tau']:.2f}", row["best"], same)
    Console().print(shown)
