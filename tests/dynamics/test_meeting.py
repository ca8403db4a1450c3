"""What people bring to a meeting and its result, against NumPy written out."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.dynamics.deliberation import deliberate, gini, group_share, top_fifth_share
from consensus_sim.dynamics.meeting import (
    Attendees,
    DeliberationContext,
    MeetingKeys,
    MeetingRules,
    ResidentColumns,
    bring_positions,
    bring_skill,
    bring_stake,
    bring_susceptibility,
    bring_voice,
    count_in,
    hold_meeting,
    mean_fit,
    merge_positions,
    share_of,
)
from consensus_sim.dynamics.settlement import losses, work_out
from consensus_sim.dynamics.talk import PAIRS, PLENARY, DeliberationParameters, People, inform
from consensus_sim.dynamics.topics import InitialPositions, TopicData, draw_positions, draw_susceptibility
from consensus_sim.randomness import key

N, OFFICERS, LOW = 300, 2, 100
PARTY, TENANT = 2, 4
RNG = np.random.default_rng(21)
GROUPS = RNG.integers(0, 8, N).astype(np.uint16) | np.uint16(1)
SKILL = RNG.random((4, N), dtype=np.float32)
TEAM, VULNERABLE = RNG.random((2, N)) < 0.2
STAKE = RNG.random(80, dtype=np.float32)
GROUP_POSITION, GROUP_STAKE = np.array([0.5, 0.2, 0.9]), np.array([0.1, 0.5, 0.8])
CAME = np.sort(RNG.choice(N, 40, replace=False)).astype(np.int32)
ROWS = CAME.astype(np.int64)
ROOM = DeliberationContext(0.65, 0.25, 0.8, 0.05, 0.7, 0.3, 0.4, 0.2, 0.5, 0.4)
PLAIN = ROOM._replace(give_way=0.0, quality=0.0, status_vulnerable=0.0)
TALK = DeliberationParameters(0.3, 0.25, 0.4, 1.0, 0.2, 0.1, 0.0, 0.2, 0.06, 0.15, 0.667, 0.075, 0.7, 80)
KEYS = MeetingKeys(*(key(5, name) for name in MeetingKeys._fields))
NOBODY, NOWHERE = np.empty(0, np.int64), np.empty(0)
INITIAL = InitialPositions(GROUP_POSITION, GROUP_STAKE, 0.1, 0.7, 0.1)
TOPIC = TopicData(LOW, STAKE, INITIAL, 0.6, 0.5, NOBODY, NOWHERE, 0.0, 1)
RESIDENTS = ResidentColumns(GROUPS, PARTY, TENANT, SKILL, VULNERABLE, TEAM)
EVERYBODY = np.ones(len(CAME) + OFFICERS, np.bool_)


def inside(stake: np.ndarray = STAKE) -> np.ndarray:
    return (ROWS >= LOW) & (ROWS < LOW + len(stake))


def test_stakes_skills_and_voice_are_those_of_the_columns():
    stake = np.full(len(ROWS) + OFFICERS, 0.05)
    stake[: len(ROWS)][inside()] = STAKE[ROWS[inside()] - LOW]
    np.testing.assert_array_equal(bring_stake(STAKE, LOW, ROWS, OFFICERS, 0.05), stake)
    expression = bring_skill(SKILL[0], ROWS, OFFICERS, 0.7)
    np.testing.assert_array_equal(expression, [*SKILL[0][ROWS].astype(float), 0.7, 0.7])
    within = TEAM[ROWS] | ((GROUPS[ROWS] & PARTY) != 0)
    voice = (expression - 0.3) / 0.4
    voice[: len(ROWS)] += np.where(within, 0.2, 0.0)
    voice[: len(ROWS)] += np.where((GROUPS[ROWS] & TENANT) != 0, -0.2, 0.0)
    voice[: len(ROWS)] += np.where(VULNERABLE[ROWS], -0.3, 0.0)
    voice[len(ROWS) :] += 0.2
    room = ROOM._replace(status=0.2, status_vulnerable=-0.3)
    room = room._replace(skill_mean=0.3, skill_sd=0.4)
    np.testing.assert_array_equal(bring_voice(ROWS, expression, within, RESIDENTS, room), voice)


@pytest.mark.parametrize("give_way", [0.0, 0.8])
def test_only_party_members_give_way(give_way: float):
    own = np.empty(len(ROWS))
    draw_susceptibility(KEYS.susceptibility, ROWS, 0.65, 0.25, own)
    found = bring_susceptibility(KEYS.susceptibility, ROWS, OFFICERS, RESIDENTS, ROOM._replace(give_way=give_way))
    party = (GROUPS[ROWS] & PARTY) != 0
    np.testing.assert_array_equal(found[:-OFFICERS], np.where(party, np.maximum(own, give_way), own))
    assert (found[-OFFICERS:] == 0.65).all() and (found <= 1).all() and (found >= 0).all()


def test_who_sat_before_comes_with_the_last_position_and_all_others_with_their_first():
    known, kept = ROWS[::3], RNG.random(len(ROWS[::3]))
    more = np.sort(np.append(known, [1000, 1001]))
    topic = TOPIC._replace(known=more, kept=np.append(kept, [0.1, 0.2]))
    found, weight = bring_positions(KEYS, ROWS, OFFICERS, GROUPS, topic)
    first, officers = np.empty(len(ROWS)), np.empty(OFFICERS)
    draw_positions(KEYS.position, ROWS, GROUPS, INITIAL, first)
    nobody = np.zeros(OFFICERS, np.uint16)
    draw_positions(KEYS.officer, np.arange(OFFICERS), nobody, INITIAL, officers)
    side = np.sign(np.append(first, officers) - 0.5)
    np.testing.assert_allclose(weight, 0.5 + 0.3 * side)  # by the first position, whatever talk has moved
    assert len(set(weight.round(6))) == 2
    first[::3] = kept
    np.testing.assert_array_equal(found, [*first, *officers])


def test_positions_are_kept_by_resident_whoever_comes():
    who, position = np.empty(0, np.int64), np.empty(0)
    for came, at in (([3, 9, 20], [0.3, 0.9, 0.2]), ([1, 9, 30], [0.1, 0.5, 0.7]), ([], [])):
        who, position = merge_positions(who, position, np.array(came, np.int64), np.array(at, float))
    assert who.tolist() == [1, 3, 9, 20, 30]
    np.testing.assert_array_equal(position, [0.1, 0.3, 0.5, 0.2, 0.7])


def test_shares_and_fit():
    assert share_of(VULNERABLE, CAME) == pytest.approx(VULNERABLE[CAME].mean())
    assert np.isnan(share_of(VULNERABLE, CAME[:0]))
    position, stake = RNG.random(len(ROWS)), bring_stake(STAKE, LOW, ROWS, 0, 0.05)
    topic = TOPIC._replace(known=ROWS, kept=position)
    _, weight = bring_positions(KEYS, ROWS, 0, GROUPS, topic)
    fit = mean_fit(KEYS, GROUPS, topic, 0.4, 0.7, 0.05)
    assert fit == pytest.approx(np.mean(1.0 - losses(position, weight, 0.4, 0.7) * stake)) and 0 <= fit <= 1


def hold(topic=TOPIC, room=PLAIN, came=CAME, officers=OFFICERS, counted=None, procedure=PLENARY, keys=KEYS, **changes):
    """A meeting under `TALK` with `changes`."""
    counted = np.ones(len(came) + officers, np.bool_) if counted is None else counted
    return hold_meeting(
        keys, Attendees(came, officers, counted), topic, RESIDENTS, room,
        MeetingRules(procedure, 0.3, TALK._replace(**changes), False),
    )  # fmt: skip


@pytest.mark.parametrize("found", [0.0, 0.9])
@pytest.mark.parametrize("room", [PLAIN, ROOM], ids=["plain", "helped"])
@pytest.mark.parametrize("procedure", [PLENARY, PAIRS])
def test_a_meeting_is_deliberation_on_what_people_bring(room: DeliberationContext, procedure: int, found: float):
    topic = TOPIC._replace(known=ROWS[:5], kept=np.linspace(0, 1, 5), found=found)
    counted = np.arange(len(ROWS) + OFFICERS) % 3 > 0
    held = hold(topic, room, counted=counted, procedure=procedure)
    position, weight = bring_positions(KEYS, ROWS, OFFICERS, GROUPS, topic)
    within = TEAM[ROWS] | ((GROUPS[ROWS] & PARTY) != 0)
    expression, listening, integration, rules = (
        bring_skill(SKILL[row], ROWS, OFFICERS, room.officer_skill) for row in range(4)
    )
    integration += room.quality * (1.0 - integration)
    spread = TALK.information * (1 + expression.mean() - room.skill_mean + room.quality)
    inform(KEYS.information, topic.meeting, position, expression, spread)
    people = People(
        np.append(ROWS, N + np.arange(OFFICERS)), position, position,
        bring_stake(STAKE, LOW, ROWS, OFFICERS, room.outsider_stake),
        bring_susceptibility(KEYS.susceptibility, ROWS, OFFICERS, RESIDENTS, room), expression, listening,
        integration, bring_voice(ROWS, expression, within, RESIDENTS, room), weight, counted,
    )  # fmt: skip
    worked_out = work_out(found, integration[counted], rules[counted], 0.7)
    alone = deliberate(KEYS.talk, KEYS.acceptance, people, 0.3, worked_out, 0.5, procedure, TALK, False)
    np.testing.assert_array_equal(held.who, ROWS)
    np.testing.assert_array_equal(held.position, alone.position[:-OFFICERS])
    np.testing.assert_array_equal(held.turns, alone.turns[:-OFFICERS])
    np.testing.assert_array_equal(held.accepted, alone.accepted)
    assert (held.heat, held.proposal, held.second, held.share, held.settled) == (
        alone.heat, alone.proposal, alone.second, alone.share, alone.settled,
    )  # fmt: skip
    weak = np.append(VULNERABLE[ROWS], [False] * OFFICERS)
    assert held.vulnerable_speaking == group_share(alone.turns, weak)
    assert (held.gini, held.top_fifth) == (gini(alone.turns), top_fifth_share(alone.turns))
    assert held.n_turns == alone.turns.sum() == 80
    assert held.found == pytest.approx(worked_out)
    assert held.n_team == TEAM[ROWS].sum() and held.n_inside == within.sum()


def test_officers_core_and_panel_are_counted_whoever_else_came():
    """The panel may hold residents who stayed away; without core, panel and officers nobody is counted."""
    panel = np.array([*CAME[[0, 7, -1]], *np.setdiff1d(np.arange(N), CAME)[[0, -1]]], np.int32)
    counted = count_in(CAME, OFFICERS, TEAM, panel)
    np.testing.assert_array_equal(counted, [*(TEAM[CAME] | np.isin(CAME, panel)), True, True])
    assert 5 < counted.sum() < len(CAME)
    assert not count_in(CAME, 0, np.zeros(N, np.bool_), panel[:0]).any()


def test_officers_alone_can_sit_and_nobody_can_too():
    for officers in (2, 0):
        held = hold(TOPIC._replace(found=0.5), ROOM, CAME[:0], officers)
        assert len(held.who) == len(held.turns) == 0 and (held.n_turns > 0) == (officers > 0)
        assert (held.found > 0.5) == (officers > 0) and held.found >= 0.5


def test_able_speakers_and_help_bring_more_information_into_a_room():
    """The shift of the mean, with nobody moved by talk: 1 + mean expression - that of adults + quality times the SD."""
    shift = []
    for room in (PLAIN._replace(skill_mean=0.3), PLAIN._replace(skill_mean=0.5), PLAIN._replace(quality=0.4)):
        held = hold(room=room, officers=0, step=0.0, information=0.02)
        before, _ = bring_positions(KEYS, ROWS, 0, GROUPS, TOPIC)
        shift.append((held.position - before).mean())
    expression = SKILL[0][ROWS].mean(dtype=float)
    factors = np.array([1 + expression - 0.3, 1 + expression - 0.5, 1 + expression - PLAIN.skill_mean + 0.4])
    np.testing.assert_allclose(np.array(shift) / shift[0], factors / factors[0], rtol=1e-2)


def test_information_and_acceptance_belong_to_the_topic_and_talk_to_the_meeting():
    """Another meeting key changes who speaks; another topic's keys change the shift and who accepts."""
    still = {"step": 0.0}
    one = hold(**still)
    talk = hold(keys=KEYS._replace(talk=key(5, "other")), **still)
    assert not np.array_equal(one.turns, talk.turns)
    np.testing.assert_array_equal(one.position, talk.position)
    moved = hold(keys=KEYS._replace(information=key(5, "other")), **still)
    np.testing.assert_array_equal(one.turns, moved.turns)
    assert not np.array_equal(one.position, moved.position)
    assert not np.array_equal(one.position, hold(TOPIC._replace(meeting=2), **still).position)
    other = hold(keys=KEYS._replace(acceptance=key(5, "other")), **still, acceptance_softness=0.5)
    np.testing.assert_array_equal(one.position, other.position)
    assert not np.array_equal(hold(**still, acceptance_softness=0.5).accepted, other.accepted)
