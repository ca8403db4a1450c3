"""The points bank's economy: catalogue, price level, money by source; the ledger and the purse always add up."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus_sim.errors import InputError
from consensus_sim.interventions.base import build_lever
from consensus_sim.interventions.points_economy import SOURCES, Catalogue, Item, Purse
from tests.helpers import assert_same_tables, intervention_files, lever, make_model, make_tables

LIVELY = {"channels.council": -4.0, "channels.tea": -3.0, "topics.arrivals": 0.6, "topics.suggestion": 0.5}
ITEMS = {
    "coupon": {"price": 4, "worth": 5.0, "share": 0.7},
    "haircut": {"price": 9, "worth": 8.0, "share": 0.3},
}
CASES = {
    "catalogue": {"catalogue": ITEMS, "budget": 1e6},
    "money runs out": {"catalogue": ITEMS, "budget": 20.0, "sponsors": 7.0, "public_revenue": 90, "public_share": 0.1},
    "prices rise": {"catalogue": ITEMS, "budget": 20.0, "inflation": 0.3, "price_ceiling": 3.0, "redeemed_share": 0.9},
    "a sponsor ends": {"budget": 0.0, "sponsors": 5000.0, "sponsor_until": "2024-11-05"},
    "the budget ends": {"catalogue": ITEMS, "budget": 60.0, "sponsors": 5.0, "budget_until": "2024-11-05"},
    "the bank ends": {"catalogue": ITEMS, "budget": 60.0, "sponsors": 5.0, "end": "2024-11-05"},
    "one dear item": {"catalogue": {"bicycle": {"price": 30, "worth": 400.0, "share": 1.0}}, "budget": 1500.0},
}  # fmt: skip


def play(weeks=80, seed=1, behaviour=None, **settings):
    """A run, its bank, and (issued, held, redeemed, expired, left, came in, paid, lapsed, level) a week."""
    behaviour, settings = {**LIVELY, **(behaviour or {})}, {"value": 1.0, "budget": 1000.0, **settings}
    model = make_model("points", weeks=weeks, seed=seed, behaviour=behaviour, levers={"points": settings})
    bank, rows = lever(model, "points"), []
    while model.week < weeks:
        model.step()
        if hasattr(bank, "purse"):
            purse, held = bank.purse, int(model.residents.points.sum())
            money = [float(part.sum()) for part in (purse.left, purse.came_in, purse.paid, purse.lapsed)]
            rows.append((bank.issued, held, bank.redeemed, bank.expired, *money, bank.shop.level))
            np.testing.assert_allclose(purse.came_in, purse.left + purse.paid + purse.lapsed, atol=1e-6)
            assert (purse.left >= -1e-6).all()
    return model, bank, np.array(rows)


@pytest.mark.parametrize("case", CASES)
def test_points_and_money_are_conserved_after_every_week(case):
    model, bank, rows = play(**CASES[case])
    issued, held, redeemed, expired, left, came_in, paid, _, _ = rows.T
    np.testing.assert_array_equal(issued, held + redeemed + expired)
    assert (paid <= came_in + 1e-6).all() and (left >= -1e-6).all()
    assert (np.diff(came_in) >= 0).all() and (np.diff(paid) >= 0).all()
    assert paid[-1] > 0, "something was bought"
    assert paid[-1] == pytest.approx(float((bank.shop.handed_out * bank.shop.worth).sum()))
    booked = sum(cost[2] for cost in model.recorder.costs if cost[1] == "points")
    assert booked == pytest.approx(bank.cost["start_money"] + paid[-1])


def test_at_exhaustion_what_was_paid_is_what_came_in():
    """No item is so dear that money is left over: at a CNY a point the purse empties to the last whole CNY."""
    _, _, rows = play(budget=20.0, sponsors=7.0, public_revenue=100.0, public_share=0.05, redeemed_share=1.0)
    left, came_in, paid, lapsed = rows[:, 4], rows[:, 5], rows[:, 6], rows[:, 7]
    empty = left < 1.0
    assert empty.sum() > 10
    np.testing.assert_allclose((paid + lapsed)[empty] + left[empty], came_in[empty])


def test_one_item_of_a_point_worth_the_value_is_the_bank_without_a_catalogue():
    named = {"points": {"catalogue": {"point": {"price": 1, "worth": 1.7, "share": 1.0}}, "value": 0.0, "budget": 40.0}}
    plain = {"points": {"value": 1.7, "budget": 40.0}}
    tables = [make_tables("points", behaviour=LIVELY, levers=levers) for levers in (named, plain)]
    assert_same_tables(*tables)


def test_neutral_settings_of_the_economy_change_nothing():
    """Ends that never come, a share of no revenue, a ceiling without inflation."""
    neutral = {"sponsor_until": "2024-08-01", "public_share": 0.5, "price_ceiling": 4.0, "budget_until": "2035-01-01"}
    assert_same_tables(
        make_tables("points", behaviour=LIVELY, levers={"points": neutral}), make_tables("points", behaviour=LIVELY)
    )


def test_only_whole_items_are_bought_in_the_shares_of_demand():
    """Redeemed points are the items times their prices; who comes for what: binomial over many draws, 5 SE, 6e-7."""
    _, bank, rows = play(catalogue=ITEMS, budget=1e6, redeemed_share=1.0, weeks=104)
    assert rows[-1, 2] == (bank.shop.handed_out * bank.shop.prices).sum() and (bank.shop.handed_out > 0).all()
    shop = Catalogue({name: Item(**item) for name, item in ITEMS.items()}, 0.0)
    came_for = shop.wished(np.random.default_rng(5).random(20_000))
    assert abs((came_for == 0).mean() - 0.7) < 5 * np.sqrt(0.21 / 20_000)


def test_an_item_without_a_worth_of_its_own_has_that_of_its_points():
    shop = Catalogue({"coupon": Item(10, None, 0.6), "haircut": Item(15, 30.0, 0.4)}, 0.45)
    np.testing.assert_allclose(shop.worth, [4.5, 30.0])
    assert shop.start_value == pytest.approx(0.6 * 0.45 + 0.4 * 2.0)
    shop.reprice(2.0)
    assert shop.start_value == pytest.approx(0.6 * 0.45 + 0.4 * 2.0), "at the prices of the start"
    assert shop.point_value < shop.start_value


def test_who_cannot_pay_for_an_item_saves_on():
    shop = Catalogue({"haircut": Item(15, 15.0, 1.0)}, 0.0)
    points, item, lot = np.array([14, 15, 300, 300]), np.zeros(4, np.int64), np.array([0.0, 0.0, 0.0, 0.999])
    np.testing.assert_array_equal(shop.wanted(points, 0.6, item, lot), [0, 1, 4, 4])
    np.testing.assert_array_equal(shop.wanted(points, 0.5, item, lot), [0, 1, 4, 3])


def test_claims_are_those_of_who_can_pay():
    shop = Catalogue({name: Item(**item) for name, item in ITEMS.items()}, 0.0)
    points = np.array([0, 3, 4, 9], np.int32)
    assert shop.claims(points, 0.5) == pytest.approx(0.5 * (0.7 * 13 * 5 / 4 + 0.3 * 9 * 8 / 9))
    assert Catalogue({}, 1.7).claims(points, 0.6) == 16 * 1.7 * 0.6


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1)), min_size=1, max_size=30),
    st.floats(0, 300),
    st.integers(0, 10**6),
)
def test_nobody_gets_more_than_asked_and_all_no_more_than_the_money(asked, money, seed):
    shop = Catalogue({name: Item(**item) for name, item in ITEMS.items()}, 0.0)
    wanted, item = (np.array(column, np.int64) for column in zip(*asked, strict=True))
    queue = np.random.default_rng(seed).permutation(len(wanted))
    got = shop.served(wanted, item, queue, money)
    assert (got >= 0).all() and (got <= wanted).all()
    assert shop.hand_out(got, item) <= money + 1e-6
    if (wanted * shop.worth[item]).sum() <= money:
        np.testing.assert_array_equal(got, wanted)


@given(st.lists(st.tuples(st.lists(st.floats(0, 1e4), min_size=3, max_size=3), st.floats(0, 1)), max_size=8))
def test_a_purse_adds_up_by_source_and_sponsors_pay_first(quarters):
    purse = Purse()
    for income, part in quarters:
        purse.fill(np.array(income))
        amount = part * purse.all_left
        purse.pay(amount)
        np.testing.assert_allclose(purse.came_in, purse.paid + purse.left + purse.lapsed, atol=1e-6)
        if amount < income[0]:
            np.testing.assert_array_equal(purse.left[1:], income[1:])


def test_prices_rise_with_claims_up_to_their_ceiling_and_fall_back():
    shop = Catalogue({"haircut": Item(15, 15.0, 1.0)}, 0.0)
    levels = []
    for claims in (200, 200, 200, 50, 50, 50, 50):
        shop.revise(claims, 100, 0.25, 1.5)
        levels.append(shop.level)
    np.testing.assert_allclose(levels, [1.25, 1.5, 1.5, 1.2, 1.0, 1.0, 1.0])
    shop.reprice(1.5)
    assert shop.prices[0] == 23 and shop.point_value == pytest.approx(15 / 23)
    shop.revise(1e9, 0, 0.0, 1.5)
    assert shop.level == 1.5, "without inflation prices stand still"


def test_inflation_makes_points_worth_less_and_the_money_last_longer():
    """Belief follows: where prices rise claims come down to the money, and the pull of a certain point is smaller."""
    scarce = {"catalogue": ITEMS, "budget": 40.0, "redeemed_share": 0.9}
    fixed, rising = (play(weeks=104, **scarce, inflation=step, price_ceiling=20.0)[1] for step in (0.0, 0.5))
    assert fixed.shop.level == 1.0 and rising.shop.level > 2.0
    assert rising.shop.point_value < 0.6 * fixed.shop.point_value
    assert rising.belief > fixed.belief


def test_a_sponsor_who_ends_takes_what_is_left_and_the_belief_along():
    model, bank, rows = play(**CASES["a sponsor ends"])
    begun = 80 - len(rows)
    ended = next(week for week in range(80) if model.calendar.date(week) > bank.sponsor_until)
    assert (rows[ended - begun :, 4] == 0).all() and rows[ended - begun - 1, 4] > 0
    assert rows[-1, 5] == rows[ended - begun, 5] and rows[-1, 6] == rows[ended - begun, 6]
    assert bank.belief < 0.01 and rows[-1, 0] > rows[ended - begun, 0], "points are still booked"


def test_income_is_told_by_source():
    table = make_tables(
        "points",
        weeks=30,
        levers={"points": {"sponsors": 11.0, "public_revenue": 1000.0, "public_share": 0.02, "budget": 1000.0}},
    )["points"]
    quarters = 2  # the second and third of 2024: the bank starts in May, the run ends in September
    for source, amount in zip(SOURCES, (11.0, 20.0, 1000.0), strict=True):
        assert table[f"income_{source}"][-1] == quarters * amount
    total = sum(table[f"income_{source}"] for source in SOURCES)
    np.testing.assert_allclose(table["paid"] + table["lapsed"] + table["budget_left"], total, atol=1e-6)


def test_the_full_and_the_dry_scenario_are_what_they_say():
    full = make_model("points_full", weeks=80, behaviour=LIVELY).run()
    bank = lever(full, "points")
    assert set(bank.shop.names) == {"coupon", "haircut", "housekeeping"} and bank.shop.handed_out.sum() > 0
    assert (bank.purse.came_in > 0).all()
    assert bank.shop.start_value == pytest.approx(full.parameters.motive.point_value), "items alone change nothing"
    dry, plain = (make_model(name, weeks=80, behaviour=LIVELY) for name in ("points_dry", "points"))
    while plain.calendar.date(plain.week) <= lever(dry, "points").budget_until:
        dry.step(), plain.step()
    assert dry.recorder.points_rows == plain.recorder.points_rows
    assert lever(dry.run(), "points").belief < 0.01 < lever(plain.run(), "points").belief
    assert lever(dry, "points").income(dry.calendar.date(79)) == [0.0, 0.0, 0.0]


def test_where_the_money_is_gone_nothing_pulls_and_the_motive_lost_stays_lost():
    """B16's mechanism: it can end below where points never were, if P32 is above zero, and not otherwise."""
    lost = {}
    for crowding in (0.0, 0.7):
        behaviour = {**LIVELY, "motive.crowding_out": crowding}
        settings = {"honours": 0, "crowding_acts": 4.0}
        dry = make_model("points_dry", weeks=80, behaviour=behaviour, levers={"points": settings}).run()
        assert np.max(lever(dry, "points").utility(dry, dry.event("tea"))) < 1e-3
        lost[crowding] = float((dry.residents.start_motive - dry.residents.motive).sum())
    assert lost[0.0] == 0.0 and lost[0.7] > 0.1


def test_adjusting_the_bank_keeps_ledger_purse_and_price_level_and_prices_anew():
    rules = [{"date": "2024-07-01", "adjust": {"points": {"value": 4.0, "attendance": 3}}}]
    levers = {"action_research": {"start": "2024-05-01", "rules": rules}}
    model, same = (make_model("points", weeks=30, behaviour=LIVELY, levers=each) for each in (levers, {}))
    turn = model.calendar.week_of(date(2024, 7, 1))
    while model.week < turn:
        model.step(), same.step()
    assert model.recorder.points_rows == same.recorder.points_rows
    bank = lever(model, "points")
    held, level = bank.held, bank.shop.level
    model.step()
    assert bank.shop.point_value == 4.0 / level and bank.held >= held > 0
    assert model.rules.reward_in_force and bank.purse.came_in.sum() == lever(same, "points").purse.came_in.sum()


WRONG = [
    ({"catalogue": {"coupon": {"price": 0, "worth": 1.0, "share": 1.0}}}, "points.catalogue.coupon.price: found 0"),
    ({"catalogue": {"coupon": {"price": 1.5, "worth": 1.0, "share": 1.0}}}, "a whole number from 1"),
    ({"catalogue": {"coupon": {"price": 1, "worth": 0, "share": 1.0}}}, "coupon.worth: found 0; allowed: 0.01"),
    ({"catalogue": {"coupon": {"price": 1, "share": 1.0}}}, "coupon: the key 'worth' is missing"),
    ({"catalogue": {"coupon": {"price": 1, "wort": 1, "share": 1.0}}}, "did you mean 'worth'"),
    ({"catalogue": {"coupon": {"price": 1, "worth": 1, "share": 0.4}}}, "shares add up to 0.4"),
    ({"catalogue": {"coupon": 3}}, "points.catalogue.coupon: found 3"),
    ({"catalogue": ["coupon"]}, "a mapping: a name"),
    ({"sponsor_until": "soon"}, "points.sponsor_until: found 'soon'; allowed: a date"),
    ({"inflation": 2.0}, "points.inflation: found 2; allowed: 0 to 1 share a quarter"),
    ({"price_ceiling": 0.5}, "points.price_ceiling: found 0.5"),
]


@pytest.mark.parametrize(("changes", "told"), WRONG)
def test_a_wrong_setting_is_told_in_one_line(changes, told):
    with pytest.raises(InputError) as error:
        build_lever("points", {**intervention_files()["points"], **changes})
    assert told in str(error.value) and "\n" not in str(error.value)
