"""Writes what the pages of docs/ take from other files: `python docs/build.py`.

Each page has markers; the text between them comes from configs/ and the catalogue (reference/parameters.md,
interventions.md, channels.md, statistics.md, metrics.md) or from the published tables in results/reference
(`published.py` and `answers.py` beside this file). A test fails when a page and its source differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import answers
import published
import yaml

from consensus_sim.catalogue import metric, metric_names, weekly_metric, weekly_metric_names
from consensus_sim.parameters import Behaviour
from consensus_sim.paths import configs_dir

PAGES = Path(__file__).parent
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
        prior += "; calibrated" if p.calibrate else "" if p.drawn else "; not drawn"
        source = f"{p.source} [{p.grade}]"
        lines.append(
            f"| {name} | {p.symbol} | {p.meaning} | {p.value:g} | {prior} | {p.unit} | {source} | {p.identified} |"
        )
    return "\n".join(lines) + "\n"


def settings_table(*groups: str) -> str:
    """One row a setting of `groups` of configs/: its value, and the unit and source that its file gives."""
    lines = ["| setting | value | unit, source |", "|---|---|---|"]
    for group in groups:
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


BLOCKS: dict[str, dict[str, Callable[[], str]]] = {
    "reference/parameters.md": {"parameters": parameter_table},
    "reference/interventions.md": {"settings": partial(settings_table, "intervention")},
    "reference/channels.md": {"settings": partial(settings_table, "channel", "topic")},
    "reference/statistics.md": {"settings": partial(settings_table, "monte_carlo", "least_difference", "statistics")},
    "reference/metrics.md": {
        "metrics": metrics_table,
        "weekly": weekly_table,
        "definitions": partial(published.definitions, "en"),
    },
    "reference/metrics.zh.md": {"definitions": partial(published.definitions, "zh")},
    "reference/misses.md": {"misses": published.misses},
    "reference/posterior.md": {"narrowed": published.narrowed, "signs": published.signs},
    "reference/sensitivity.md": {"outputs": published.outputs, "core": published.core},
    "reference/robustness.md": {"metrics": published.ranked_metrics},
    "results.md": {"pairing": published.pairing},
    "calibration.md": {
        "answer": answers.calibration,
        "checks": published.checks,
        "figures": published.figures,
        "unidentified": published.unidentified,
    },
    "disputes.md": {"answer": answers.disputes, "disputes": published.disputes},
    "forecast.md": {
        "answer": partial(answers.forecast, "en"),
        "outlook": partial(published.outlook, "en"),
        "plan": partial(published.plan, "en"),
    },
    "forecast.zh.md": {
        "answer": partial(answers.forecast, "zh"),
        "outlook": partial(published.outlook, "zh"),
        "plan": partial(published.plan, "zh"),
    },
    "guide.zh.md": {"institutions": published.verdicts_zh},
    "institutions.md": {
        "answer": answers.institutions,
        "contrasts": published.contrasts,
        "terms": published.factorial,
    },
    "patterns.md": {"answer": answers.patterns, "verdicts": published.verdicts},
    "response.md": {"answer": answers.response, "response": published.response},
    "questions.md": {"answers": partial(published.questions, "en")},
    "questions.zh.md": {"answers": partial(published.questions, "zh")},
    "robustness.md": {"answer": answers.robustness, "structures": published.structures},
    "sensitivity.md": {
        "answer": answers.sensitivity,
        "drivers": published.drivers,
        "explained": published.explained,
    },
}
"""Page -> marker -> what stands between `<!-- marker: begin -->` and `<!-- marker: end -->` on that page."""


def with_table(page: str, marker: str, table: str) -> str:
    """Returns `page` with `table` between the marker's two lines."""
    begin, end = f"<!-- {marker}: begin -->\n", f"<!-- {marker}: end -->"
    before, rest = page.split(begin)
    _, after = rest.split(end)
    return before + begin + table + end + after


def main() -> None:
    """Writes every page."""
    for name, tables in BLOCKS.items():
        text = (PAGES / name).read_text(encoding="utf-8")
        for marker, table in tables.items():
            text = with_table(text, marker, table())
        (PAGES / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
