"""Checks of the patterns of the evidence (section B): set-ups in pairs with common random numbers, and verdicts."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consensus_sim.errors import InputError, not_allowed, one_of, phrase, unknown_key
from consensus_sim.experiments.patterns import measures as pattern_measures
from consensus_sim.experiments.runner import Command, Findings
from consensus_sim.experiments.verdicts import RULES, overall, replicate_table, tabulate
from consensus_sim.settings import known, number_phrase

if TYPE_CHECKING:
    import pandas as pd

    from consensus_sim.model.model import CommunityModel
    from consensus_sim.study.draws import Draws
    from consensus_sim.study.scenario import Study

COLUMNS = (
    "pattern", "quantity", "scenario", "reference", "mean", "median", "q05", "q95", "share", "band", "replicates",
    "verdict", "note",
)  # fmt: skip
READING = re.compile(r"(?<![\w.])([a-z]\w*)\.([a-z]\w*(?:\([^()]*\))?)")
"""A measure of a set-up in a formula: set-up.measure or set-up.measure(arguments)."""
_PATTERN_KEYS, _CHECK_KEYS = {"source", "words", "note", "checks"}, {"value", "band", "rule", "words"}
_BAND_KEYS = ("low", "high", "above", "below")


@dataclass(frozen=True)
class Check:
    """One figure of a pattern: a formula over measures of set-ups, the band expected of it and the rule by which it is
    tested (`verdicts.RULES`); without a band the value is reported but not tested; words by language.
    """

    quantity: str
    value: str
    band: dict[str, float]
    rule: str
    words: dict[str, str]

    @property
    def readings(self) -> list[tuple[str, str]]:
        """(set-up, measure) in the order of the formula, each once."""
        return list(dict.fromkeys(READING.findall(self.value)))

    @property
    def setups(self) -> list[str]:
        """Set-ups in the order of the formula, each once."""
        return list(dict.fromkeys(setup for setup, _ in self.readings))


@dataclass(frozen=True)
class Pattern:
    """A pattern of the evidence: its id (B1, ...), where it comes from, what it says, how it was set up, its checks."""

    id: str
    source: str
    words: dict[str, str]
    note: str
    checks: tuple[Check, ...]


def _words(where: str, found: Any) -> dict[str, str]:
    if not isinstance(found, Mapping) or set(found) != {"zh", "en"}:
        raise not_allowed(f"{where}.words", found, phrase("text_by_language"))
    return {language: str(text) for language, text in found.items()}


def _check(where: str, quantity: str, entry: Mapping[str, Any]) -> Check:
    for key in entry:
        if key not in _CHECK_KEYS:
            raise unknown_key(where, key, _CHECK_KEYS)
    band = dict(entry.get("band") or {})
    for key, value in band.items():
        if key not in _BAND_KEYS:
            raise unknown_key(f"{where}.band", key, _BAND_KEYS)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise not_allowed(f"{where}.band.{key}", value, number_phrase(None, None, whole=False))
    if entry.get("rule") not in RULES:
        raise one_of(f"{where}.rule", str(entry.get("rule")), RULES)
    found = Check(quantity, str(entry.get("value")), band, entry["rule"], _words(where, entry.get("words")))
    if not found.readings:
        raise not_allowed(f"{where}.value", found.value, phrase("a_formula"))
    for _, text in found.readings:
        pattern_measures.parse(text)
    return found


def read_patterns(wanted: str | Sequence[str] = "all", folder: Path | None = None) -> list[Pattern]:
    """The patterns of configs/pattern/patterns.yaml (or of that file in `folder`), all or those `wanted`, checked."""
    content = read_file("patterns.yaml", folder)
    found = []
    for name, entry in content.items():
        where = f"patterns.{name}"
        if not isinstance(entry, Mapping) or set(entry) != _PATTERN_KEYS:
            raise InputError("exactly_these_keys", where=where, names=sorted(_PATTERN_KEYS))
        checks = tuple(_check(f"{where}.{key}", key, value) for key, value in entry["checks"].items())
        found.append(
            Pattern(name, str(entry["source"]), _words(where, entry["words"]), str(entry["note"] or ""), checks)
        )
    if wanted == "all":
        return found
    if not isinstance(wanted, Sequence) or isinstance(wanted, str) or not wanted:
        raise not_allowed("patterns", wanted, phrase("all_or_a_list", example="[B1,B7]"))
    for name in wanted:
        known("patterns", name, content)
    return [pattern for pattern in found if pattern.id in wanted]


def read_file(name: str, folder: Path | None = None) -> dict[str, Any]:
    """The content of a file of configs/pattern (or of `folder`); dates stay text, as Hydra reads them."""
    from omegaconf import OmegaConf

    from consensus_sim.paths import configs_dir

    content = OmegaConf.load((folder or configs_dir() / "pattern") / name)
    return OmegaConf.to_container(content)  # type: ignore[return-value]


@dataclass(frozen=True)
class ReadOff:
    """Runs a model to its end and reads measures from it; `begin` is the programme's first day.

    measures: by set-up
    """

    begin: datetime.date
    measures: tuple[tuple[str, tuple[str, ...]], ...]

    def __call__(self, scenario: str, model: CommunityModel) -> dict[str, float]:
        """The measures of the set-up `scenario` by name."""
        run = pattern_measures.Run(model, max(0, model.calendar.week_of(self.begin)))
        return {text: pattern_measures.measure(run, text) for text in dict(self.measures)[scenario]}


def run(command: Command) -> Findings:
    """Checks the patterns that the config names."""
    return check_patterns(command).findings


def check_patterns(command: Command) -> PatternResults:
    """Runs all that the patterns of the config compare: the scenarios of configs/pattern/setups.yaml."""
    import pandas as pd

    from consensus_sim.runs.work import Runs
    from consensus_sim.study.study import read_study

    config = command.config
    patterns, setups = read_patterns(config.get("patterns", "all")), read_file("setups.yaml")
    wanted: dict[str, dict[str, None]] = {}
    for check in (check for pattern in patterns for check in pattern.checks):
        for setup, measure in check.readings:
            wanted.setdefault(setup, {})[measure] = None
    study = read_study(with_setups(config, setups, list(wanted)))
    community = command.community
    if community.places.n_copies > 1:
        raise not_allowed("community.scale", community.places.n_copies, phrase("one_for_patterns"))
    begin = datetime.date.fromisoformat(setups["programme_start"])
    read = ReadOff(begin, tuple((name, tuple(measures)) for name, measures in wanted.items()))
    found = command.simulator.numbers(Runs(study, community, read=read), range(study.replicates))
    wide = pd.DataFrame({(name, key): values for name, own in found.items() for key, values in own.items()})
    return PatternResults(patterns, single_values(patterns, wide, study.draws()), study)


def with_setups(config: Mapping[str, Any], setups: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    """`config` with the scenarios of setups.yaml beside its own, of which `names` are compared."""
    weeks = {**config["calendar"], "weeks": setups["weeks"]}
    scenarios = {**config["scenario"], **setups["setups"]}
    return {**config, "scenario": scenarios, "calendar": weeks, "scenarios": names, "reference": None}


def single_values(patterns: Sequence[Pattern], wide: pd.DataFrame, draws: Draws | None = None) -> pd.DataFrame:
    """Columns id, quantity, replicate, draw, value: the formulas of all checks, run by run (infinite: undefined).

    wide: one row a replicate, columns (set-up, measure); draws: as `Study.draws` gives them
    """
    import numpy as np

    found = {}
    for pattern in patterns:
        for check in pattern.checks:
            columns = {reading: f"x{place}" for place, reading in enumerate(check.readings)}
            parts = READING.split(check.value)  # text, set-up, measure, text, ...
            parts[1::3] = [columns[reading] for reading in zip(parts[1::3], parts[2::3], strict=True)]
            formula = "".join(part for place, part in enumerate(parts) if place % 3 != 2)
            own = wide[list(columns)].set_axis(list(columns.values()), axis=1)
            values = np.asarray(own.eval(formula, engine="python"), np.float64)
            found[pattern.id, check.quantity] = np.where(np.isfinite(values), values, np.nan)
    return replicate_table(found, draws)


def pattern_rows(patterns: Sequence[Pattern], singles: pd.DataFrame) -> list[dict[str, Any]]:
    """One row a check: what `tabulate` says of it, with id, quantity, scenario, reference and words."""
    entries = [
        {
            "id": pattern.id, "quantity": check.quantity, "scenario": check.setups[0],
            "reference": check.setups[1] if len(check.setups) > 1 else "", "band": check.band, "rule": check.rule,
            "words": check.words,
        }
        for pattern in patterns
        for check in pattern.checks
    ]  # fmt: skip
    return tabulate(entries, singles)


def pattern_table(patterns: Sequence[Pattern], singles: pd.DataFrame) -> pd.DataFrame:
    """Columns `COLUMNS`, one row a check."""
    import pandas as pd

    words = {True: "pass", False: "fail"}
    rows = [
        {
            **row,
            "pattern": row["id"],
            "verdict": words.get(row["passed"], "fail" if row["band"] else "told"),
            "note": f"{row['said']}; {row['words']['en']}",
        }
        for row in pattern_rows(patterns, singles)
    ]
    return pd.DataFrame(rows)[list(COLUMNS)]


class PatternResults:
    """Results of the checks.

    patterns: what was checked; singles: columns id, quantity, replicate, draw, value
    """

    def __init__(self, patterns: Sequence[Pattern], singles: pd.DataFrame, study: Study) -> None:
        self.patterns, self.singles, self.study = list(patterns), singles, study

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """One row a check, with its words."""
        return pattern_rows(self.patterns, self.singles)

    @cached_property
    def table(self) -> pd.DataFrame:
        """As in patterns.csv."""
        return pattern_table(self.patterns, self.singles)

    @cached_property
    def verdicts(self) -> dict[str, str]:
        """By pattern: pass, sign (every sign holds, a size is off) or fail."""
        return {pattern.id: overall([row for row in self.rows if row["id"] == pattern.id]) for pattern in self.patterns}

    @property
    def findings(self) -> Findings:
        """Results to write and print. Published tables are named after the source of the parameters, unless these are
        at their centre.
        """
        from consensus_sim.experiments.patterns.figure import draw_pattern
        from consensus_sim.experiments.patterns.text import print_patterns

        tables = {"patterns": self.table, "patterns_replicates": self.singles}
        ending = "" if self.study.parameters == "centre" else f"_{self.study.parameters}"
        return Findings(
            study=self.study,
            tables=tables,
            show=lambda language, console: print_patterns(self, language, console),
            draw=lambda language: {each.id: draw_pattern(each, self.singles, language) for each in self.patterns},
            published=lambda: {f"patterns{ending}{name.removeprefix('patterns')}": t for name, t in tables.items()},
        )
