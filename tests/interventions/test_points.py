"""The points bank: what is booked, redeemed, expired and honoured; what the budget and the belief do."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.interventions.base import Intervention
from tests.helpers import community, lever, make_model

LIVELY = {"channels.council": -4.0, "channels.tea": -3.0, "topics.arrivals": 0.6, "topics.suggestion": 0.5}


def play_weekly(weeks=104, seed=1, behaviour=None, **settings):
    """A run with points and the ledger after every week: (model, lever, rows); 1 CNY a point, 1,000 CNY a quarter."""
    settings = {"value": 1.0, "budget": 1000.0, **settings}
    model = make_model(
        "points", weeks=weeks, seed=seed, behaviour={**LIVELY, **(behaviour or {})}, levers={"points": settings}
    )
    bank, rows = lever(model, "points"), []
    while model.week < weeks:
        model.step()
        if hasattr(bank, "issued"):
            held = model.residents.points
            rows.append((bank.issued, int(held.sum()), bank.redeemed, bank.expired, bank.budget_left, bank.belief))
            assert held.min() >= 0
            np.testing.assert_array_equal(bank.lots.sum(axis=0), held)
            assert bank.held == held.sum()
    return model, bank, np.array(rows)


CASES = {
    "plain": {},
    "budget runs out": {"budget": 12.0},
    "no budget": {"budget": 0.0},
    "points live a quarter": {"expiry_quarters": 1, "redeemed_share": 0.1},
    "all is brought": {"redeemed_share": 1.0, "budget": 1e6},
    "dear points": {"value": 7.3, "budget": 50.0},
    "free points": {"value": 0.0},
    "ends": {"end": "2024-11-15"},
    "no honours": {"honours": 0},
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seed", [1, 2])
def test_issued_is_held_redeemed_or_expired_after_every_week(case, seed):
    _, bank, rows = play_weekly(seed=seed, **CASES[case])
    issued, held, redeemed, expired, budget, belief = rows.T
    np.testing.assert_array_equal(issued, held + redeemed + expired)
    assert issued[-1] > 100
    for series in (issued, redeemed, expired):
        assert (np.diff(series) >= 0).all()
    assert (budget >= -1e-9).all() and (budget <= bank.budget + 1e-9).all()
    assert (belief >= 0).all() and (belief <= 1).all()


def test_the_cases_above_do_come_to_exhaustion_and_expiry():
    _, bank, rows = play_weekly(**CASES["budget runs out"])
    assert (rows[:, 4] < bank.value).any() and rows[-1, 2] > 0
    _, _, rows = play_weekly(**CASES["points live a quarter"])
    assert rows[-1, 3] > 0
    model, _, rows = play_weekly(**CASES["ends"])
    assert rows[-1, 1] == 0 and rows[-1, 3] > 0 and model.residents.points.sum() == 0


def test_nothing_is_redeemed_beyond_the_budget_of_each_quarter():
    model, bank, _ = play_weekly(**CASES["dear points"])
    weeks = np.array([row[0] for row in model.recorder.points_rows])
    redeemed = np.array([row[3] for row in model.recorder.points_rows])
    quarters = np.array([model.calendar.quarter(week) for week in weeks])
    for quarter in np.unique(quarters):
        inside = np.flatnonzero(quarters == quarter)
        before = redeemed[inside[0] - 1] if inside[0] else 0
        assert (redeemed[inside[-1]] - before) * bank.value <= bank.budget + 1e-6
    money = sum(cost[2] for cost in model.recorder.costs if cost[1] == "points")
    assert money == pytest.approx(bank.cost["start_money"] + redeemed[-1] * bank.value)


def test_points_expire_after_the_quarters_they_live():
    """Nothing is redeemed: what was issued in a quarter is what expires `expiry_quarters` quarter ends later."""
    model, bank, rows = play_weekly(weeks=104, redeemed_share=0.0, expiry_quarters=3)
    begun = 104 - len(rows)
    ends = [week - begun for week in range(begun, 104) if model.calendar.ends_quarter(week)]
    issued = [rows[end, 0] for end in ends]
    expired = [rows[end, 3] for end in ends]
    assert expired[:2] == [0, 0] and issued[0] > 0
    assert expired[2:] == issued[: len(expired) - 2]
    assert bank.redeemed == 0


def test_belief_follows_the_budget_within_weeks():
    """B16's mechanism: where it runs out belief falls, and the pull of points with it."""
    _, _, rich = play_weekly(budget=1e6)
    _, _, poor = play_weekly(budget=12.0)
    assert rich[:, 5].min() == 1.0
    assert poor[-20:, 5].mean() < 0.5
    _, _, never = play_weekly(budget=0.0)
    assert never[:, 5].max() == 0.0


def test_points_draw_people_and_no_belief_draws_nobody():
    """Direction on paired runs over four seeds: the pull is the only difference at the first event."""
    came = {}
    for budget in (1e6, 0.0):
        came[budget] = 0
        for seed in range(4):
            model = make_model(
                "points", weeks=40, seed=seed, behaviour={**LIVELY, "motive.reward": 2.0},
                levers={"points": {"budget": budget, "start": "2024-05-06", "honour_pull": 0.0}},
            ).run()  # fmt: skip
            came[budget] += sum(len(who) for week, channel, who in model.recorder.acts if channel != "ballot")
    assert came[1e6] > 1.2 * came[0.0]


def test_the_pull_of_an_attendance_is_the_parameter_and_half_points_pull_less_online():
    model = make_model("points", weeks=40, levers={"points": {"honours": 0, "value": 1.0, "start": "2024-03-04"}})
    while not model.is_open("ballot"):
        model.step()
    bank = lever(model, "points")
    assert bank.belief > 0.9
    active = model.last_act >= model.week - 26
    tea, ballot = (bank.utility(model, model.event(name))[active].copy() for name in ("tea", "ballot"))
    expected = model.parameters.motive.reward * np.log(1 + 2 * bank.belief) / np.log(3)
    np.testing.assert_allclose(tea, expected, rtol=1e-5)
    assert len(tea) > 0 and (ballot > 0).all() and (ballot < tea).all()


def test_honours_go_to_the_quarters_top_and_lift_them():
    model = make_model("points", weeks=104, behaviour=LIVELY, levers={"points": {"honours": 4}})
    bank, weeks_with_honours = lever(model, "points"), 0
    honour, recognition = bank.honour_relief, bank.recognition
    looked = []

    def on_quarter_end(kind, each=bank.on_quarter_end):
        residents = model.residents
        earned, fatigue, motive = bank.earned.copy(), residents.fatigue.copy(), residents.motive.copy()
        each(kind)
        looked.append((earned, fatigue, residents.fatigue.copy(), motive, residents.motive.copy()))

    bank.on_quarter_end = on_quarter_end
    model.run()
    for earned, fatigue, rested, motive, raised in looked:
        honoured = np.flatnonzero(raised > motive)
        weeks_with_honours += len(honoured) > 0
        assert len(honoured) == min(4, np.count_nonzero(earned))
        if len(honoured):
            others = np.setdiff1d(np.flatnonzero(earned), honoured)
            assert earned[honoured].min() >= max(earned[others], default=0)
            np.testing.assert_allclose(
                raised[honoured], motive[honoured] + recognition * (1 - motive[honoured]), rtol=1e-5
            )
            np.testing.assert_allclose(rested[honoured], np.maximum(fatigue[honoured] - honour, 0), atol=1e-6)
    assert weeks_with_honours >= 5
    assert (bank.earned >= 0).all()


def test_an_honour_within_reach_draws_the_active_among_those_near_the_last_ones_points():
    settings = {"honours": 3, "active_weeks": 4, "honour_pull": 0.3}
    model = make_model("points", weeks=60, behaviour=LIVELY, levers={"points": settings})
    bank, looked, inactive = lever(model, "points"), 0, 0
    while model.week < 60:
        model.step()
        if hasattr(bank, "earned") and not model.calendar.ends_quarter(model.week - 1) and bank.earned.any():
            ranked = np.sort(bank.earned[bank.earned > 0])[::-1]
            line = ranked[min(3, len(ranked)) - 1]
            near = np.flatnonzero((bank.earned > 0) & (bank.earned >= bank.near_share * line))
            inactive += np.count_nonzero(model.last_act[near] < model.week - 4)
            near = near[model.last_act[near] >= model.week - 4]
            np.testing.assert_array_equal(np.sort(bank.near), near)
            np.testing.assert_array_equal(np.flatnonzero(bank.pull), near)
            np.testing.assert_allclose(bank.pull[near], 0.3)
            looked += 1
    assert looked > 30 and inactive > 30


def test_reward_crowds_out_motive_of_who_is_rewarded_and_never_below_its_floor():
    strong = {"budget": 1e6, "crowding_acts": 4.0, "recognition": 0.0}
    model = make_model(
        "points", weeks=56, behaviour={**LIVELY, "motive.crowding_out": 0.7}, levers={"points": strong}
    ).run()
    lost = model.residents.start_motive - model.residents.motive
    assert (lost[~model.took_part] == 0).all() and lost.max() > 0.01 and lost.min() >= 0
    plain = make_model(
        "points", weeks=56, behaviour={**LIVELY, "motive.crowding_out": 0.0}, levers={"points": strong}
    ).run()
    np.testing.assert_array_equal(plain.residents.motive, plain.residents.start_motive)


def test_a_proposal_led_to_landing_and_a_conflict_resolved_are_booked_to_who_raised_it():
    settings = {
        "attendance": 0,
        "suggestion": 0,
        "proposal": 20,
        "conflict": 30,
        "redeemed_share": 0.0,
        "conflict_heat": 0.6,
    }
    model = make_model(
        "points", weeks=104, behaviour=LIVELY, levers={"points": settings, "ballot": {"votes": False}}
    ).run()
    bank = lever(model, "points")
    begun = model.calendar.week_of(bank.start)
    settled = [topic for topic in model.topics.topics if topic.resolution.settled_week >= begun]
    assert len(settled) > 5
    assert bank.issued in [20 * len(settled) + 30 * hot for hot in range(len(settled) + 1)]
    assert bank.issued > 20 * len(settled)


def test_a_suggestion_is_paid_once_to_who_brought_it_however_often_it_is_raised_again():
    settings = {"attendance": 0, "suggestion": 5, "proposal": 0, "conflict": 0, "redeemed_share": 0.0}
    heard = []

    class Look(Intervention):
        def on_attended(self, model, event):
            heard.extend((model.week, who, topic) for who, topic in event.raised)

    often = {**LIVELY, "topics.suggestion": 0.9, "channels.council": -3.0}
    model = make_model("points", weeks=80, behaviour=often, levers={"points": settings}, extra=[Look(name="zz")]).run()
    bank, adopted = lever(model, "points"), [topic for topic in model.topics.topics if topic.progress.raised_by >= 0]
    begun = model.calendar.week_of(bank.start)
    paid = [topic for topic in adopted if topic.progress.heard_week >= begun and topic.progress.channel != "collected"]
    found = [(week, who, model.topics.numbered[number].progress) for week, who, number in heard]
    again = [1 for week, who, progress in found if progress.raised_by == who and week > progress.heard_week]
    assert len(again) > 3, "some are raised again by who brought them"
    assert bank.issued == 5 * len(paid) > 0


def test_a_suggestion_passed_up_the_chain_is_paid_to_who_passed_it_up():
    settings = {"attendance": 0, "suggestion": 5, "proposal": 0, "conflict": 0, "redeemed_share": 0.0}
    chain = {"start": "2024-03-04", "worker_hours": 0.0, "tier_weeks": 1}
    model = make_model("points", weeks=80, behaviour=LIVELY, levers={"points": settings, "grid_hierarchy": chain}).run()
    begun = model.calendar.week_of(lever(model, "points").start)
    own = [
        topic for topic in model.topics.topics if topic.progress.channel != "collected"
    ]  # what is collected is no suggestion
    paid = [topic for topic in own if topic.progress.raised_by >= 0 and topic.progress.heard_week >= begun]
    assert any(topic.progress.channel == "hierarchy" for topic in paid)
    assert lever(model, "points").issued == 5 * len(paid)


def test_points_grow_old_while_the_bank_is_idle():
    model = make_model("points", weeks=90, behaviour=LIVELY, levers={"points": {"redeemed_share": 0.0}})
    bank = lever(model, "points")
    while model.week < 40:
        model.step()
    assert model.residents.points.any() and bank.near.any()
    bank.attendance = bank.suggestion = bank.proposal = bank.conflict = 0
    bank.on_adjusted(model)
    assert not len(bank.near) and not bank.pull.any()
    while model.week < 54:
        model.step()
    assert not bank.earned.any(), "a new quarter has begun"
    while model.week < 90:
        model.step()
    assert not model.residents.points.any(), "what was held is older than points may become"


def test_half_a_point_online_is_rounded_up():
    model = make_model("points", weeks=30, levers={"points": {"attendance": 5, "online_share": 0.5}})
    while model.week < 25:
        model.step()
    assert lever(model, "points")._points(model.event("ballot")) == 3


def test_with_the_quarter_honours_out_of_reach_draw_nobody():
    model, ends = make_model("points", weeks=60, behaviour=LIVELY), 0
    bank = lever(model, "points")
    while model.week < 60:
        model.step()
        if hasattr(bank, "near") and model.calendar.ends_quarter(model.week - 1):
            assert not len(bank.near) and not bank.pull.any() and not bank.earned.any()
            ends += 1
    assert ends >= 3


def make_quiet(**options):
    """Points from the first day in a community where nobody has taken part yet."""
    settings = {"start": "2024-03-04", **options.pop("settings", {})}
    return make_model("points", behaviour={**LIVELY, **options.pop("behaviour", {})}, levers={"points": settings})


def test_points_draw_nobody_where_nobody_was_active_and_nobody_holds_any():
    model = make_quiet()
    while not hasattr(lever(model, "points"), "reach"):
        model.start_and_stop_levers()
    bank = lever(model, "points")
    assert bank.belief == 1.0 and not np.any(bank.utility(model, model.event("reception")))


@pytest.mark.parametrize("window", [13, 26])
def test_points_draw_the_active_in_full_and_others_by_the_share_of_their_ties_who_hold_some(window):
    """D9, L57, L58: the definition written out over all ties, after every week; the window ends with its last week."""
    model, network, ended = make_quiet(settings={"active_weeks": window}), community().network, 0
    bank, rows = lever(model, "points"), np.repeat(np.arange(model.residents.n), np.diff(network.indptr))
    while model.week < 50:
        model.step()
        holds = model.residents.points[network.indices] > 0
        known = np.bincount(rows, weights=network.weight * holds, minlength=model.residents.n)
        active = model.week - model.last_act <= window
        ended += np.count_nonzero(model.week - model.last_act == window + 1)
        np.testing.assert_allclose(bank.reach, np.where(active, 1.0, np.minimum(known, 1.0)), atol=1e-5)
    assert ended > 5 and ((bank.reach > 0) & (bank.reach < 1)).sum() > 50 and (bank.reach == 0).sum() > 50


def test_the_last_act_is_the_week_of_the_last_participation_of_any_kind():
    model = make_model("points", weeks=40, behaviour=LIVELY).run()
    last = np.full(model.residents.n, -(10**6))
    for week, _, who in model.recorder.acts:
        last[who] = week
    np.testing.assert_array_equal(model.last_act, last)
    assert (last >= 0).sum() > 50


def test_rewards_hold_rather_than_recruit():
    """B31 on paired runs: under a strong pull those who came before gain more, relatively, than newcomers do."""
    acts = {}
    for pull in (0.0, 1.0):
        earlier = new = 0
        for seed in range(6):
            behaviour = {**LIVELY, "motive.reward": pull, "motive.crowding_out": 0.0}
            settings = {"start": "2024-08-05", "value": 1.0, "budget": 1e6, "honour_pull": 0.0}
            model = make_model("points", weeks=48, seed=seed, behaviour=behaviour, levers={"points": settings}).run()
            before = np.unique(np.concatenate([who for week, _, who in model.recorder.acts if week < 22]))
            after = np.concatenate([who for week, _, who in model.recorder.acts if week >= 22])
            earlier += np.isin(after, before).sum()
            new += len(np.setdiff1d(after, before))
        acts[pull] = (earlier, new)
    gain = [with_points / without - 1 for with_points, without in zip(acts[1.0], acts[0.0], strict=True)]
    assert gain[0] > 0.1 and gain[0] > gain[1] + 0.05


def test_value_and_budget_are_those_of_their_priors_where_they_are_not_set():
    """P34, P35: the first quarter's budget follows the points expected of so many adults, each later one what the
    quarter before issued; the weeks before the bank began count as weeks of the first quarter.
    """
    behaviour = {"motive.point_value": 0.7, "motive.budget_ratio": 2.0}
    model = make_quiet(behaviour=behaviour, settings={"first_issue": 200, "start": "2024-05-06"})
    first = 0.2 * len(model.adults)
    bank, begun, quarters = lever(model, "points"), model.calendar.week_of(lever(model, "points").start), []
    for week in range(56):
        model.step()
        if week == begun:
            assert bank.shop.point_value == pytest.approx(0.7)
            assert bank.purse.came_in.sum() == pytest.approx(2.0 * first * 0.7)
        if week >= begun and model.calendar.ends_quarter(week):
            issued = bank.issued - sum(quarters)
            quarters.append(issued)
            missing = 1 - (week + 1 - begun) / 13 if len(quarters) == 1 else 0.0
            assert bank.purse.left.sum() == pytest.approx(2.0 * 0.7 * (issued + missing * first))
    assert len(quarters) > 2 and min(quarters) > 0


def test_a_value_or_a_budget_that_is_set_takes_the_place_of_its_prior():
    model = make_quiet(behaviour={"motive.budget_ratio": 2.0}, settings={"value": 0.3, "first_issue": 200})
    model.step()
    assert lever(model, "points").purse.came_in.sum() == pytest.approx(2.0 * 0.2 * len(model.adults) * 0.3)
    model = make_quiet(settings={"budget": 55.0})
    model.step()
    bank = lever(model, "points")
    assert bank.purse.came_in.sum() == 55.0
    assert bank.shop.point_value == pytest.approx(model.parameters.motive.point_value)


def test_honours_take_strain_off_those_honoured_alone():
    model = make_model("points", weeks=80, behaviour=LIVELY, levers={"points": {"honours": 4}})
    bank, looked = lever(model, "points"), []
    honour = bank.honour_relief

    def on_quarter_end(each, original=bank.on_quarter_end):
        model.residents.strain[:] = 0.5
        before = model.residents.motive.copy()
        original(each)
        honoured = model.residents.motive > before
        np.testing.assert_allclose(model.residents.strain, np.where(honoured, 0.5 - honour, 0.5), atol=1e-6)
        looked.append(honoured.sum())

    bank.on_quarter_end = on_quarter_end
    model.run()
    assert sum(looked) >= 12
