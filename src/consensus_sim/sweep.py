"""Sweeps (`-m`): one folder for all jobs, a heading for each, and a table of what each was given and gave.

Hydra writes a file of its own into the folder of a sweep, over one of that name. So it gets a hidden folder within,
made by this run and removed by it, in which the jobs, wherever they run, also leave word of how they ended.
"""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import open_dict, read_write

from consensus_sim.errors import InputError, Phrase, phrase

if TYPE_CHECKING:
    from omegaconf import DictConfig

TABLE = "sweep.csv"
DONE, FAILED, NOT_RUN = "done", "failed", "not run"
_JOBS = "jobs.json"
_GIVEN = ("hydra.sweep.dir=", "+hydra.sweep.dir=", "++hydra.sweep.dir=")
_VALUES = ("mean", "q05", "q95")
_begun: list[Sweep] = []


class RefusedError(BaseException):
    """A sweep that cannot begin, and why. No Exception: Hydra only warns of one that a callback raises."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True)
class Job:
    """One job of a sweep: its number, of how many (0: not known), and the values that the sweep gives it."""

    number: int
    of: int
    values: Mapping[str, str]

    @property
    def named(self) -> str:
        """The values as on the command line."""
        return " ".join(f"{name}={value}" for name, value in self.values.items())


class SweepFolder(Callback):
    """Called by Hydra before a sweep: gives it its folder, and Hydra one of its own within."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Put the sweep's folder where `hydra.sweep.dir` wishes it, or under a new name where nobody chose one."""
        overrides = [str(change) for change in config.hydra.overrides.hydra]
        wanted, chosen = Path(config.hydra.sweep.dir), any(change.startswith(_GIVEN) for change in overrides)
        try:
            own = Sweep(wanted.absolute(), chosen, _jobs(config)).own
        except OSError as error:
            reason = error.strerror or str(error)
            where = "hydra.sweep.dir" if chosen else "results"
            raise RefusedError(InputError("cannot_write", where=where, folder=str(wanted), reason=reason)) from None
        except Exception as error:
            raise RefusedError(error) from None
        quoted = "'" + str(own).replace("'", "\\'") + "'"
        kept = [change for change in overrides if not change.startswith(_GIVEN)]
        with read_write(config.hydra), open_dict(config.hydra):
            config.hydra.sweep.dir = str(own)
            config.hydra.overrides.hydra = [*kept, f"hydra.sweep.dir={quoted}"]  # the jobs compose it again


class Sweep:
    """The folder of a sweep. All that it makes is remembered, and only that is ever removed."""

    def __init__(self, wanted: Path, chosen: bool, jobs: Sequence[Mapping[str, str]] = ()) -> None:
        """wanted: its place; chosen: by the user, so that it may be there already; jobs: the swept values of each.

        Raises OSError.
        """
        self._jobs = list(jobs)
        self._made: list[Path] = []
        self.own: Path | None = None
        _begun.append(self)
        self._make(wanted.parent)
        self.folder = self._make(wanted) if chosen else self._new(wanted)
        self.own = Path(tempfile.mkdtemp(prefix=".sweep-", dir=self.folder))
        (self.own / _JOBS).write_text(json.dumps(self._jobs), encoding="utf-8")

    def _make(self, folder: Path) -> Path:
        """`folder`, made with those above it if it is not there."""
        for each in reversed([each for each in (folder, *folder.parents) if not each.exists()]):
            with contextlib.suppress(FileExistsError):
                each.mkdir()
                self._made.insert(0, each)
        return folder

    def _new(self, wanted: Path) -> Path:
        """A folder that no other sweep has, `wanted` or `wanted-2`, ..."""
        for folder in _numbered(wanted):
            with contextlib.suppress(FileExistsError):
                folder.mkdir()
                self._made.insert(0, folder)
                break
        return folder

    def end(self) -> None:
        """Write the table, if a job was done; remove Hydra's folder, and what was made and is empty."""
        try:
            jobs = list(self._ended())
            if any(status == DONE for _, status, _ in jobs):
                self._write(jobs)
        finally:
            if self.own is not None:
                shutil.rmtree(self.own, ignore_errors=True)
            for folder in self._made:  # the innermost first
                with contextlib.suppress(OSError):
                    folder.rmdir()

    def _ended(self) -> Iterator[tuple[Job, str, Path | None]]:
        """Every job, how it ended, and where its results lie."""
        if self.own is None:
            return
        words = {}
        for path in self.own.glob("job-*.json"):
            word = json.loads(path.read_text(encoding="utf-8"))
            words[word["job"]["number"]] = word
        for number in sorted({*range(len(self._jobs)), *words}):
            if number in words:
                word = words[number]
                yield Job(**word["job"]), word["status"], Path(word["folder"]) if word["folder"] else None
            else:
                yield Job(number, len(self._jobs), self._jobs[number]), NOT_RUN, None

    def _write(self, jobs: list[tuple[Job, str, Path | None]]) -> None:
        """Write sweep.csv, or sweep-2.csv, ... where that is taken: a row a job, scenario and headline metric."""
        swept = list(dict.fromkeys(name for job, _, _ in jobs for name in job.values))
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["job", *swept, "folder", "status", "scenario", "metric", *_VALUES])
        for job, status, folder in jobs:
            known = [job.number, *(job.values.get(name, "") for name in swept)]
            where = "" if folder is None else Path(os.path.relpath(folder, self.folder)).as_posix()
            writer.writerows([*known, where, status, *row] for row in _headlines(folder))
        place = next(place for place in _numbered(self.folder / TABLE) if not place.exists())
        try:
            with place.open("x", encoding="utf-8", newline="") as file:
                file.write(text.getvalue())
        except OSError as error:
            reason = error.strerror or str(error)
            raise InputError("cannot_write", where=TABLE, folder=str(self.folder), reason=reason) from None


def _numbered(place: Path) -> Iterator[Path]:
    """`place`, and its name with -2, -3, ..."""
    yield place
    for number in itertools.count(2):
        yield place.with_name(f"{place.stem}-{number}{place.suffix}")


def _headlines(folder: Path | None) -> list[list[str]]:
    """Scenario, metric, mean and quantiles of the headline metrics in the results of `folder`; empty cells without."""
    from consensus_sim.catalogue import headline_tables

    named = {name for names in headline_tables().values() for name in names}
    with contextlib.suppress(OSError):
        if folder is not None:
            with (folder / "summary.csv").open(encoding="utf-8", newline="") as file:
                return [
                    [row["scenario"], row["metric"], *(row[name] for name in _VALUES)]
                    for row in csv.DictReader(file)
                    if row["metric"] in named and row["group"] == "all"
                ]
    return [["", "", *("" for _ in _VALUES)]]


def _jobs(config: DictConfig) -> list[dict[str, str]]:
    """The swept values of every job by key, in the order of Hydra's own sweeper; empty where another sweeper, or this
    one for a range without steps, which it refuses, decides what comes next.
    """
    if not str(config.hydra.sweeper._target_).endswith(".BasicSweeper"):
        return []
    more = dict(config.hydra.sweeper.params or {})
    given = [*(f"{name}={value}" for name, value in more.items()), *config.hydra.overrides.task]
    parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
    overrides = parser.parse_overrides(given)
    if any(override.is_sweep_override() and not override.is_discrete_sweep() for override in overrides):
        return []
    swept = {override.get_key_element() for override in overrides if override.is_sweep_override()}
    if "results" in swept:
        raise InputError("swept_results")
    values = {}
    for override in overrides:
        one = [override.get_value_element_as_str()] if not override.is_sweep_override() else None
        values[override.get_key_element()] = one or list(override.sweep_string_iterator())
    jobs = itertools.product(*values.values())
    return [{key.lstrip("+"): job[place] for place, key in enumerate(values) if key in swept} for job in jobs]


def this_job() -> Job | None:
    """The job of a sweep that runs here, or None where there is no sweep."""
    settings = HydraConfig.get()
    if settings.mode != RunMode.MULTIRUN:
        return None
    planned = json.loads((Path(settings.sweep.dir) / _JOBS).read_text(encoding="utf-8"))
    number = int(settings.job.num)
    if number < len(planned):
        return Job(number, len(planned), planned[number])
    parts = [str(change).partition("=") for change in settings.overrides.task]
    return Job(number, 0, {name.lstrip("+"): value for name, _, value in parts})


def job_folder() -> Path:
    """Folder for the results of this job of a sweep."""
    settings = HydraConfig.get()
    return Path(settings.sweep.dir).parent / str(settings.sweep.subdir)


def heading(job: Job) -> Phrase:
    """The line above what `job` prints."""
    kind = "sweep_job" if job.of else "sweep_job_of_many"
    return phrase(kind, number=job.number, place=job.number + 1, of=job.of, values=job.named)


def note(job: Job, status: str, folder: Path | None) -> None:
    """Leave word of how `job` ended, and where its results lie."""
    word = {"job": asdict(job), "status": status, "folder": None if folder is None else str(folder.absolute())}
    place = Path(HydraConfig.get().sweep.dir) / f"job-{job.number}.json"
    with contextlib.suppress(OSError):
        place.write_text(json.dumps(word), encoding="utf-8")


def end_all() -> None:
    """End the sweeps that this process has begun."""
    while _begun:
        _begun.pop().end()
