"""Whatever value a setting is given, it is refused in one clear message a fault, or taken; nothing else happens.

Every key of the configuration meets values of wrong types, bounds and texts that are known to break things: all keys at
the reader of their part, and some as commands. `VALUES=400 pytest tests/faults/test_values.py` tries 400 commands
instead of 60.
"""

from __future__ import annotations

import datetime
import math
import os
import random
import resource
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import consensus_sim
from consensus_sim.community.spec import CommunitySpec, read_spec
from consensus_sim.council.events import Channel
from consensus_sim.council.topic_class import TopicClass
from consensus_sim.errors import InputError
from consensus_sim.experiments.calibrate import study as calibrate
from consensus_sim.experiments.choose import packages as choose
from consensus_sim.experiments.design import read_periods
from consensus_sim.experiments.factorial import study as factorial
from consensus_sim.experiments.levers import study as levers
from consensus_sim.experiments.patterns import study as patterns
from consensus_sim.experiments.pictures import study as pictures
from consensus_sim.experiments.plan import study as plan
from consensus_sim.experiments.response import study as response
from consensus_sim.experiments.robustness import study as robustness
from consensus_sim.experiments.rough_size import study as rough_size
from consensus_sim.experiments.runner import EXPERIMENTS, Run, check_config
from consensus_sim.experiments.sensitivity import study as sensitivity
from consensus_sim.experiments.spread import study as spread
from consensus_sim.experiments.targets import read_targets, target_files
from consensus_sim.experiments.validate import study as validate
from consensus_sim.parameters import Behaviour, Entry
from consensus_sim.runs.city import CitySettings, read_city
from consensus_sim.runs.engines import build_engine
from consensus_sim.settings import bounds, read
from consensus_sim.study.checks import check_levers
from consensus_sim.study.config import compose
from consensus_sim.study.dates import read_calendar
from consensus_sim.study.least import LeastDifferences
from consensus_sim.study.plan import Plan, scenario_of
from consensus_sim.study.precision import MonteCarlo
from consensus_sim.study.study import read_precision, read_study
from tests.faults.commands import Commands

COMMANDS = int(os.environ.get("VALUES", "60"))
SEED = 20
Config = dict[str, Any]
Key = tuple[str, ...]
COMMON: tuple[object, ...] = (
    None, [], {}, [1], {"a": 1}, True, "abc", "", -1, 0, 1.5, 10**30, math.nan, math.inf, -math.inf, "x" * 300, "社区",
    "${x}", "a\u2028b", datetime.date(2024, 5, 6), "2024-05-06", "false", [[1, [2]], []], {"zh": None},
    {"zh": {"en": [None]}}, {1: 2}, "2024-W10-1", "9999-12-31", "0001-01-01",
)  # fmt: skip
ALWAYS = 3
"""Values that every key meets, the first of `COMMON`; of the others each meets some, the next key the next ones."""


def keys_of(value: object, above: Key = ()) -> Iterator[Key]:
    """The key of everything in `value`."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield (*above, name)
            yield from keys_of(inner, (*above, name))


def with_value(config: Mapping[str, Any], key: Key, value: object) -> Config:
    """`config` with `value` at `key`; what lies beside it is shared."""
    head, *rest = key
    return {**config, head: with_value(config[head], tuple(rest), value) if rest else value}


@cache
def composed(experiment: str) -> Config:
    """The configuration of an experiment as plain values."""
    config = compose([f"experiment={experiment}"])
    del config["changes"]
    return config


def lever(config: Config, key: Key) -> None:
    """Reads one intervention with its variants."""
    chosen = config["intervention"] if len(key) == 1 else {key[1]: config["intervention"][key[1]]}
    check_levers((), Plan({**config, "intervention": chosen, "scenario": {}, "topic": {}}))


def scenario(config: Config, key: Key) -> None:
    """Reads one scenario with its interventions."""
    if len(key) == 1 or len(key) == 2 and not isinstance(config["scenario"][key[1]], Mapping):
        read_study(config)
        return
    plan = Plan({**config, "topic": {}})
    found = scenario_of(key[1], plan)
    check_levers([found], _Used(plan))


class _Used(Plan):
    """A plan without the interventions that no scenario uses: they have been checked."""

    def __init__(self, plan: Plan) -> None:
        vars(self).update(vars(plan), files={})


def periods(where: str, found: Any, config: Config) -> None:
    """Reads the periods of a calibration or validation."""
    read_periods(f"{where}.periods", found.periods, read_study(composed(config["analysis"])))


def behaviour(config: Config, key: Key) -> None:
    """Reads a group of parameters."""
    part = config["behaviour"]
    Behaviour.from_config(part if len(key) == 1 else {key[1]: part[key[1]]})


def channel(config: Config, key: Key) -> None:
    """Reads a channel."""
    if len(key) == 1:
        read_study(config)
    else:
        Channel.from_config(key[1], config["channel"][key[1]])


def topic(config: Config, key: Key) -> None:
    """Reads a kind of topic."""
    if len(key) == 1 or key[2:] == ("arises",):
        read_study(config)
    else:
        TopicClass.from_config(key[1], config["topic"][key[1]])


Reader = Callable[[Config, Key], object]
RUN: Reader = lambda config, key: check_config(config)  # noqa: E731
STUDY: Reader = lambda config, key: read_study(config)  # noqa: E731
READERS: Mapping[str, Reader] = {
    "community": lambda config, key: read_spec(config["community"]),
    "behaviour": behaviour,
    "channel": channel,
    "topic": topic,
    "intervention": lever,
    "scenario": scenario,
    "calendar": lambda config, key: read_calendar(config["calendar"]),
    "engine": lambda config, key: build_engine(config["engine"]),
    "monte_carlo": lambda config, key: read_precision(config),
    "least_difference": lambda config, key: LeastDifferences.from_config(config["least_difference"]),
    **dict.fromkeys(("report", "store", "question", "debug", "results", "experiment_name", "analysis"), RUN),
    "publish": RUN,
    **dict.fromkeys(("parameters", "posterior", "precision", "reference", "usual_reference"), STUDY),
    **dict.fromkeys(("scenarios", "replicates", "seed"), STUDY),
    "targets": lambda config, key: read_targets(
        target_files(config["targets"]), ["baseline", "phase1", "plain", "phase2"], ("validation",)
    ),
    "calibration": lambda config, key: periods(
        "calibration", calibrate.Settings.from_config(config["calibration"]), config
    ),
    "validation": lambda config, key: periods(
        "validation", read(validate.Settings, config["validation"], "validation"), config
    ),
    "city": lambda config, key: read_city(config["city"]),
    "sensitivity": lambda config, key: sensitivity.read_settings(config["sensitivity"]),
    "robustness": lambda config, key: robustness.read_alternatives(config["robustness"]),
    "response": lambda config, key: response.read_response(config["response"]),
    "patterns": lambda config, key: patterns.read_patterns(config["patterns"]),
    **dict.fromkeys(("budget", "hours", "months", "want"), lambda config, key: choose.read_asked(config)),
    "choose": lambda config, key: choose.read_choose(config),
    "levers": lambda config, key: levers.read_contrasts(config["levers"]),
    "factorial": lambda config, key: read(factorial.Settings, config["factorial"], "factorial"),
    "plan": lambda config, key: read(plan.Settings, config["plan"], "plan"),
    "spread": lambda config, key: read(spread.Settings, config["spread"], "spread"),
    "rough_size": lambda config, key: read(rough_size.Settings, config["rough_size"], "rough_size"),
    "pictures": lambda config, key: read(pictures.Settings, config["pictures"], "pictures"),
}
"""The first name of a key -> what reads it."""
DECLARED: Mapping[str, tuple[type, int]] = {
    "community": (CommunitySpec, 1), "behaviour": (Entry, 3), "channel": (Channel, 2), "topic": (TopicClass, 2),
    "monte_carlo": (MonteCarlo, 1), "least_difference": (LeastDifferences, 1),
    "report": (Run, 0), "calibration": (calibrate.Settings, 1),
    "city": (CitySettings, 1), "sensitivity": (sensitivity.Settings, 1),
    "robustness": (robustness.RobustnessSettings, 1), "response": (response.ResponseSettings, 1),
    "choose": (choose.ChooseSettings, 1), "factorial": (factorial.Settings, 1),
    "spread": (spread.Settings, 1), "pictures": (pictures.Settings, 1),
}  # fmt: skip
"""The first name of a key -> the class that declares it, and how many names come before its fields."""


def values_for(key: Key, number: int) -> Iterator[object]:
    """Values for the key that is the `number`th: some of `COMMON`, and bounds with one beyond each."""
    yield from COMMON[:ALWAYS]
    rest = COMMON[ALWAYS:]
    few = 2 if key[0] in ("scenario", "intervention") else 6
    yield from (rest[(number * few + place) % len(rest)] for place in range(few))
    if key[0] in DECLARED:
        kind, above = DECLARED[key[0]]
        for bound in bounds(kind, key[above:]):
            yield from (bound, bound - 1, bound + 1)


def complaint(found: InputError, key: Key) -> str | None:
    """What is wrong with the message of `found` for a value at `key`; None if nothing is."""
    for error in getattr(found, "errors", (found,)):
        english, chinese = error.text("en"), error.text("zh")
        named = ".".join(key[: max(1, min(2, len(key)))])
        if any(len(words.splitlines()) != 1 for words in (english, chinese)):
            return f"not one line: {english!r}, {chinese!r}"
        if chinese == english or not any("一" <= letter <= "鿿" for letter in chinese):
            return f"not in Chinese: {chinese}"
        if named not in english and key[0] not in english:
            return f"names another key: {english}"
    return None


def faults(experiment: str, keys: list[Key]) -> list[str]:
    """What happens that should not: key, value and what came of it."""
    config, wrong = composed(experiment), []
    for number, key in enumerate(keys):
        for value in values_for(key, number):
            try:
                READERS[key[0]](with_value(config, key, value), key)
                continue
            except InputError as error:
                found = complaint(error, key)
            except Exception as error:
                found = f"{type(error).__name__}: {error}"
            if found:
                wrong.append(f"{'.'.join(key)}={value!r:.60}: {found}")
    return wrong


@pytest.mark.parametrize("part", sorted({key[0] for key in keys_of(composed("compare"))}))
def test_every_value_of_every_setting_is_refused_or_taken(part):
    keys = [key for key in keys_of(composed("compare")) if key[0] == part]
    assert not faults("compare", keys)


@pytest.mark.parametrize("experiment", sorted(set(EXPERIMENTS) - {"compare"}))
def test_every_value_of_the_settings_of_an_experiment_is_refused_or_taken(experiment):
    own = set(composed(experiment)) - set(composed("compare"))
    keys = [key for key in keys_of(composed(experiment)) if key[0] in own]
    assert not faults(experiment, keys)


def test_every_key_has_a_reader():
    found = {key[0] for experiment in EXPERIMENTS for key in keys_of(composed(experiment))}
    assert found == set(READERS)


WRITTEN = (
    "null", "[]", "{}", "[1]", "{a: 1}", "true", "abc", "", "-1", "0", "1.5", "1e30", "nan", "inf", "-inf", "x" * 300,
    "社区", "'${x}'", "'a\u2028b'", "2024-05-06", "'false'", "[[1,[2]],[]]", "{zh: null}", "2024-W10-1", "9999-12-31",
    "0001-01-01", "'???'", "1", "5",
)  # fmt: skip
SMALL = ["community=teaching", "replicates=1", "calendar.weeks=1", "scenarios=[before]", "parameters=centre"]
SMALL += ["report.html=false", "report.figures=false"]
SECONDS = 10
"""Processor time that a command may take."""


@pytest.fixture(scope="module")
def commands() -> Iterator[Commands]:
    found = Commands()
    yield found
    found.close()


def changes(count: int) -> list[str]:
    """Settings as on the command line, drawn with a fixed seed: every part of the configuration as often."""
    draw, config = random.Random(SEED), compose(SMALL)
    del config["changes"]
    keys = [*keys_of(config)]
    parts = sorted(config)
    found = []
    while len(found) < count:
        part = parts[len(found) % len(parts)]
        key = draw.choice([key for key in keys if key[0] == part])
        found.append(f"{'.'.join(key)}={draw.choice(WRITTEN)}")
    return found


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="commands start as forks and have a limit of time here")
@pytest.mark.parametrize("change", changes(COMMANDS))
def test_a_command_refuses_a_value_in_clear_words_or_runs(change, commands, tmp_path):
    number = commands.begin(tmp_path, [*SMALL, "engine.workers=1", change])
    resource.prlimit(number, resource.RLIMIT_CPU, (SECONDS, SECONDS))
    code = commands.end()
    said = (tmp_path / "said.txt").read_text(encoding="utf-8")
    assert code in (0, 2), said
    assert "Traceback" not in said
    if code == 2:
        lines = [line for line in said.splitlines() if not line.startswith("compiling")]
        assert lines and all(line.startswith("consensus-sim: ") for line in lines), said
        assert [path.name for path in tmp_path.iterdir()] == ["said.txt"]


@pytest.mark.parametrize(
    "change",
    [
        "topic.environment.responsible=property_managr", "channel.adhoc.venue=nope", "channel.salon.suits=abc",
        "topic.environment.funding.need=5", 'channel.council.online="false"', "~channel.council",
        "intervention.points.cost=5", "intervention.council.cost=abc", "reference=[before]",
        "scenario.council.base=[before]", "report.dpi=null", "calendar.start=0001-01-01",
        "calendar.start=9999-12-31", f"results={'x' * 300}", "scenario.council.label='???'",
        "scenario.council.label={zh: null}", "report.html=abc", "debug=nan", "calendar.start=2024-W10-1",
    ],
)  # fmt: skip
def test_what_was_told_late_or_never_is_refused_before_anything_is_played(change):
    def start() -> None:
        config = compose([*SMALL, change])
        check_config(config)
        read_study(config)

    with pytest.raises(InputError) as caught:
        start()
    assert len(str(caught.value).splitlines()) == 1, str(caught.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda: consensus_sim.compare(Path("teaching.yaml"), ["before"]),
        lambda: consensus_sim.compare("teaching", ["before"], replicates=[1]),
        lambda: consensus_sim.compare("teaching", ["before"], seed="x"),
        lambda: consensus_sim.compare("teaching", [["before"]]),
        lambda: consensus_sim.compare("teaching", None),
        lambda: consensus_sim.compare("teaching", ["before"], weeks="x"),
        lambda: consensus_sim.compare("teaching", ["before"], reference=["before"]),
        lambda: consensus_sim.compare("teaching", ["before"], workers="x"),
        lambda: consensus_sim.compare("teaching", ["before"], overrides=[5]),
        lambda: consensus_sim.compare("teaching", ["before"], overrides="seed=1"),
        lambda: consensus_sim.compare("teaching", ["before"], config_dir=5),
        lambda: consensus_sim.compare(5, ["before"]),
        lambda: consensus_sim.load_model("teaching", 5),
        lambda: consensus_sim.load_model("teaching", "before", replicate="x"),
        lambda: consensus_sim.load_model(None, "before"),
        lambda: consensus_sim.load_scenario(5),
        lambda: consensus_sim.load_community(5),
        lambda: consensus_sim.load_community("x" * 300 + ".yaml"),
        lambda: consensus_sim.load_community(None),
    ],
)
def test_the_library_refuses_what_it_cannot_use(call):
    with pytest.raises(InputError):
        call()
