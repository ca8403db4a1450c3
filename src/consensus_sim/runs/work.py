"""Runs of a study, as an engine and a store see them: tasks, how a task is run, and where its outcome is stored.

An engine is given tasks and one `Work`; it knows nothing else. A task is a pair of a name and a number: scenario and
replicate (or parameter draw), or community and 0.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import sysconfig
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from consensus_sim.errors import BETWEEN, ConsensusSimError, InputError, InputErrors, Phrase, one_line, phrase, single
from consensus_sim.paths import PACKAGE
from consensus_sim.runs.store import code_of
from consensus_sim.study.scenario import Settings, Study, canonical

if TYPE_CHECKING:
    from consensus_sim.community import Community
    from consensus_sim.model.model import CommunityModel
    from consensus_sim.outcomes.facts import Table

Task = tuple[str, int]


@dataclass(frozen=True)
class Outcome:
    """Result of one task: `payload` (the packed tables), or `error` with its `trace`."""

    task: Task
    payload: bytes | None = None
    error: ConsensusSimError | None = None
    trace: str = ""

    @property
    def mistake(self) -> bool:
        """True if the user can correct the error."""
        return isinstance(self.error, InputError)


class Work(Protocol):
    """Work that an engine runs; it can be pickled."""

    def run(self, task: Task) -> bytes:
        """The packed tables of `task`."""
        ...

    def place(self, task: Task) -> str:
        """Place of the outcome of `task` in the store, "key/number"; the key covers all that determines the outcome."""
        ...

    def portable(self) -> Work:
        """The same work with nothing large in it, to be sent to other machines."""
        ...


def attempt(task: Task, work: Work) -> Outcome:
    """Do `task` here; every exception becomes an outcome."""
    try:
        return Outcome(task, work.run(task))
    except InputError as error:
        return Outcome(task, error=InputErrors(map(portable, single(error))), trace=traceback.format_exc())
    except (Exception, SystemExit) as error:
        return Outcome(task, error=crash(error), trace=traceback.format_exc())


def portable(error: InputError) -> InputError:
    """`error` as words and the key it is about: what else it holds may be anything, and cannot leave the process."""
    where = error.phrase.values.get("where")
    said: dict[str, object] = {language: error.text(language) for language in BETWEEN}
    return InputError(Phrase("by_language", said | ({"where": where} if isinstance(where, str) else {})))


def crash(error: BaseException) -> ConsensusSimError:
    """An error that nobody foresaw: its name, its words and, if it is in code of the user's own, the place."""
    name, place = type(error).__name__, _place_outside(error)
    return ConsensusSimError("task_crashed", name=name, why=one_line(error), place=place)


def _place_outside(error: BaseException) -> Phrase:
    """File and line of the innermost code on the way to `error` that is outside this package and the libraries, as in
    an intervention of the user's own; nothing if there is none.
    """
    ours = str(Path(__file__).resolve().parent.parent) + os.sep
    libraries = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith((*libraries, ours, "<")):
            return phrase("at_line", file=frame.filename, line=str(frame.lineno))
    return phrase("nothing")


class Read(Protocol):
    """Numbers that are kept of a run: a dataclass whose repr holds all that determines them."""

    def __call__(self, scenario: str, model: CommunityModel, /) -> Mapping[str, float]:
        """Runs `model`, which is before its first week, and returns the numbers by name."""
        ...


@dataclass(frozen=True, eq=False)
class Blueprint:
    """A community by its spec, built in each process when it is first asked for.

    fingerprint: of the community that has to come out (None: whatever does)
    """

    spec: Settings
    fingerprint: str | None = None

    @cached_property
    def community(self) -> Community:
        """The community itself."""
        from consensus_sim.community import build_community

        community = build_community(self.spec)
        if self.fingerprint not in (None, community.fingerprint):
            raise ConsensusSimError("community_differs")
        return community


@dataclass(frozen=True, eq=False)
class Sets:
    """Parameter draws that replace those of a study; draw N is run as task number N.

    names, values: of the parameters, (draws, parameters); first: replicate whose random numbers draw 0 uses, so that
    other samples can use other numbers; common: every draw uses the random numbers of replicate `first`
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    first: int = 0
    common: bool = False

    def replicate(self, number: int) -> int:
        """Replicate whose random numbers draw `number` uses."""
        return self.first + (0 if self.common else number)

    def of(self, number: int) -> dict[str, float]:
        """Values of draw `number` by parameter."""
        return dict(zip(self.names, self.values[number].tolist(), strict=True))

    def mark(self, number: int) -> str:
        """12 hex digits for the values and the replicate of draw `number`."""
        content = canonical([self.names, self.values[number].tolist(), self.replicate(number)])
        return hashlib.blake2b(content.encode(), digest_size=6).hexdigest()


@dataclass(frozen=True, eq=False)
class Runs:
    """The runs of a study on a community: one for each scenario and number of a replicate.

    sets: parameter draws that replace those of the study; only with `read`
    read: the numbers that are kept of a run; None: all its tables
    """

    study: Study
    community: Community | Blueprint
    sets: Sets | None = None
    read: Read | None = None

    @property
    def built(self) -> Community:
        """The community, built if need be."""
        return self.community.community if isinstance(self.community, Blueprint) else self.community

    def run(self, task: Task) -> bytes:
        """Run replicate `task[1]` of scenario `task[0]`."""
        from consensus_sim.runs.tables import pack

        return pack(self.tables(task))

    def tables(self, task: Task) -> Mapping[str, Table]:
        """The tables of replicate `task[1]` of scenario `task[0]`: name -> column -> array."""
        from consensus_sim.runs.copies import run_copies
        from consensus_sim.runs.replicate import cleared_at_once

        name, number = task
        if self.read is None:
            study = self.study.alone(name)
            return run_copies(self.built, study.scenario(name), study, number)
        with cleared_at_once():
            found = self.read(name, self.model(task))
        # "metrics" is the table that is kept in full precision
        return {"metrics": {"statistic": np.array(list(found)), "value": np.array(list(found.values()), np.float64)}}

    def model(self, task: Task) -> CommunityModel:
        """The model of `task` before its first week."""
        from consensus_sim.runs.replicate import build_model, model_of, read_behaviour

        name, number = task
        study = self.study.alone(name)
        if self.sets is None:
            return build_model(self.built, study.scenario(name), study, number)
        behaviour = read_behaviour(study).with_values(self.sets.of(number))
        return model_of(self.built, study.scenario(name), study, self.sets.replicate(number), behaviour)

    def place(self, task: Task) -> str:
        """A hash of all that determines the run, and its number."""
        name, number = task
        if name not in self._keys:
            scenario, place = self.study.scenario(name), self.community
            own = {"community": canonical(place.spec) if isinstance(place, Blueprint) else place.fingerprint}
            if self.read is not None:
                # what is read may depend on the name, so scenarios of equal content share nothing
                own |= {"read": repr(self.read), "code": _digest_of(type(self.read)), "name": name}
            self._keys[name] = self.study.key(scenario, {**code_of(scenario), **own})
        return f"{self._keys[name]}/{number:06d}" + (f"-{self.sets.mark(number)}" if self.sets is not None else "")

    @cached_property
    def _keys(self) -> dict[str, str]:
        return {}

    def portable(self) -> Runs:
        """The same from the community's spec; a community from a building register, whose file is here, goes whole."""
        place = self.community
        if isinstance(place, Blueprint) or place.spec.buildings_file is not None:
            return self
        return replace(self, community=Blueprint(place.spec.as_dict(), place.fingerprint))


def _digest_of(found: type) -> str:
    """The name of a class, and of one of the user's own a digest of its file."""
    name, file = f"{found.__module__}.{found.__qualname__}", Path(inspect.getfile(found)).resolve()
    if file.is_relative_to(PACKAGE):
        return name
    return f"{name} {hashlib.blake2b(file.read_bytes(), digest_size=16).hexdigest()}"
