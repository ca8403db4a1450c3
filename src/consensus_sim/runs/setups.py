"""Set-ups: scenarios together with other values of behaviour, topics and weeks, each a study of its own."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from consensus_sim.errors import InputError, one_of, unknown_key
from consensus_sim.runs.replicate import build_model
from consensus_sim.study.scenario import Settings, Study, canonical
from consensus_sim.study.study import read_study, section

if TYPE_CHECKING:
    from consensus_sim.community import Community
    from consensus_sim.model.model import CommunityModel
    from consensus_sim.runs.work import Task, Work
    from consensus_sim.study.scenario import Scenario

ALLOWED = ("base", "interventions", "behaviour", "topic", "weeks")


def setup_links(name: str, setups: Mapping[str, Any]) -> list[str]:
    """`name` and the set-ups it is based on, the outermost first; empty if `name` is a scenario."""
    links: list[str] = []
    while name in setups:
        if name in links:
            raise InputError("goes_in_a_circle", where=f"setups.{name}.base", links=" -> ".join([*links, name]))
        for key in section(f"setups.{name}", setups[name]):
            if key not in ALLOWED:
                raise unknown_key(f"setups.{name}", key, ALLOWED)
        links.append(name)
        name = str(setups[name].get("base"))
    return links[::-1]


def study_of(name: str, setups: Mapping[str, Any], config: Mapping[str, Any]) -> Study:
    """The study that plays set-up, or scenario, `name` alone under the composed `config`.

    The longest of `weeks` of the set-ups and the configured weeks counts. A value of behaviour may lie outside its
    prior here: what is forced is no belief. Raises InputError for what does not exist.
    """
    links = setup_links(name, setups)
    own = {**config, "scenarios": [name], "reference": None}
    for group in ("scenario", "behaviour", "topic", "calendar"):
        own[group] = copy.deepcopy(dict(config[group]))
    for link in links:
        content = setups[link]
        own["scenario"][link] = {
            "base": content.get("base"), "label": link, "interventions": content.get("interventions") or {},
        }  # fmt: skip
        for group, values in (content.get("behaviour") or {}).items():
            for parameter, value in values.items():
                _force(own["behaviour"], link, group, parameter, value)
        for kind, values in (content.get("topic") or {}).items():
            for key, value in values.items():
                if key not in own["topic"].get(kind, {}):
                    raise one_of(f"setups.{link}.topic.{kind}", key, own["topic"].get(kind, {}))
                own["topic"][kind][key] = value
        if "weeks" in content:
            own["calendar"]["weeks"] = content["weeks"]
    return read_study(own)


def _force(behaviour: Settings, link: str, group: str, parameter: str, value: float) -> None:
    """Set a parameter, its range widened to hold the value."""
    if parameter not in behaviour.get(group, {}):
        raise one_of(f"setups.{link}.behaviour.{group}", parameter, behaviour.get(group, behaviour))
    entry = behaviour[group][parameter]
    entry |= {"value": value}
    if value != 0:
        entry |= {"low": min(entry["low"], value), "high": max(entry["high"], value)}


@dataclass(frozen=True, eq=False)
class SetupWork:
    """Replicates of set-ups, one task each; of a run only measures are kept.

    studies: by name of set-up; measures: what to read off its runs, by name of set-up; read: model before its first
    week, measures -> their values, with a `repr` that differs wherever the values may
    """

    community: Community
    studies: Mapping[str, Study]
    measures: Mapping[str, tuple[str, ...]]
    read: Callable[[CommunityModel, tuple[str, ...]], list[float]]

    def run(self, task: Task) -> bytes:
        """Play replicate `task[1]` of set-up `task[0]`: a table `metrics` of measure and value."""
        from consensus_sim.runs.tables import pack

        name, number = task
        study = self.studies[name]
        model = build_model(self.community, study.scenarios[0], study, number)
        values = self.read(model, self.measures[name])
        return pack({"metrics": {"measure": np.array(self.measures[name]), "value": np.array(values, np.float64)}})

    def portable(self) -> Work:
        """It goes whole."""
        return self

    def keys(self, code: Callable[[Scenario], Mapping[str, str]], names: Iterable[str]) -> dict[str, str]:
        """For each set-up a hash of all that determines what is read."""
        found = {}
        for name in names:
            study = self.studies[name]
            key = study.key(study.scenarios[0], code(study.scenarios[0]))
            content = canonical(["setup", key, self.community.fingerprint, self.measures[name], repr(self.read)])
            found[name] = hashlib.blake2b(content.encode(), digest_size=16).hexdigest()
        return found
