"""Write what the pages of docs/ take from other files anew: python docs/build_parameter_table.py.

Between markers stand, in model.md, the parameters (configs/behaviour), the settings of channels, kinds of topic,
levers and the Monte Carlo standard error, and the patterns that do not come out (results/reference); in disputes.md the
published table of disputes; in patterns.md the verdicts on all patterns; in forecast.md and forecast.zh.md the
published forecast of the revised plan; in results.md the metrics of the catalogue.
A test fails when a page and those files differ.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from consensus_sim.catalogue import metric, metric_names, weekly_metric, weekly_metric_names
from consensus_sim.parameters import Behaviour
from consensus_sim.paths import configs_dir

PAGES = Path(__file__).parent
REFERENCE = Path(__file__).parent.parent / "results" / "reference"
GROUPS = ("channel", "topic", "intervention", "monte_carlo", "least_difference")
LINE = re.compile(r"^(?P<indent> *)(?P<key>\w+):(?: +(?P<value>[^#]*?))?(?:\s+#\s*(?P<comment>.*))?$")


def parameter_table() -> str:
    """One row a parameter: name, symbol, meaning, value, prior, unit, source with grade, what the case can say."""
    file = yaml.safe_load((configs_dir() / "behaviour" / "case_study.yaml").read_text(encoding="utf-8"))
    lines = [
        "| parameter | symbol | meaning | value | prior | unit | source | ident. |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for p in Behaviour.from_config(file):
        name = p.name.removeprefix("behaviour.")
        prior = f"{p.low:g} to {p.high:g}" + (f", {p.distribution}" if p.distribution != "uniform" else "")
        prior += "; calibrated" if p.calibrate else ""
        source = f"{p.source} [{p.grade}]"
        lines.append(
            f"| {name} | {p.symbol} | {p.meaning} | {p.value:g} | {prior} | {p.unit} | {source} | {p.identified} |"
        )
    return "\n".join(lines) + "\n"


def settings_table() -> str:
    """One row a setting of the groups: its value, and the unit and source its file gives."""
    lines = ["| setting | value | unit, source |", "|---|---|---|"]
    for group in GROUPS:
        for path in sorted((configs_dir() / group).glob("*.yaml")):
            text = path.read_text(encoding="utf-8").splitlines()
            lines.append(f"| **{group}.{path.stem}** | | {text[0].lstrip('# ')} |")
            lines += [f"| {name} | {value} | {comment} |" for name, value, comment in _settings(text)]
    return "\n".join(lines) + "\n"


def _settings(text: list[str]) -> Iterator[tuple[str, str, str]]:
    """(name, value, comment) of every setting in the lines of a file."""
    above: list[tuple[int, str]] = []
    for line in text:
        found = LINE.match(line)
        if not found or found["key"] in ("label", "class"):
            continue
        depth = len(found["indent"])
        above = [*((place, key) for place, key in above if place < depth), (depth, found["key"])]
        yield (
            ".".join(key for _, key in above),
            (found["value"] or "").strip(),
            (found["comment"] or "").replace("|", "or"),
        )


def misses_table() -> str:
    """One row a pattern or target that the published tables judge as not met."""
    lines = ["| id | scenario | quantity | comes out at | expected | what is read |", "|---|---|---|---|---|---|"]
    for file, verdict, name, scenario in (
        ("patterns.csv", ("verdict", "fail"), "pattern", "scenario"),
        ("rough_size.csv", ("inside", "no"), "target", ""),
    ):
        with (REFERENCE / file).open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                if row[verdict[0]] == verdict[1]:
                    reading = row["note"].split("; ", 1)[-1]
                    found = comes_out(row)
                    where = row[scenario] if scenario else "phase 1"
                    lines.append(f"| {row[name]} | {where} | {row['quantity']} | {found} | {row['band']} | {reading} |")
    return "\n".join(lines) + "\n"


def comes_out(row: dict[str, str]) -> str:
    """Mean, or median where that is judged, and interval of a row of the published tables."""
    if not row["mean"]:
        return "undefined"
    middle = row["median"] if row["note"].startswith("median") else row["mean"]
    return f"{float(middle):.3g} [{float(row['q05']):.3g}, {float(row['q95']):.3g}]"


def verdicts_table() -> str:
    """One row a pattern: source, verdict at the centre and under the posterior, each with the checks that fail in the
    published runs, and how it was set up.
    """
    import pandas as pd

    from consensus_sim.analysis.patterns import pattern_rows, read_patterns

    patterns = read_patterns()
    tables = [
        pattern_rows(patterns, pd.read_csv(REFERENCE / f"{name}_replicates.csv"), together)
        for name, together in (("patterns", 1), ("patterns_posterior", 2))
    ]
    lines = [
        "| id | pattern | source | at the centre | checks that fail | with the posterior | checks that fail "
        "| how it was set up |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for pattern in patterns:
        own = [[row for row in rows if row["id"] == pattern.id] for rows in tables]
        words = f"{pattern.words['en']} {pattern.words['zh']}"
        said = " | ".join(f"{verdict_of(rows)} | {failing(rows)}" for rows in own)
        lines.append(f"| {pattern.id} | {words} | {pattern.source} | {said} | {pattern.note} |")
    return "\n".join(lines) + "\n"


def verdict_of(rows: list[dict[str, Any]]) -> str:
    """The verdict on a pattern from its rows, in words."""
    from consensus_sim.analysis.verdicts import overall
    from consensus_sim.catalogue import text

    return text(f"pattern.verdicts.{overall(rows)}", "en")


def failing(rows: list[dict[str, Any]]) -> str:
    """The checks of a pattern that do not pass, of a sign with the share of runs in which it holds."""
    from consensus_sim.analysis.verdicts import SIGNS

    failed = [row for row in rows if row["band"] and not row["passed"]]
    return ", ".join(
        row["quantity"] + (f" ({row['share']:.0%})" if row["rule"] in SIGNS and row["replicates"] else "")
        for row in failed
    )


def metrics_table() -> str:
    """One row a headline metric: unit and definition, from the catalogue."""
    lines = ["| metric | unit | definition |", "|---|---|---|"]
    lines += [f"| {name} | {metric(name).unit} | {metric(name).definition('en')} |" for name in metric_names()]
    return "\n".join(lines) + "\n"


def weekly_table() -> str:
    """One row a weekly metric: unit and definition, from the catalogue."""
    lines = ["| metric | unit | definition |", "|---|---|---|"]
    for name in weekly_metric_names():
        lines.append(f"| {name} | {weekly_metric(name).unit} | {weekly_metric(name).definition('en')} |")
    return "\n".join(lines) + "\n"


def disputes_table() -> str:
    """One row a named dispute and scenario: what is reported, and what the published table says."""
    lines = [
        "| dispute | reported | scenario | heard | on an agenda | weeks to agenda | sittings | settled | shelved "
        "| open | answered | first two fail | on time / late / never |",
        "|---" * 13 + "|",
    ]
    labels = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))["label"]
        for path in (configs_dir() / "topic").glob("*.yaml")
    }
    with (REFERENCE / "disputes.csv").open(encoding="utf-8", newline="") as rows:
        before = ""
        for row in csv.DictReader(rows):
            name, label = row["dispute"], labels[row["dispute"]]
            first = [f"{label['zh']} {label['en']} (`{name}`)", f"{row['reported_en']} [{row['source']}]"]
            head, before = (["", ""] if name == before else first), name
            weeks = f"{_weeks(row['weeks_to_agenda'])} [{_weeks(row['weeks_to_agenda_q05'])}, "
            cells = [
                *head,
                row["scenario"],
                _percent(row["heard"]),
                _percent(row["on_agenda"]),
                weeks + f"{_weeks(row['weeks_to_agenda_q95'])}]",
                f"{float(row['sittings']):.1f}" if row["sittings"] else "–",
                f"{_percent(row['settled'])} [{_percent(row['settled_low'])}, {_percent(row['settled_high'])}]",
                *(_percent(row[state]) for state in ("shelved", "open", "answered")),
                f"{_percent(row['failed_first_two'])} of {row['tried_twice']}",
                " / ".join(_percent(row[name]) for name in ("on_time", "late", "never")) + f" of {row['resolutions']}",
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def plan_table(language: str) -> str:
    """One row a quantity and group of the revised plan's forecast: median and 90 % interval by period, the share of
    the variance from parameters, and what the case study reports of phase 1.
    """
    import pandas as pd

    from consensus_sim.analysis.phase2 import periods, reported
    from consensus_sim.catalogue import forecast_metric, forecast_metric_names, label_of, text
    from consensus_sim.report.figures.plan import period_label

    table = pd.read_csv(REFERENCE / "forecast_phase2.csv")
    days = periods()[1]
    heads = [text(f"plan.{name}", language) for name in ("quantity", "unit", "group")]
    heads += [period_label(name, found, language) for name, found in days.items()]
    heads += [text(f"plan.{name}", language) for name in ("parameters", "reported")]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    told = reported()
    for name in forecast_metric_names():
        found, rows = forecast_metric(name), table[table["metric"] == name]
        label = found.label(language)
        if (rows["basis"] == "prior-driven").any():
            label += text("plan.prior_driven", language)
        for group in dict.fromkeys(rows["group"]):
            own = rows[rows["group"] == group].set_index("period")
            if (own["q95"] == 0).all():
                continue  # a venue that the plan does not have
            kind = "channel" if name == "person_times" else "group"
            alone = rows["group"].nunique() == 1 and group == "all"
            cells = [label, found.unit_label(language), "" if alone else label_of(kind, group, language)]
            cells += [
                f"{found.show(row['q50'], after=False)} {found.show_interval(row['q05'], row['q95'])}"
                for _, row in own.loc[list(days)].iterrows()
            ]
            share = own["share_parameters"].iloc[0]
            cells.append("–" if pd.isna(share) else f"{share:.2f}")
            cells.append(found.show(told[name], after=False) if name in told and group == "all" else "")
            lines.append("| " + " | ".join(cells) + " |")
            label = ""
    return "\n".join(lines) + "\n"


def plan_definitions(language: str) -> str:
    """One line a quantity of the revised plan's forecast: what it is."""
    from consensus_sim.catalogue import forecast_metric, forecast_metric_names

    found = [forecast_metric(name) for name in forecast_metric_names()]
    mark = "：" if language == "zh" else ": "
    return "".join(f"- **{each.label(language)}**{mark}{each.definition(language)}\n" for each in found)


def _percent(share: str) -> str:
    from consensus_sim.report.disputes import percent

    return f"{percent(float(share))} %" if share else "–"


def _weeks(number: str) -> str:
    return "never" if number == "inf" else f"{float(number):.0f}"


BLOCKS: dict[str, dict[str, Callable[[], str]]] = {
    "model.md": {"misses": misses_table, "settings": settings_table, "parameters": parameter_table},
    "disputes.md": {"disputes": disputes_table},
    "patterns.md": {"verdicts": verdicts_table},
    "forecast.md": {"plan": partial(plan_table, "en"), "definitions": partial(plan_definitions, "en")},
    "forecast.zh.md": {"plan": partial(plan_table, "zh"), "definitions": partial(plan_definitions, "zh")},
    "results.md": {"metrics": metrics_table, "weekly": weekly_table},
}
"""Page -> marker -> what stands between `<!-- marker: begin -->` and `<!-- marker: end -->` on that page."""


def with_table(page: str, marker: str, table: str) -> str:
    """`page` with `table` between the marker's two lines."""
    begin, end = f"<!-- {marker}: begin -->\n", f"<!-- {marker}: end -->"
    before, rest = page.split(begin)
    _, after = rest.split(end)
    return before + begin + table + end + after


def main() -> None:
    """Write every page anew."""
    for name, tables in BLOCKS.items():
        text = (PAGES / name).read_text(encoding="utf-8")
        for marker, table in tables.items():
            text = with_table(text, marker, table())
        (PAGES / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
