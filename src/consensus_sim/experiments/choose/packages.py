"""Packages of interventions: what is asked, the options, and a scenario for each combination of them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from consensus_sim.catalogue import metric, metric_names
from consensus_sim.errors import not_allowed, phrase
from consensus_sim.experiments.robustness.study import AlternativeSettings
from consensus_sim.settings import STRICT, Label, Text, known, read, setting
from consensus_sim.study.dates import MOST_MONTHS

if TYPE_CHECKING:
    pass

MOST_INTERVENTIONS, MOST_OPTIONS = 8, 3
JOINED = "+"
"""Between the options in the name of a package."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """One way to use an intervention: words by language, and changes of its settings as in a scenario."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    label: Label
    settings: dict[str, Any]


Options = Annotated[
    dict[Text, Option],
    Field(min_length=1, max_length=MOST_OPTIONS, json_schema_extra={"allowed": "one_to_three_options"}),
]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The question: `budget`, `hours`, `want`, `months`.

    months: length of the run from the programme's first week, which `calendar.months` follows
    budget, hours: money (CNY) and staff hours that the whole run may take, what is done now included (None: no limit)
    want: metric -> weight; a difference counts in least differences of its metric, times the weight
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    budget: float | None = setting(0, 1e9, "CNY", optional=True)
    hours: float | None = setting(0, 1e9, "hours", optional=True)
    months: int = setting(1, MOST_MONTHS, "months", integer=True)
    want: Annotated[
        dict[Text, Annotated[float, setting(0.01, 100)]],
        Field(min_length=1, json_schema_extra={"allowed": "a_list_of_metrics"}),
    ]


@dataclass(frozen=True, kw_only=True)
class ChooseSettings:
    """The node `choose`.

    interventions: intervention -> option; screened: packages simulated for the screening, each `screening` times
    raced: packages in the race; first, batch, most: replicates before the first look, between looks, of a package at
    most; error: probability, at most, of dropping the best of them
    final: replicates of the last ones under another seed; permutations: random orders that show what chance alone
    gives in the value of finding out; alternatives: structural alternatives, simulated `structural` times
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    interventions: Annotated[
        dict[Text, Options],
        Field(min_length=1, max_length=MOST_INTERVENTIONS, json_schema_extra={"allowed": "one_to_eight_interventions"}),
    ]
    screened: int = setting(16, 300, "packages", integer=True)
    screening: int = setting(2, 100, "replicates", integer=True)
    raced: int = setting(2, 300, "packages", integer=True)
    first: int = setting(4, 1000, "replicates", integer=True)
    batch: int = setting(2, 1000, "replicates", integer=True)
    most: int = setting(4, 10_000, "replicates", integer=True)
    error: float = setting(0.001, 0.5)
    final: int = setting(10, 10_000, "replicates", integer=True)
    permutations: int = setting(19, 9999, integer=True)
    structural: int = setting(2, 1000, "replicates", integer=True)
    alternatives: dict[Text, AlternativeSettings]


def read_asked(config: Mapping[str, Any]) -> Asked:
    """The question in `config`, checked. `want` may be a list of metrics, each with weight 1."""
    want = config.get("want")
    if isinstance(want, list):
        want = dict.fromkeys(map(str, want), 1.0)
    named = {name: config.get(name) for name in ("budget", "hours", "months")}
    found = read(Asked, {**named, "want": want}, "")
    for name in found.want:
        if metric(known("want", name, metric_names())).direction not in ("higher", "lower"):
            raise not_allowed("want", name, phrase("a_metric_with_direction"))
    return found


def read_choose(config: Mapping[str, Any]) -> ChooseSettings:
    """The node `choose` of `config`, checked."""
    found = read(ChooseSettings, config["choose"], "choose")
    for name in found.interventions:
        known("choose.interventions", name, config["intervention"])
    return found


Package = tuple[tuple[str, str], ...]
"""(intervention, option) of what a package adds to what is done now; empty for that itself."""


def packages_of(interventions: Mapping[str, Mapping[str, Option]]) -> list[Package]:
    """Every package, what is done now first."""
    choices = [[None, *((name, option) for option in options)] for name, options in interventions.items()]
    return [tuple(each for each in found if each is not None) for found in itertools.product(*choices)]


def name_of(package: Package, options: Mapping[str, Mapping[str, Option]], reference: str) -> str:
    """Name of the scenario of `package`; an option is named where its intervention has several."""
    parts = [name if len(options[name]) == 1 else f"{name}.{option}" for name, option in package]
    return JOINED.join(parts) if parts else reference


def config_with(packages: Sequence[Package], settings: ChooseSettings, config: Mapping[str, Any]) -> dict[str, Any]:
    """`config` with a scenario for each of `packages`, based on what is done now, which comes first."""
    (reference,) = config["scenarios"]
    now, scenarios, names = config["scenario"][reference], dict(config["scenario"]), [reference]
    for package in packages:
        name = name_of(package, settings.interventions, reference)
        if name == reference:
            continue
        used = [settings.interventions[lever][option] for lever, option in package]
        scenarios[name] = {
            "label": {
                language: JOINED.join([now["label"][language], *(one.label[language] for one in used)])
                for language in ("zh", "en")
            },
            "base": reference,
            "interventions": {lever: dict(one.settings) for (lever, _), one in zip(package, used, strict=True)},
        }
        names.append(name)
    return {**config, "scenario": scenarios, "scenarios": names, "reference": reference}
