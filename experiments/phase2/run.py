"""The forecast of the revised plan, frozen before it is scored: every quantity that was asked for, with intervals.

    python experiments/phase2/run.py                  # 1000 replicates

Scenario `phase2_plan`: phase 1 as carried out, then the inputs of the revised plan (F33-F42, F44), phased in from
November 2024, no outcome used. Read for the base period (November 2024 to March 2025) and the alternatives of three
months (January to March 2025) and nine (January to September 2025). Parameters come from the posterior of phase 1;
what only the plan uses stays at its prior (evidence E), so that rows marked prior-driven, and the ranking of its
measures, rest on priors (G1, G3).
Writes results/reference/forecast_phase2.csv, and its figure in English and Chinese beside it; docs/forecast.md tells it
in words.
    python experiments/phase2/run.py --draw           # the figures alone, from the table that is there
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from consensus_sim.analysis.measured import MeasuredWork, play_measured
from consensus_sim.analysis.phase2 import forecast_rows, periods, reported
from consensus_sim.catalogue import forecast_metric_names
from consensus_sim.community import build_community
from consensus_sim.runs.engines import Processes
from consensus_sim.study.config import compose
from consensus_sim.study.rules import rules
from consensus_sim.study.study import read_study

REFERENCE = Path(__file__).resolve().parent.parent.parent / "results" / "reference"
START = "2024-03-04"


def forecast(community: str, replicates: int, seed: int, parameters: str, workers: int | None) -> pd.DataFrame:
    """One row a quantity, period and group, in the order of the definitions."""
    from consensus_sim.calendar import Calendar

    calendar = Calendar(pd.Timestamp(START).date(), 1)
    rows = []
    for end in sorted({last for _, last in periods()[1].values()}):
        weeks = calendar.week_of(end)
        config = compose([f"community={community}", f"calendar.weeks={weeks}", f"calendar.start={START}"])
        config |= {"scenarios": ["phase2_plan"], "replicates": replicates, "seed": seed, "parameters": parameters}
        study = read_study(config)
        work = MeasuredWork(build_community(config["community"]), study, "consensus_sim.analysis.phase2:read_phase2")
        draws = study.draws()
        assert draws is not None
        rows += forecast_rows(play_measured(work, Processes(workers))["phase2_plan"], draws)
    table = pd.DataFrame(rows)
    order = {name: place for place, name in enumerate(forecast_metric_names())}
    places = {name: place for place, name in enumerate(periods()[1])}
    keys = table.assign(a=table["metric"].map(order), b=table["period"].map(places))
    return table.loc[keys.sort_values(["a", "b"], kind="stable").index].reset_index(drop=True)


def draw(table: pd.DataFrame, file: Path) -> None:
    """The figure of `table` in both languages, beside `file`."""
    from consensus_sim.report.figures.plan import draw_plan

    for language, ending in (("en", ".png"), ("zh", ".zh.png")):
        draw_plan(table, periods()[1], reported(), language).savefig(file.with_suffix(ending), dpi=110)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, play, write the table."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    options.add_argument("--community", default="case_study")
    options.add_argument("--replicates", type=int, default=1000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--parameters", choices=("posterior", "prior"), default="posterior")
    options.add_argument("--workers", type=int)
    options.add_argument("--out", type=Path, default=REFERENCE / "forecast_phase2.csv")
    options.add_argument("--draw", action="store_true", help="draw the table that is there, play nothing")
    given = options.parse_args(arguments)
    if given.draw:
        if not given.out.is_file():
            options.error(f"--draw: found no table {given.out}; allowed: one that this command has made")
        draw(pd.read_csv(given.out), given.out)
        return
    if given.replicates < rules().repeated:
        options.error(f"--replicates: found {given.replicates}; allowed: at least {rules().repeated}")
    table = forecast(given.community, given.replicates, given.seed, given.parameters, given.workers)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(given.out, index=False, float_format="%.4g", lineterminator="\n")
    draw(pd.read_csv(given.out), given.out)  # as published, so that --draw gives the same
    print(f"{given.out}: {len(table)} rows")


if __name__ == "__main__":
    main()
