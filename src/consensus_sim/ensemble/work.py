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
from typing import TYPE_CHECKING, Any, Protocol

from consensus_sim.ensemble.scenario import Settings, Study
from consensus_sim.errors import ConsensusSimError, InputError

if TYPE_CHECKING:
    from consensus_sim.community import Community

Task = tuple[str, int]


@dataclass(frozen=True)
class Outcome:
    """What came of one task: `payload` (the packed tables), or `error` in one line with its `trace`.

    mistake: the error is an InputError, that is, the user can mend it
    """

    task: Task
    payload: bytes | None = None
    error: str = ""
    trace: str = ""
    mistake: bool = False


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
    except (Exception, SystemExit) as error:
        text = " ".join(str(error).split())
        mistake = isinstance(error, InputError)
        return Outcome(
            task,
            error=text if mistake else f"{type(error).__name__}: {text}{_place_outside(error)}",
            trace=traceback.format_exc(),
            mistake=mistake,
        )


def _place_outside(error: BaseException) -> str:
    """Where the innermost code outside this package and the libraries stands in the way to `error`: a lever of the
    user's own; "" if there is none.
    """
    ours = str(Path(__file__).resolve().parent.parent) + os.sep
    libraries = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith((*libraries, ours, "<")):
            return f" ({frame.filename}, line {frame.lineno})"
    return ""


@dataclass(frozen=True, eq=False)
class Replicates:
    """The replicates of a study on a community that is built already."""

    community: Community
    study: Study

    def run(self, task: Task) -> bytes:
        """Run replicate `task[1]` of scenario `task[0]`."""
        from consensus_sim.ensemble.tables import pack

        return pack(self.tables(task))

    def tables(self, task: Task) -> dict[str, dict[str, Any]]:
        """The tables of replicate `task[1]` of scenario `task[0]`: name -> column -> array."""
        from consensus_sim.ensemble.copies import run_copies

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
            raise ConsensusSimError("the community built here differs from that of the command: other versions?")
        return Replicates(community, self.study)

    def run(self, task: Task) -> bytes:
        """Run replicate `task[1]` of scenario `task[0]`."""
        return self._built.run(task)

    def portable(self) -> Work:
        """It is portable already."""
        return self
