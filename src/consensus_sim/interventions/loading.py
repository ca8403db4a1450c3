"""Source of the class of an intervention: this package, an installed one, or a file of the user's.

The setting `class` names it. A built-in one by a word (`class: points`); one of an installed package by the name of an
entry point in the group `consensus_sim.interventions`; one of the user's own by a file beside the YAML file and the
class in it (`class: my_file.py:MyIntervention`). Such a file is code, and is run with the rights of whoever uses it; it
is read when the YAML file is, and run when a scenario uses it. In composed settings its name ends in a digest of its
text, by which worker processes find the text and stored results know it.
"""

from __future__ import annotations

import hashlib
import importlib.abc
import importlib.util
import inspect
import re
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module, metadata
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

from consensus_sim.data_files import Data, read_text, shown
from consensus_sim.errors import InputError, names_phrase, near_phrase

CLASS = "class"
ENTRY_POINTS = "consensus_sim.interventions"
BUILT_IN = {
    "access_support": "AccessSupport",
    "action_research": "ActionResearch",
    "ballot": "OnlineBallot",
    "building_council": "BuildingCouncil",
    "council": "Council",
    "festival": "Festival",
    "fifteen_minute_circle": "FifteenMinuteCircle",
    "grid_hierarchy": "GridHierarchy",
    "guarantee_fund": "GuaranteeFund",
    "joint_meeting": "JointMeeting",
    "observer": "Observer",
    "parlour": "Parlour",
    "points": "Points",
    "quota_seating": "QuotaSeating",
    "rights_education": "RightsEducation",
    "salon": "ThemedSalon",
    "seed_group": "SeedGroup",
    "service_team": "ServiceTeam",
    "social_worker": "SocialWorker",
    "supervision": "Supervision",
    "survey": "CapabilitySurvey",
    "talk": "StrollingTalk",
    "tea": "SecretaryTea",
    "training": "Training",
}
"""Names of built-in classes, each in the module of this package that is called so -> the class."""
_OWN = re.compile(r"(?P<file>[\w-]+(/[\w-]+)*\.py):(?P<name>[A-Za-z_]\w*)(@(?P<digest>[0-9a-f]{32}))?")


class Source(NamedTuple):
    """A file of the user's: its text, and where it lay, for messages."""

    text: str
    place: str


_sources: dict[str, Source] = {}  # by digest: files of the user's that this process has read or was sent
_missing: dict[str, str] = {}  # by digest of its place: files that were named and are not there


def with_digest(found: Data, folder: Path, file: str, key: str = CLASS) -> Data:
    """The value of `class`, or of another `key`, in a YAML file, with the digest of the file that it names, which is
    read and kept.

    folder: that of the YAML file, in which the other has to lie; file: what messages call the YAML file
    A file that is missing is reported when a scenario uses it.
    """
    if not isinstance(found, str) or (":" not in found and "/" not in found and not found.endswith(".py")):
        return found
    own = _OWN.fullmatch(found)
    if own is None or own["digest"] is not None:
        raise InputError("class_file", where=f"{file}: {key}", found=found)
    place = folder / own["file"]
    if not place.resolve().is_relative_to(folder.resolve()):
        raise InputError("class_file", where=f"{file}: {key}", found=found)
    if not place.exists():
        digest = _digest(str(place))
        _missing[digest] = shown(place)
        return f"{found}@{digest}"
    text = read_text(place)
    digest = _digest(text)
    _sources[digest] = Source(text, str(place))
    return f"{found}@{digest}"


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def instead_of_target(target: object) -> str:
    """The line to write in place of `_target_: ...`, by which files of earlier versions named a class."""
    module, _, name = str(target).rpartition(".")
    last = module.rpartition(".")[2]
    if BUILT_IN.get(last) == name and module.startswith("consensus_sim."):
        return f"{CLASS}: {last}"
    return f"{CLASS}: {last or 'my_file'}.py:{name or 'MyIntervention'}"


def is_own(found: object) -> bool:
    """Returns whether `found`, a value of `class`, names a file of the user's."""
    return isinstance(found, str) and _OWN.fullmatch(found) is not None


def as_written(found: object) -> object:
    """`found`, a value of `class`, as it stands in the user's file: without the digest of the class's file."""
    own = _OWN.fullmatch(found) if isinstance(found, str) else None
    return f"{own['file']}:{own['name']}" if own is not None else found


def load_class(where: str, found: object) -> type:
    """The class that `found` names; `where` is the key. Raises InputError."""
    kind = load_named(where, found)
    if not isinstance(kind, type):
        raise InputError("class_no_class", where=where, found=as_written(found))
    return kind


def load_named(where: str, found: object) -> Any:
    """The object that `found` names; `where` is the key.

    Raises InputError: there is none, or its code cannot be run.
    """
    own = _OWN.fullmatch(str(found))
    if own is not None and own["digest"] not in _sources:
        file = _missing.get(own["digest"], own["file"])
        raise InputError("class_file_missing", where=where, found=as_written(found), file=file)
    try:
        kind = _class_of(str(found))
    except (Exception, SystemExit) as error:  # whatever the user's own file does when it is run
        problem = " ".join(f"{type(error).__name__}: {error}".split())
        raise InputError("class_unloadable", where=where, found=as_written(found), problem=problem) from error
    if kind is None:
        names = [*BUILT_IN, *(entry.name for entry in metadata.entry_points(group=ENTRY_POINTS))]
        near, allowed = near_phrase(found, names), names_phrase(found, names)
        raise InputError("class_unknown", where=where, found=as_written(found), near=near, allowed=allowed)
    return kind


def _class_of(found: str) -> object:
    """Object that `found` names, None where there is nothing of that name."""
    if found in BUILT_IN:
        return getattr(import_module(f"consensus_sim.interventions.{found}"), BUILT_IN[found])
    own = _OWN.fullmatch(found)
    if own is None:
        entry = _entry_point(found)
        return entry.load() if entry is not None else None
    return getattr(_module(own["file"], own["digest"]), own["name"])


def _entry_point(name: str) -> metadata.EntryPoint | None:
    return next(iter(metadata.entry_points(group=ENTRY_POINTS, name=name)), None)


class _TextLoader(importlib.abc.InspectLoader):
    """Runs the text of a file that need not be on this machine."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def get_source(self, fullname: str) -> str:
        """The text, also for tracebacks."""
        return self._source.text

    def get_code(self, fullname: str) -> CodeType:
        """The text compiled under the name of its file."""
        return self.source_to_code(self._source.text, self._source.place)


def _module(file: str, digest: str) -> object:
    """The module of a file of the user's, run once in each process."""
    name = f"{Path(file).stem.replace('-', '_')}_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    source = _sources[digest]
    specification = importlib.util.spec_from_loader(name, _TextLoader(source), origin=source.place)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    module.__file__ = source.place
    sys.modules[name] = module  # dataclasses look their module up while they are made
    try:
        specification.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def sources_of(found: Iterable[object]) -> dict[str, Source]:
    """The files of the user's among these values of `class`, by digest, to be sent to another process."""
    own = [_OWN.fullmatch(str(one)) for one in found]
    return {one["digest"]: _sources[one["digest"]] for one in own if one and one["digest"] in _sources}


def learn(sources: Mapping[str, Source]) -> None:
    """Keep files of the user's that another process has sent."""
    _sources.update(sources)


def code_digest_of(found: object) -> str | None:
    """A digest of the file that holds the class `found`; None for a built-in one."""
    own = _OWN.fullmatch(str(found))
    if own is not None:
        return str(own["digest"])
    entry = _entry_point(str(found)) if str(found) not in BUILT_IN else None
    source = inspect.getsourcefile(import_module(entry.module)) if entry is not None else None
    return hashlib.blake2b(Path(source).read_bytes(), digest_size=16).hexdigest() if source else None
