"""Does the ranking of scenarios survive if the model is built otherwise: one command.

    python experiments/robustness/run.py                    # 28,000 runs: some 50 minutes of one core
    python experiments/robustness/run.py --replicates 64    # a third of that, wider intervals

Plays the scenarios of configs/experiment/robustness.yaml, with parameters drawn from the posterior, under every
structural alternative named there (rules of talk and of settling, kinds of network, rules of taking part, stakes of
topics), one at a time, and the same structure under other chance, which says how far rankings agree at best. Writes
results/reference/robustness.csv and the tables of docs/robustness.md. An interrupted run goes on when it is repeated.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from consensus_sim.analysis.robustness import BASE, read_alternatives, robustness_table
from consensus_sim.catalogue import metric
from consensus_sim.ensemble.config import compose
from consensus_sim.ensemble.engines import Processes
from consensus_sim.ensemble.forecast import NUMBERS
from consensus_sim.ensemble.study import read_study
from consensus_sim.jobs.robustness import alternative, play

if TYPE_CHECKING:
    import pandas as pd

ROOT = Path(__file__).resolve().parent.parent.parent
REFERENCE = ROOT / "results" / "reference"
PAGE = ROOT / "docs" / "robustness.md"
BEGIN, END = "<!-- made by experiments/robustness/run.py: begin -->", "<!-- end -->"
CHANCE = "other_chance"
"""The alternative that changes nothing but chance."""


def by_alternative(table: pd.DataFrame, labels: Mapping[str, str]) -> list[str]:
    """A Markdown table: of each alternative the agreement of ranks and what becomes of the pairs told apart."""
    lines = [
        "| structure | median tau (lowest, at) | kept | not told apart | reversed | best: same / tied / another |",
        "|---|---|---|---|---|---|",
    ]
    for name, rows in table.groupby("alternative", sort=False):
        total = rows["pairs"].sum()
        shares = [f"{rows[what].sum() / total:.0%}" for what in ("kept", "lost", "reversed")]
        worst = rows.loc[rows["tau"].idxmin()]
        best = " / ".join(str(int((rows["same_best"] == what).sum())) for what in ("yes", "tied", "no"))
        tau = f"{rows['tau'].median():.2f} ({worst['tau']:.2f}, {metric(worst['metric']).label('en')})"
        lines.append("| " + " | ".join([labels[str(name)], tau, *shares, best]) + " |")
    return lines


def by_metric(table: pd.DataFrame) -> list[str]:
    """A Markdown table: of each metric tau under other chance and under the alternatives, with intervals."""
    lines = [
        "| metric | tau, other chance | tau, median | lowest tau | pairs reversed | best changes under |",
        "|---|---|---|---|---|---|",
    ]
    for name, rows in table.groupby("metric", sort=False):
        alone = rows[rows["alternative"] == CHANCE].iloc[0]
        others = rows[rows["alternative"] != CHANCE]
        worst = others.loc[others["tau"].idxmin()]
        changed = others[others["same_best"] == "no"]
        where = ", ".join(f"{r['alternative']} ({r['best_base']} → {r['best']})" for r in changed.to_dict("records"))
        cells = (
            metric(str(name)).label("en"), _interval(alone), f"{others['tau'].median():.2f}",
            f"{_interval(worst)}: {worst['alternative']}", f"{others['reversed'].sum() / others['pairs'].sum():.1%}",
            where or "none",
        )  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _interval(row: pd.Series) -> str:
    return f"{row['tau']:.2f} ({row['tau_low']:.2f} to {row['tau_high']:.2f})"


def block(table: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """What stands between the marks of the page."""
    return "\n".join([BEGIN, "", *by_alternative(table, labels), "", *by_metric(table), "", END])


def fill(page: Path, text: str) -> None:
    """Put `text` between the marks of `page`."""
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    page.write_text(before + text + rest.split(END)[1], encoding="utf-8")


def labels_of() -> dict[str, str]:
    """Alternative -> what it is, in English."""
    return {
        each.name: each.label["en"] for each in read_alternatives(compose(["experiment=robustness"])["robustness"])[1]
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, play, write the table and the page, say how it went."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    options.add_argument("--replicates", type=int, default=200, help="runs of each scenario (default: 200)")
    options.add_argument("--community", default="case_study", help="community (default: case_study)")
    options.add_argument("--seed", type=int, default=1, help="root of all chance (default: 1)")
    options.add_argument("--weeks", type=int, help="length of a run (default: configured)")
    options.add_argument("--only", nargs="*", help="alternatives (default: all)")
    options.add_argument("--workers", type=int, help="processes (default: all cores)")
    options.add_argument("--work", type=Path, default=ROOT / "results", help="folder of finished runs")
    options.add_argument("--out", type=Path, default=REFERENCE, help="folder to write (default: results/reference)")
    options.add_argument("--page", type=Path, default=PAGE, help="page to fill (default: docs/robustness.md)")
    given = options.parse_args(arguments)
    own = [f"community={given.community}", f"seed={given.seed}", f"replicates={given.replicates}"]
    if given.weeks is not None:
        own.append(f"calendar.weeks={given.weeks}")
    plain, config = compose(), compose(["experiment=robustness", *own])
    metrics, alternatives = read_alternatives(config["robustness"])
    chosen = [each for each in alternatives if given.only is None or each.name in given.only]
    if given.only is not None and len(chosen) < len(set(given.only)):
        options.error(f"--only: found {' '.join(given.only)}; allowed: {' '.join(each.name for each in alternatives)}")
    contents = {BASE: config} | {each.name: alternative(config, plain, each.settings) for each in chosen}
    studies = {name: read_study(content) for name, content in contents.items()}  # all are checked before any is played
    engine, store = Processes(given.workers), given.work / ".replicates"
    played = {name: play(contents[name], study, engine, store) for name, study in studies.items()}
    better = {name: metric(name).direction for name in metrics}
    table, _ = robustness_table(played, metrics, better, studies[BASE].together)
    given.out.mkdir(parents=True, exist_ok=True)
    draft = given.out / "robustness.part"
    table.to_csv(draft, index=False, float_format=NUMBERS, lineterminator="\n")
    draft.replace(given.out / "robustness.csv")
    if given.only is None:
        fill(given.page, block(table, labels_of()))
    for name, rows in table.groupby("alternative", sort=False):
        pairs, kept, turned = (int(rows[column].sum()) for column in ("pairs", "kept", "reversed"))
        print(f"{name}: tau {rows['tau'].median():.2f}; of {pairs} pairs {kept} kept, {turned} reversed")


if __name__ == "__main__":
    main()
