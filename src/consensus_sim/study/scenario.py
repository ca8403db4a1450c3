"""What is compared: scenarios, named sets of levers, and the study that holds all that determines the numbers."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from consensus_sim.errors import one_of
from consensus_sim.interventions.loading import CLASS, learn, sources_of
from consensus_sim.study.draws import Draws, draw_number

if TYPE_CHECKING:
    from consensus_sim.study.least import LeastDifferences
    from consensus_sim.study.posterior import ParameterSets
    from consensus_sim.study.precision import Precision

Settings = dict[str, Any]
_SOURCES = "sources"


def canonical(value: Any) -> str:
    """`value` as JSON with sorted keys and no blanks: equal content gives equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=True)


@dataclass(frozen=True, repr=False)
class Scenario:
    """A named set of levers on a calendar.

    name: file name of the scenario, without ending
    label, description: text for people, by language ("zh", "en")
    levers: (lever, settings) sorted by lever; the settings are plain and complete, with "class", "start", "end"
    own: what scenarios of the user's own set in them, as `lever.setting=value`
    """

    name: str
    label: dict[str, str]
    description: dict[str, str]
    levers: tuple[tuple[str, Settings], ...]
    own: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Its name and interventions."""
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
        """The settings of lever `name`, or None where this scenario does without it."""
        return dict(self.levers).get(name)


@dataclass(frozen=True, repr=False)
class Study:
    """Everything that determines the numbers of an ensemble, as plain values.

    community, behaviour, channel, topic: the composed configs
    calendar: {"start": ISO date, "weeks": 1..522}
    scenarios: compared in this order; reference: name of the one that the others are measured against
    replicates: runs of each scenario, numbered from 0; seed: root of all chance, shared by the scenarios
    parameters: "centre" plays every parameter at the centre of its prior; "prior" draws sets of them from their priors,
        "posterior" from `posterior`: one for each replicate, but every tenth repeats that of the one before it
        (`draws.draw_number`); the same for every scenario
    posterior: the sets that calibration left, where parameters is "posterior"
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
        """How many parameter draws of equal weight the posterior's table is worth; infinite without one."""
        return math.inf if self.posterior is None else self.posterior.worth

    def __repr__(self) -> str:
        """Where and what is to be run."""
        return f"<Study {self.community.get('name', '')}: {self.outline()}>".replace(" :", ":")

    def outline(self) -> str:
        """Scenarios, replicates, weeks and seed in a few words."""
        names = shorten(", ".join(scenario.name for scenario in self.scenarios), 60, placeholder=" ...")
        runs = f"{self.replicates} replicate{'s'[: self.replicates != 1]}, {self.calendar['weeks']} weeks"
        return f"{names} (reference: {self.reference}); {runs}, seed {self.seed}, parameters={self.parameters}"

    def __hash__(self) -> int:
        return hash(canonical(self.identity()))

    def identity(self) -> Settings:
        """What determines the numbers of every scenario alike: neither names of scenarios nor counts of replicates."""
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

    def key(self, scenario: Scenario, code: Mapping[str, str]) -> str:
        """32 hex digits for this study, the levers of `scenario`, and `code` (versions and digests of sources)."""
        content = canonical([self.identity(), scenario.levers, dict(code)])
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()
