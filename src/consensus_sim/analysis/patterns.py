"""Do the patterns of the evidence (section B) come out? Set-ups played in pairs under common chance, and verdicts."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consensus_sim.analysis import pattern_measures
from consensus_sim.analysis.verdicts import RULES, overall, replicate_table, tabulate, write
from consensus_sim.errors import InputError, not_allowed, one_of, phrase, unknown_key
from consensus_sim.settings import known, number_phrase

if TYPE_CHECKING:
    import pandas as pd

    from consensus_sim.model.model import CommunityModel
    from consensus_sim.runs.engines import Engine
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
    judged (`verdicts.RULES`); an empty band is told, not judged; words by language.
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
    """Runs a model to its end and reads measures from it; `begin` is the programme's first day."""

    begin: datetime.date

    def __call__(self, model: CommunityModel, measures: tuple[str, ...]) -> list[float]:
        """The values of `measures`."""
        run = pattern_measures.Run(model, max(0, model.calendar.week_of(self.begin)))
        return [pattern_measures.measure(run, text) for text in measures]


def run_patterns(
    config: Mapping[str, Any],
    engine: Engine,
    folder: Path | None = None,
    *,
    progress: bool = True,
) -> PatternResults:
    """Play all that the patterns of the composed `config` (its key `patterns`) compare.

    engine: where; folder: of the store of finished replicates (None: in memory); progress: show a bar
    Raises InputError with one line for anything that cannot be used, ReplicatesFailedError if a replicate fails.
    """
    from consensus_sim.community import build_community
    from consensus_sim.forecast.run import Naming, first_start, replicate_of, run_missing, stored, warm_kernels
    from consensus_sim.runs.setups import SetupWork, study_of
    from consensus_sim.runs.store import Store, code_of
    from consensus_sim.runs.tables import assemble

    patterns, setups = read_patterns(config.get("patterns", "all")), read_file("setups.yaml")
    wanted: dict[str, dict[str, None]] = {}
    for check in (check for pattern in patterns for check in pattern.checks):
        for setup, measure in check.readings:
            wanted.setdefault(setup, {})[measure] = None
    studies = {name: study_of(name, setups["setups"], _with_weeks(config, setups["weeks"])) for name in wanted}
    cold = first_start()
    community = build_community(config["community"])
    if community.places.n_copies > 1:
        raise not_allowed("community.scale", community.places.n_copies, phrase("one_for_patterns"))
    read = ReadOff(datetime.date.fromisoformat(setups["programme_start"]))
    work = SetupWork(community, studies, {name: tuple(measures) for name, measures in wanted.items()}, read)
    store = Store(work.keys(code_of, studies), folder, reuse=config["store"]["reuse"])
    some = next(iter(studies.values()))
    tasks = [(name, number) for number in range(some.replicates) for name in studies]
    naming = Naming(phrase("replicates"), phrase("one_setup"), lambda task: replicate_of(task, some.seed))
    run_missing(tasks, work, engine, store, naming, before=lambda: warm_kernels(some, cold), progress=progress)
    frame = assemble(stored(tasks, work, store, naming))["metrics"].to_pandas()
    frame = frame.astype({"scenario": str, "measure": str})
    wide = frame.pivot(index="replicate", columns=["scenario", "measure"], values="value")
    singles = single_values(patterns, wide, some.draws())
    return PatternResults(patterns, singles, some, done=lambda keep: store.finish(tasks, keep=keep))


def _with_weeks(config: Mapping[str, Any], weeks: int) -> dict[str, Any]:
    return {**config, "calendar": {**config["calendar"], "weeks": weeks}}


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
    """What the checks say.

    patterns: what was checked; singles: columns id, quantity, replicate, draw, value
    """

    def __init__(
        self,
        patterns: Sequence[Pattern],
        singles: pd.DataFrame,
        study: Study,
        done: Callable[[bool], None] = lambda keep: None,
    ) -> None:
        self.patterns, self.singles, self.study = list(patterns), singles, study
        self.finish = done  # removes what was stored of the runs, or keeps it
        self.made = datetime.datetime.now(datetime.UTC)

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

    def save(
        self,
        folder: str | Path,
        *,
        config: Mapping[str, Any],
        started: datetime.datetime | None = None,
        report: Callable[[PatternResults, Path], None] | None = None,
    ) -> Path:
        """Write everything to `folder`, or `folder-2`, ... where that is taken, whole or not at all; its place.

        Files: config.yaml, provenance.json, patterns.csv, patterns_replicates.csv, and what `report` adds. Raises
        OSError if the folder cannot be written.
        """
        from consensus_sim.forecast.forecast import write_origin
        from consensus_sim.saving import save_whole

        def fill(place: Path) -> None:
            write(self.table, place / "patterns.csv")
            write(self.singles, place / "patterns_replicates.csv")
            write_origin(place, self.study, config, started or self.made)
            if report is not None:
                report(self, place)

        return save_whole(Path(folder), fill)
