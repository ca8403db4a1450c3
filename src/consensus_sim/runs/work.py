"""Work: what the tasks of an ensemble have in common, and how one of them is done.

An engine is given tasks and one `Work`; it knows nothing else. A task is a pair of a name and a number: scenario and
replicate, or community and 0.
"""

from __future__ import annotations

import os
import sysconfig
import traceback
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from consensus_sim.errors import BETWEEN, ConsensusSimError, InputError, InputErrors, Phrase, one_line, phrase, single
from consensus_sim.study.scenario import Settings, Study

if TYPE_CHECKING:
    from consensus_sim.community import Community
    from consensus_sim.outcomes.facts import Table

Task = tuple[str, int]


@dataclass(frozen=True)
class Outcome:
    """What came of one task: `payload` (the packed tables), or `error` with its `trace`."""

    task: Task
    payload: bytes | None = None
    error: ConsensusSimError | None = None
    trace: str = ""

    @property
    def mistake(self) -> bool:
        """Whether the error is one that the user can mend."""
        return isinstance(self.error, InputError)


class Work(Protocol):
    """What an engine runs. It can be pickled."""

    def run(self, task: Task) -> bytes:
        """The packed tables of `task`."""
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
    """Where the innermost code outside this package and the libraries stands in the way to `error`: an intervention
    of the user's own; nothing if there is none.
    """
    ours = str(Path(__file__).resolve().parent.parent) + os.sep
    libraries = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith((*libraries, ours, "<")):
            return phrase("at_line", file=frame.filename, line=str(frame.lineno))
    return phrase("nothing")


@dataclass(frozen=True, eq=False)
class Replicates:
    """The replicates of a study on a community that is built already."""

    community: Community
    study: Study

    def run(self, task: Task) -> bytes:
        """Run replicate `task[1]` of scenario `task[0]`."""
        from consensus_sim.runs.tables import pack

        return pack(self.tables(task))

    def tables(self, task: Task) -> dict[str, Table]:
        """The tables of replicate `task[1]` of scenario `task[0]`: name -> column -> array."""
        from consensus_sim.runs.copies import run_copies

        name, number = task
        return run_copies(self.community, self.study.scenario(name), self.study, number)

    def portable(self) -> Work:
        """The same from the community's spec; a community from a building register, whose file is here, goes whole."""
        spec = self.community.spec
        if spec.buildings_file is not None:
            return self
        return PortableReplicates(spec.as_dict(), self.community.fingerprint, self.study)


@dataclass(frozen=True, eq=False)
class PortableReplicates:
    """The replicates of a study on a community that each process builds once, when it is first asked."""

    spec: Settings
    fingerprint: str
    study: Study

    @cached_property
    def _built(self) -> Replicates:
        from consensus_sim.community import build_community

        community = build_community(self.spec)
        if community.fingerprint != self.fingerprint:
            raise ConsensusSimError("community_differs")
        return Replicates(community, self.study)

    def run(self, task: Task) -> bytes:
        """Run replicate `task[1]` of scenario `task[0]`."""
        return self._built.run(task)

    def portable(self) -> Work:
        """It is portable already."""
        return self
