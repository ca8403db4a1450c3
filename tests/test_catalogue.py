"""The words that people read are whole, in both languages, and can be set in the typeface that the package carries."""

from __future__ import annotations

import importlib
import math
import pkgutil
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus_sim import catalogue, interventions
from consensus_sim.community.spec import CommunitySpec
from consensus_sim.council.events import Channel
from consensus_sim.council.topic_class import TopicClass
from consensus_sim.data_files import parse, sources
from consensus_sim.errors import InputError
from consensus_sim.interventions.base import Intervention
from consensus_sim.parameters import Behaviour
from consensus_sim.paths import configs_dir
from consensus_sim.report.typeface import has_glyphs
from consensus_sim.settings import declared, schema
from consensus_sim.study.config import compose

HEADLINES = """
    reach_quarter reach_year frequency frequency_ordinary person_times_quarter attendance_council attendance_tea
    attendance_ballot attendance_reception attendance_adhoc attendance_council_first4 attendance_council_last4
    consensus_settled consensus_shelved consensus_open topics_deliberated sittings_per_settled weeks_to_agenda
    weeks_to_resolution execution_on_time execution_late execution_never matters_landed vulnerable_offered
    vulnerable_accepted vulnerable_present vulnerable_speaking team_or_party_present team_or_party_present_first4
    team_or_party_present_last4 gini_speaking top_fifth_speaking satisfaction efficiency fairness trust efficacy
    belonging cognition skill behaviour fatigue fatigue_team strain_team cost_money cost_hours silent_micro_grids
    reach_in_person frequency_ordinary_in_person top_percent_share attendance_building_council attendance_salon
    attendance_seed_group attendance_talk topics_raised_by_party topics_led_by_party skill_gain_trained
    skill_gain_practised
""".split()
METRICS = [catalogue.metric(name) for name in catalogue.metric_names()]
FORECAST = [catalogue.forecast_metric(name) for name in catalogue.forecast_metric_names()]
WEEKLY = [catalogue.weekly_metric(name) for name in catalogue.weekly_metric_names()]


def everything() -> dict[str, dict[str, str]]:
    """Every text of the catalogue, those of the metrics too."""
    found = dict(catalogue.texts())
    for section, metrics in (("metrics", METRICS), ("weekly", WEEKLY), ("forecast", FORECAST)):
        for metric in metrics:
            found[f"{section}.{metric.name}.label"] = metric.labels
            found[f"{section}.{metric.name}.definition"] = metric.definitions
    return found


def placeholders(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}


def test_every_text_has_both_languages_with_the_same_placeholders() -> None:
    for key, words in everything().items():
        assert set(words) == {"zh", "en"}, key
        assert all(isinstance(one, str) and one.strip() for one in words.values()), key
        assert placeholders(words["zh"]) <= placeholders(words["en"]), key  # some for researchers only


def test_every_text_can_be_set_in_the_packages_typeface() -> None:
    for key, words in everything().items():
        for language, one in words.items():
            assert has_glyphs(one), (key, language)


def test_every_parameter_has_a_label_of_its_own() -> None:
    names = [p.name.removeprefix("behaviour.") for p in Behaviour.from_config(compose()["behaviour"])]
    labels = {k.removeprefix("parameter."): one for k, one in catalogue.texts().items() if k.startswith("parameter.")}
    assert sorted(labels) == sorted(names)
    for language in catalogue.LANGUAGES:
        assert len({words[language] for words in labels.values()}) == len(names)
    assert catalogue.parameter_label("trust.gain", "en").endswith("good outcome (trust.gain)")
    assert catalogue.parameter_label("trust.gain", "zh", lines=True) == "结果好于预期时信任上升多少\ntrust.gain"
    assert catalogue.parameter_label("my.own", "zh") == "my.own"


def test_the_headline_metrics_are_those_agreed() -> None:
    assert sorted(catalogue.metric_names()) == sorted(HEADLINES)


@pytest.mark.parametrize("metric", [*METRICS, *WEEKLY, *FORECAST], ids=lambda metric: metric.name)
def test_a_metric_is_whole(metric: catalogue.Metric) -> None:
    assert metric.direction in catalogue.DIRECTIONS
    assert metric.theme in catalogue.themes()
    assert catalogue.text(f"theme.{metric.theme}", "zh")
    assert catalogue.text(f"unit.{metric.unit}", "en") == metric.unit_label("en")
    assert metric.is_share == (metric.format.startswith("percent"))


def test_windows_are_told_in_the_definitions() -> None:
    for name in ("reach_quarter", "person_times_quarter", "attendance_council", "silent_micro_grids"):
        assert all("13" in catalogue.metric(name).definition(language) for language in catalogue.LANGUAGES)
    for name, weeks in (("reach_year", "52"), ("frequency", "26")):
        assert all(weeks in catalogue.metric(name).definition(language) for language in catalogue.LANGUAGES)


def test_the_short_tables_hold_known_metrics() -> None:
    for table, names in catalogue.headline_tables().items():
        assert catalogue.text(f"table.{table}", "zh")
        assert set(names) <= set(HEADLINES)
    assert set(catalogue.contrast_metrics()) <= set(HEADLINES)


def test_a_missing_text_is_named() -> None:
    with pytest.raises(KeyError, match="no.such.text"):
        catalogue.text("no.such.text", "en")
    with pytest.raises(KeyError, match="no_such_metric"):
        catalogue.metric("no_such_metric")
    with pytest.raises(KeyError, match="no_such_metric"):
        catalogue.weekly_metric("no_such_metric")


def test_a_missing_value_is_named() -> None:
    with pytest.raises(KeyError, match=r"interval.*high"):
        catalogue.text("interval", "en", low=1)


def test_an_unknown_language_is_one_clear_line() -> None:
    with pytest.raises(InputError) as caught:
        catalogue.text("none", "fr")
    assert str(caught.value) == "report.language: found 'fr'; allowed: zh, en"


def test_labels_of_a_users_own_names_are_the_names() -> None:
    assert catalogue.label_of("group", "elder", "en") == "60 and over"
    assert catalogue.label_of("group", "cyclists", "zh") == "cyclists"


def test_numbers_as_people_read_them() -> None:
    reach, money, frequency = (catalogue.metric(name) for name in ("reach_quarter", "cost_money", "frequency"))
    assert reach.show(0.01234) == "1.23 %"
    assert reach.show_difference(0.003, "en") == "+0.30 pp"
    assert reach.show_difference(-0.003, "zh") == "-0.30 个百分点"
    assert money.show(12345.6) == "12,346"
    assert frequency.show_difference(0.5, "en") == "+0.50"
    small = [frequency.show_difference(value) for value in (0.004, -0.0004, -0.00004, 0.0)]
    assert small == ["+0.004", "-0.0004", "-0.00", "0.00"]
    assert money.show_difference(-0.3) == "-0.3" and reach.show_difference(0.00002) == "+0.002"
    assert frequency.show_interval(0.5, 1.25) == "[0.50; 1.25]"
    assert frequency.show(math.nan) == frequency.show_difference(math.nan) == "–"


@given(st.sampled_from(METRICS), st.floats(-1e6, 1e6))
def test_a_written_difference_is_the_number_with_its_sign(metric: catalogue.Metric, value: float) -> None:
    written = metric.show_difference(value)
    number = float(written.replace(",", ""))
    assert written.startswith("-" if value < 0 else "+" if value else "0")
    assert abs(number - value * metric.scale) <= 0.5 * 10**-metric.decimals + 1e-6
    least = 0.5 * 10 ** -(metric.decimals + catalogue.MORE_DECIMALS)
    assert number != 0 or abs(value * metric.scale) <= least * (1 + 1e-9)


def of_settings() -> dict[str, type]:
    """The classes whose settings the catalogue labels, by the name of their section."""
    found: dict[str, type] = {"channel": Channel, "topic": TopicClass}
    for module in pkgutil.iter_modules(interventions.__path__):
        for kind in vars(importlib.import_module(f"consensus_sim.interventions.{module.name}")).values():
            own = isinstance(kind, type) and issubclass(kind, Intervention) and kind is not Intervention
            if own and kind.__module__.endswith(f".{module.name}"):
                found[module.name] = kind
    return found


def units(node: object) -> set[str]:
    """All units in a JSON schema."""
    if isinstance(node, list):
        return set().union(*map(units, node))
    if not isinstance(node, dict):
        return set()
    own = {node["unit"]} if isinstance(node.get("unit"), str) and node["unit"] else set()
    return own.union(*map(units, node.values()))


SETTINGS = [(place, each) for place, kind in of_settings().items() for each in declared(kind).values()]


@pytest.mark.parametrize(("place", "each"), SETTINGS, ids=[f"{place}.{each.name}" for place, each in SETTINGS])
def test_every_setting_has_a_label_in_both_languages(place, each):
    for language in catalogue.LANGUAGES:
        label = catalogue.setting_label(place, each.name, language)
        assert label and (label != each.name or language == "en")
        assert len(label) <= (14 if language == "zh" else 60)
    assert has_glyphs(catalogue.setting_label(place, each.name, "zh"))


SHIPPED = sorted((configs_dir() / "intervention").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_every_setting_of_a_shipped_intervention_has_unit_labels_source_and_group(path):
    text = path.read_text(encoding="utf-8")
    values = parse(text, path.name)
    place = values["class"]
    found = declared(of_settings()[place], place, text)
    assert set(values) - {"class", "variants"} <= set(found)
    for each in found.values():
        assert each.label["zh"] != each.name and each.label["en"] == catalogue.setting_label(place, each.name, "en")
        assert each.group == place
        assert each.unit or each.kind not in ("number", "integer") or (each.low, each.high) == (0, 1), each
        assert each.source or each.name not in values, each


def test_the_source_of_a_value_is_what_the_comment_behind_it_says():
    text = """# An example [F1-F3]
a: 2                          # points [F34]; assumption
b: "x # F9"                   # P12, P13, L22b
c: {x: 1, y: 2}               # not reported
d:                            # D9
  - 1                         # F77
e: null
"""
    assert sources(text) == {
        "a": "F34, assumption", "b": "P12, P13, L22b", "c": "not reported", "d": "D9", "e": "F1-F3",
    }  # fmt: skip
    assert sources("") == {}


def test_every_unit_of_a_setting_is_in_chinese_too():
    found = set().union(*(units(schema(kind)) for kind in (*of_settings().values(), CommunitySpec)))
    assert len(found) > 80
    for unit in found:
        assert catalogue.unit_label(unit, "zh") != unit and has_glyphs(catalogue.unit_label(unit, "zh")), unit


def test_the_catalogue_labels_no_setting_that_is_not_there():
    declared_names = {(place, each.name) for place, each in SETTINGS}
    names = {name for _, name in declared_names}
    for place, labels in catalogue._content()["settings"].items():
        for name in labels:
            assert (place, name) in declared_names or (place == "intervention" and name in names)


def test_a_setting_of_somebody_s_own_has_the_label_of_its_declaration():
    about = {"label_zh": "茶点", "label_en": "snacks"}
    assert catalogue.setting_label("mine", "snacks_served", "zh", about) == "茶点"
    assert catalogue.setting_label("mine", "snacks_served", "en") == "snacks_served"
    assert catalogue.setting_label("mine", "start", "en") == "first day"
