"""A checked `Study` from a composed config."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import ConfigDict

from consensus_sim.errors import InputError, not_allowed, phrase
from consensus_sim.parameters import Behaviour
from consensus_sim.settings import STRICT, FilePath, known, number_phrase, read
from consensus_sim.study.checks import check_carried, check_channels, check_levers, check_parts, check_topics
from consensus_sim.study.dates import check_dates
from consensus_sim.study.layers import section
from consensus_sim.study.least import LeastDifferences
from consensus_sim.study.plan import Plan, scenario_of
from consensus_sim.study.precision import AUTO, MOST_REPLICATES, Precision
from consensus_sim.study.scenario import Settings, Study

if TYPE_CHECKING:
    from consensus_sim.study.posterior import ParameterSets

Parameters = Literal["centre", "prior", "posterior"]
PARAMETERS: tuple[Parameters, ...] = ("centre", "prior", "posterior")
MOST_SEED = 10**13
"""Largest seed: up to here all replicates of all seeds have draws of their own: `replicate_seed` fits into 64 bits."""
GROUPS = ("community", "behaviour", "calendar", "channel", "topic", "intervention", "scenario")


@dataclass(frozen=True, kw_only=True)
class PosteriorFile:
    """The node `posterior`: a table of configs/posterior, or the path of the user's own table."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    file: FilePath


def whole(key: str, value: object, low: int, high: int | None = None) -> int:
    """Returns `value` as a whole number from `low` to `high`; raises InputError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int) or value < low or (high is not None and value > high):
        raise not_allowed(key, value, number_phrase(low, high, whole=True))
    return value


def read_study(config: Mapping[str, Any], *, community: Settings | None = None) -> Study:
    """Returns a checked `Study` from the composed `config` (plain values); `community` replaces its community spec.

    Raises InputError, one line for each error of the first part that cannot be used.
    """
    for group in GROUPS:
        section(group, config.get(group))
    for name, content in config["intervention"].items():
        section(f"intervention.{name}", content)
    plan = Plan(config)
    config = plan.config
    names = config.get("scenarios")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise not_allowed("scenarios", names, phrase("a_list_like", example="[before,council]"))
    if len(set(names)) < len(names):
        raise not_allowed("scenarios", names, phrase("each_name_once"))
    parameters = known("parameters", config.get("parameters", "centre"), PARAMETERS)
    calendar = config["calendar"]
    for lever, settings in plan.files.items():
        check_dates(f"intervention.{lever}", settings, calendar["programme"])
    check_parts(config)
    check_topics(config["topic"], calendar)
    check_channels(config["channel"])
    scenarios = tuple(scenario_of(name, plan) for name in names)
    for change in config.get("changes", ()):  # an error in a scenario that is not compared would stay unnoticed
        changed = re.match(r"scenario\.([\w-]+)\.", str(change))
        if changed and changed[1] not in names:
            scenario_of(changed[1], plan)
    check_levers(scenarios, plan)
    precision = read_precision(config)
    study = Study(
        community=community if community is not None else config["community"],
        behaviour=config["behaviour"],
        channel=config["channel"],
        topic=config["topic"],
        calendar={"start": calendar["start"], "weeks": calendar["weeks"]},
        scenarios=scenarios,
        reference=read_reference(config, names),
        replicates=precision.minimum if precision.target is not None else config["replicates"],
        seed=whole("seed", config.get("seed"), 0, MOST_SEED),
        parameters=parameters,
        posterior=_posterior(config, parameters),
        precision=precision,
        least=LeastDifferences.from_config(config.get("least_difference")),
    )
    check_carried(study)
    return study


def read_reference(config: Mapping[str, Any], names: list[str]) -> str:
    """Returns the scenario that the others are measured against.

    It is `reference`; if that is null, `usual_reference` where it is compared, else the first scenario.

    Raises InputError for a reference that is not compared.
    """
    for key, allowed in (("reference", names), ("usual_reference", config["scenario"])):
        if config.get(key) is not None:
            known(key, config[key], allowed)
    wanted, usual = config.get("reference"), config.get("usual_reference")
    if wanted is None:
        return usual if usual in names else names[0]
    return str(wanted)


def read_precision(config: Mapping[str, Any]) -> Precision:
    """Returns the precision asked for, from `replicates`, `precision` and the node `monte_carlo`.

    replicates=auto needs a precision and is for comparisons only; a number of replicates excludes one
    """
    replicates, target = config.get("replicates"), config.get("precision")
    node, analysis = section("monte_carlo", config.get("monte_carlo")), config.get("analysis", "compare")
    if replicates != AUTO or analysis != "compare":
        if isinstance(replicates, bool) or not isinstance(replicates, int) or not 1 <= replicates <= MOST_REPLICATES:
            number = number_phrase(1, MOST_REPLICATES, whole=True)
            auto = phrase("either", one=number, other=phrase("names", names=[AUTO]))
            no_auto = phrase("no_auto", number=number, analysis=str(analysis))
            raise not_allowed("replicates", replicates, auto if analysis == "compare" else no_auto)
        if target is not None:
            raise InputError("precision_not_read", found=target, replicates=replicates)
        return Precision.from_config(None, node)
    if isinstance(target, bool) or not isinstance(target, int | float) or not 0 < target < 1:
        raise not_allowed("precision", target, phrase("a_precision"))
    return Precision.from_config(float(target), node)


def _posterior(config: Mapping[str, Any], parameters: str) -> ParameterSets | None:
    """Returns the checked parameter draws that the config names; None unless parameters=posterior.

    Raises InputError also for a table of the user's own that `parameters` would silently ignore.
    """
    from consensus_sim.study.posterior import is_shipped, read_posterior

    file = read(PosteriorFile, config.get("posterior"), "posterior").file
    if parameters == "posterior":
        return read_posterior(file).checked(Behaviour.from_config(config["behaviour"]))
    if not is_shipped(file):
        kind = "posterior_not_written" if config.get("analysis") == "calibrate" else "posterior_not_read"
        raise InputError(kind, found=file, parameters=parameters)
    return None
