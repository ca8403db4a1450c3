"""Scenarios, named sets of interventions, and the study, which holds everything that determines the numbers."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from textwrap import shorten
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from consensus_sim.errors import one_of
from consensus_sim.interventions.loading import CLASS, learn, sources_of
from consensus_sim.parameters import Behaviour
from consensus_sim.study.draws import Draws, draw_number

if TYPE_CHECKING:
    from consensus_sim.study.least import LeastDifferences
    from consensus_sim.study.posterior import ParameterSets
    from consensus_sim.study.precision import Precision

Settings = dict[str, Any]
_SOURCES = "sources"


def canonical(value: Any) -> str:
    """Returns `value` as JSON with sorted keys and no blanks: equal content gives equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=True)


@dataclass(frozen=True, repr=False)
class Scenario:
    """A named set of interventions on a calendar.

    name: file name of the scenario, without ending
    label, description: text for people, by language ("zh", "en")
    levers: (lever, settings) sorted by lever; the settings are plain and complete, with "class", "start", "end"
    own: what scenarios of the user's own set in them, as `lever.setting=value`
    behaviour, topic, weeks: values of parameters and of kinds of topic, and a length of the run, that hold in this
        scenario in place of the study's (`Study.alone`)
    """

    name: str
    label: dict[str, str]
    description: dict[str, str]
    levers: tuple[tuple[str, Settings], ...]
    own: tuple[str, ...] = ()
    behaviour: Settings = field(default_factory=dict)
    topic: Settings = field(default_factory=dict)
    weeks: int | None = None

    def __repr__(self) -> str:
        """Name and interventions."""
        return f"<Scenario {self.name}: {', '.join(name for name, _ in self.levers) or 'no intervention'}>"

    def __hash__(self) -> int:
        return hash((self.name, canonical(self.levers)))

    def __getstate__(self) -> Settings:
        """The scenario with the text of the user's files that its levers need, for processes that did not read them."""
        return {**vars(self), _SOURCES: sources_of(settings.get(CLASS) for _, settings in self.levers)}

    def __setstate__(self, state: Settings) -> None:
        learn(state[_SOURCES])
        vars(self).update({name: value for name, value in state.items() if name != _SOURCES})

    def lever(self, name: str) -> Settings | None:
        """Returns the settings of intervention `name`, or None if this scenario lacks it."""
        return dict(self.levers).get(name)


@dataclass(frozen=True, repr=False)
class Study:
    """Everything that determines the numbers of an ensemble, as plain values.

    community, behaviour, channel, topic: the composed configs
    calendar: {"start": ISO date, "weeks": 1..522}
    scenarios: compared in this order; reference: name of the one that the others are measured against
    replicates: runs of each scenario, numbered from 0; seed: root of all random draws, shared by the scenarios
    parameters: "centre" sets every parameter to the centre of its prior; "prior" draws the parameters from their
        priors, "posterior" from `posterior`. Each replicate has a parameter draw of its own, but every tenth repeats
        that of the one before it (`draws.draw_number`). The draws are the same for every scenario
    posterior: the posterior sample, where parameters is "posterior"
    precision: how exact its means are to be and by what measure; with a target, `replicates` is where it begins
    least: differences between scenarios that are too small for a word
    """

    community: Settings
    behaviour: Settings
    channel: Settings
    topic: Settings
    calendar: Settings
    scenarios: tuple[Scenario, ...]
    reference: str
    replicates: int
    seed: int
    parameters: Literal["centre", "prior", "posterior"] = "centre"
    posterior: ParameterSets | None = None
    precision: Precision | None = None
    least: LeastDifferences | None = None

    def draws(self, replicates: int | None = None) -> Draws | None:
        """The parameter draw of each of `replicates` (None: those of the study), (replicates,); None with
        parameters=centre. Replicates with the same number have the same parameters and are not independent: a row of
        the posterior's table comes again where there are more draws than rows.
        """
        if self.parameters == "centre":
            return None
        numbers: Draws = draw_number(np.arange(self.replicates if replicates is None else replicates))
        return numbers if self.posterior is None else self.posterior.draws(self.seed, numbers)

    @property
    def table_rows(self) -> float:
        """Effective number of draws of the posterior's table; infinite without a posterior."""
        return math.inf if self.posterior is None else self.posterior.worth

    def __repr__(self) -> str:
        """Community and outline."""
        return f"<Study {self.community.get('name', '')}: {self.outline()}>".replace(" :", ":")

    def outline(self) -> str:
        """Returns scenarios, replicates, weeks and seed in a few words."""
        names = shorten(", ".join(scenario.name for scenario in self.scenarios), 60, placeholder=" ...")
        runs = f"{self.replicates} replicate{'s'[: self.replicates != 1]}, {self.calendar['weeks']} weeks"
        return f"{names} (reference: {self.reference}); {runs}, seed {self.seed}, parameters={self.parameters}"

    def __hash__(self) -> int:
        return hash(canonical(self.identity()))

    def identity(self) -> Settings:
        """Returns what determines the numbers of all scenarios: neither their names nor the count of replicates."""
        drawn = {} if self.posterior is None else {"posterior": self.posterior.digest}
        return {
            **drawn,
            "community": self.community,
            "behaviour": self.behaviour,
            "channel": self.channel,
            "topic": self.topic,
            "calendar": self.calendar,
            "seed": self.seed,
            "parameters": self.parameters,
        }

    def scenario(self, name: str) -> Scenario:
        """The scenario called `name`; InputError if the study has none of that name."""
        for scenario in self.scenarios:
            if scenario.name == name:
                return scenario
        raise one_of("scenario", name, [scenario.name for scenario in self.scenarios])

    def alone(self, name: str) -> Study:
        """The study as it holds for scenario `name`: this one, unless the scenario carries values of its own."""
        if name not in self._alone:
            scenario = self.scenario(name)
            own = self
            if scenario.behaviour:
                behaviour = _laid_over(self.behaviour, scenario.behaviour, _forced)
                own = replace(own, behaviour=behaviour)
                if self.posterior is not None:
                    own = replace(own, posterior=self.posterior.checked(Behaviour.from_config(behaviour)))
            if scenario.topic:
                own = replace(own, topic=_laid_over(self.topic, scenario.topic, lambda _, value: value))
            if scenario.weeks is not None:
                own = replace(own, calendar={**self.calendar, "weeks": scenario.weeks})
            self._alone[name] = own
        return self._alone[name]

    @cached_property
    def _alone(self) -> dict[str, Study]:
        return {}

    def key(self, scenario: Scenario, code: Mapping[str, str]) -> str:
        """32 hex digits for this study, the levers of `scenario`, and `code` (versions and digests of sources)."""
        content = canonical([self.alone(scenario.name).identity(), scenario.levers, dict(code)])
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


def _laid_over(settings: Settings, changes: Settings, lay: Callable[[Any, Any], Any]) -> Settings:
    """`settings` (group -> key -> entry) with `changes` (group -> key -> value), each laid over its entry by `lay`."""
    return settings | {
        group: settings[group] | {key: lay(settings[group].get(key), value) for key, value in values.items()}
        for group, values in changes.items()
    }


def _forced(entry: Settings, value: float) -> Settings:
    """The entry of a parameter with another value, its range widened to hold it: what is forced is no belief."""
    if value == 0:
        return {**entry, "value": value}
    return {**entry, "value": value, "low": min(entry["low"], value), "high": max(entry["high"], value)}
