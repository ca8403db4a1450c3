"""Choosing a package: what is enumerated, screened, chosen and said, by numbers made up by hand, and one command."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from consensus_sim.errors import InputError
from consensus_sim.experiments.choose.choice import (
    HOURS,
    MONEY,
    Choice,
    Chooser,
    Found,
    Goals,
    Raced,
    choose,
    design,
    predicted,
)
from consensus_sim.experiments.choose.figure import draw_front
from consensus_sim.experiments.choose.packages import config_with, name_of, packages_of, read_asked, read_choose
from consensus_sim.experiments.choose.study import made
from consensus_sim.experiments.choose.tables import front, front_probability, regret_table, worth_table
from consensus_sim.experiments.choose.text import sentences
from consensus_sim.experiments.runner import Command
from consensus_sim.forecast.selection import Selection
from consensus_sim.forecast.simulator import Simulator
from consensus_sim.runs.engines import Serial
from consensus_sim.study.config import compose
from consensus_sim.study.study import read_study

CONFIG = compose(["experiment=choose", "community=teaching"])


def options(*counts):
    return {f"i{number}": {f"o{k}": None for k in range(count)} for number, count in enumerate(counts)}


def test_every_intervention_is_off_or_at_one_of_its_options():
    packages = packages_of(options(1, 3, 2))
    assert packages[0] == () and len(packages) == len(set(packages)) == 2 * 4 * 3
    assert all(len({lever for lever, _ in package}) == len(package) for package in packages)


def test_a_package_is_named_after_its_parts():
    named = [name_of(package, options(1, 2), "now") for package in packages_of(options(1, 2))]
    assert named == ["now", "i1.o0", "i1.o1", "i0", "i0+i1.o0", "i0+i1.o1"]


def test_a_package_is_a_scenario_on_top_of_what_is_done_now():
    settings = read_choose(CONFIG)
    package = (("points", "plain"), ("quota_seating", "enforced"))
    study = read_study(config_with([package], settings, {**CONFIG, "replicates": 2}))
    now, more = study.scenarios
    assert study.reference == now.name == "council"
    assert dict(more.levers).keys() == dict(now.levers).keys() | {"points", "quota_seating"}
    assert more.label["en"] == now.label["en"] + "+points+quota seats"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ("budget=-1", "budget"), ("want=[reach]", "want"),
        ("scenarios=[before,council]", "scenarios"), ("choose.raced=1", "choose.raced"), ("want=[]", "want"),
        ("hours=many", "hours"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_before_anything_is_simulated(change, key):
    config = compose(["experiment=choose", "community=teaching", change])
    with pytest.raises(InputError, match=key):
        Chooser(Command(config, None))


def test_an_intervention_that_is_none_is_refused():
    config = copy.deepcopy(CONFIG)
    config["choose"]["interventions"]["point"] = config["choose"]["interventions"].pop("points")
    with pytest.raises(InputError, match="points"):
        read_choose(config)
    for want in ({"reach_year": 0.0}, {}, "reach_year", None):
        with pytest.raises(InputError, match="want"):
            read_asked({**CONFIG, "want": want})


def test_more_than_eight_interventions_are_refused():
    config = copy.deepcopy(CONFIG)
    config["choose"]["interventions"]["ballot"] = config["choose"]["interventions"]["points"]
    with pytest.raises(InputError, match="one to eight"):
        read_choose(config)


def test_goals_count_in_least_differences_with_weight_and_sign():
    want = {"reach_year": 3.0, "weeks_to_agenda": 1.0}
    study = read_study({**CONFIG, "replicates": 2})
    goals = Goals.of(want, study, adults=400)
    least = study.least.of({"reach_year": "share_of_adults", "weeks_to_agenda": "weeks"}, 400)
    found = Found({"reach_year": np.array([[0.5]]), "weeks_to_agenda": np.array([[10.0]])})
    expected = 3 * 0.5 / least["reach_year"] - 10.0 / least["weeks_to_agenda"]
    assert goals.utility(found)[0, 0] == pytest.approx(expected)


def test_main_effects_predict_packages_that_were_not_simulated():
    packages = packages_of(options(1, 2, 1))
    matrix = design(packages)
    values = matrix @ np.array([1.0, 2.0, 3.0, -5.0, 7.0])
    sample = [k for k, package in enumerate(packages) if len(package) <= 1]
    np.testing.assert_allclose(predicted(matrix, sample, values[sample]), values)
    holed = np.where(np.arange(len(packages)) == 1, np.nan, values)
    np.testing.assert_allclose(predicted(matrix, range(len(packages)), holed), values)


def raced(utility, money, left, dropped, inside):
    """A race of packages with constant values, 10 replicates at the first look."""
    constant = lambda line: np.repeat(np.array(line, float)[:, None], 10, axis=1)  # noqa: E731
    values = {k: np.full(10, u) for k, u in enumerate(utility)}
    selection = Selection(leader=left[0], left=tuple(left), equal=False, dropped=dropped, values=values)
    found = Found({"reach_year": constant(utility), MONEY: constant(money), HOURS: constant(money)})
    return Raced([()] * len(utility), None, selection, found, np.array(inside))


def test_the_best_is_chosen_where_it_is_alone():
    race = raced([0, 5, 3], [10, 30, 20], [1], {0: 10, 2: 20}, [True] * 3)
    assert choose(race) == Choice("best", 1, (1, 2, 0))


def test_of_equals_the_cheapest_is_chosen():
    race = raced([0, 5, 4.9, 4.8], [10, 30, 20, 25], [1, 2, 3], {0: 10}, [True] * 4)
    assert choose(race) == Choice("cheapest", 2, (2, 1, 3, 0))


def test_where_nothing_is_surely_better_than_now_no_money_is_spent():
    race = raced([0, 0.1, -3], [10, 30, 20], [1, 0], {2: 10}, [True] * 3)
    assert choose(race) == Choice("now", 0, (1, 2, 0))


def test_what_is_over_the_budget_is_no_finalist():
    race = raced([0, 9, 3], [10, 99, 20], [2], {1: 10, 0: 20}, [True, False, True])
    assert choose(race) == Choice("best", 2, (2, 0))
    nothing = raced([0, 9, 3], [10, 99, 20], [0], {1: 10, 2: 10}, [False] * 3)
    assert choose(nothing).kind == "none"


def test_the_front_holds_what_nothing_beats():
    utility, money = np.array([0.0, 5.0, 4.0, 5.0, 9.0]), np.array([0.0, 10.0, 12.0, 11.0, 30.0])
    assert front(utility, money).tolist() == [True, True, False, False, True]
    same = front_probability(np.repeat(utility[:, None], 8, axis=1), np.repeat(money[:, None], 8, axis=1), 20, 1)
    assert same.tolist() == [1.0, 1.0, 0.0, 0.0, 1.0]


def test_regret_is_what_a_package_falls_short_of_the_best_by_draw():
    table = regret_table(np.array([[1.0, 1.0, 1.0, 1.0], [0.0, 3.0, 0.0, 0.0]]), ["a", "b"])
    assert table["regret"].tolist() == [0.5, 0.75] and table["p_best"].tolist() == [0.75, 0.25]


def test_the_parameter_that_turns_the_choice_stands_first():
    rng = np.random.default_rng(1)
    turning, idle = rng.normal(size=200), rng.normal(size=200)
    utility = np.array([np.zeros(200), turning]) + rng.normal(0, 0.1, (2, 200))
    table = worth_table(utility, {"idle": idle, "turning": turning, "fixed": np.ones(200)}, ["a", "b"], 99, 1)
    first = table.iloc[0]
    assert table["parameter"].tolist() == ["turning", "idle"]
    assert (first["below"], first["above"]) == ("a", "b") and abs(first["flip"]) < 0.2 and first["p"] == 0.02


SMALL = (
    "experiment=choose", "community=teaching", "months=3", "engine=serial", "report.figures=false", "report.html=false",
    "choose.raced=4", "choose.screened=16", "choose.screening=2", "choose.first=4", "choose.batch=2", "choose.most=6",
    "choose.final=10", "choose.structural=2", "choose.permutations=19", "want=[reach_year]",
)  # fmt: skip


@pytest.fixture(scope="module")
def chosen(tmp_path_factory):
    """A choice on the teaching community, with a budget that leaves out the dearest packages."""
    results = tmp_path_factory.mktemp("choose")
    config = compose([*SMALL, f"results={results}", "budget=60000"])
    simulator = Simulator(Serial(), results / ".replicates", progress=False)
    return made(Command(config, simulator))


def test_all_that_is_raced_but_what_is_done_now_is_counted_somewhere(chosen):
    packages = len(packages_of(chosen.chooser.settings.interventions))
    screening = chosen.screening
    inside = len(screening.raced) + screening.left_out
    assert inside + screening.beyond == packages
    table = chosen.tables["packages"]
    assert len(table) == len(screening.raced) == 4 and table["package"][0] == "council"
    assert table["chosen"].sum() == 1
    assert (table.loc[table["within_budget"], "money"] <= 60000).all()


def test_the_last_ones_are_simulated_under_another_seed(chosen):
    assert chosen.forecast.study.seed == chosen.chooser.base.seed + 1
    assert chosen.forecast.study.replicates == 10
    assert len(chosen.tables["regret"]) == len(chosen.forecast.study.scenarios)
    assert set(chosen.tables["structure"]["alternative"]) == set(chosen.chooser.settings.alternatives)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_numbers_in_sentences_are_those_of_the_tables(chosen, language):
    told = sentences(chosen, language)
    contrasts = chosen.forecast.contrasts().set_index(["scenario", "metric", "group"])
    adults = int(chosen.chooser.community.population.adult.sum())
    for scenario in chosen.forecast.study.scenarios:
        if scenario.name != "council":
            line = next(each for each in told[1:] if each.startswith(scenario.label[language]))
            persons = contrasts.loc[(scenario.name, "reach_year", "all"), "difference"] * adults
            money = contrasts.loc[(scenario.name, MONEY, "all"), "difference"]
            assert f"{persons:,.0f}" in line and f"{money:,.0f}" in line
    for word in ("先验", "后验", "参数组", "CRPS", "蒙特卡洛", "null"):
        assert word not in "".join(told)


def test_the_figure_holds_every_package(chosen):
    figure = draw_front(chosen.tables["packages"], "en")
    marks = [line for line in figure.axes[0].lines if line.get_marker() in ("o", "*")]
    assert len(marks) == len(chosen.tables["packages"])
