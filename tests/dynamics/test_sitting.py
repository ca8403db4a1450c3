"""What people bring to a sitting and what it leaves, against NumPy written out."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.dynamics.deliberation import (
    PAIRS,
    PLENARY,
    DeliberationParameters,
    deliberate,
    gini,
    group_share,
    top_fifth_share,
)
from consensus_sim.dynamics.sitting import (
    Standing,
    bring_positions,
    bring_skill,
    bring_stake,
    bring_susceptibility,
    bring_voice,
    hold_sitting,
    mean_fit,
    merge_positions,
    share_of,
)
from consensus_sim.dynamics.topics import draw_positions, draw_susceptibility
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
ROOM = Standing(0.65, 0.25, 0.8, 0.05, 0.7, 0.3, 0.4, 0.2, 0.5, -0.3, 0.4, 1.0)
PLAIN = ROOM._replace(give_way=0.0, quality=0.0, status_vulnerable=0.0)
TALK = DeliberationParameters(0.3, 0.25, 0.4, 1.0, 1.0, 0.2, 0.1, 0.2, 0.2, 0.06, 0.15, 2.0, 0.667)
KEYS = tuple(key(5, name) for name in ("sitting", "positions", "officers", "susceptibility"))


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
    voice[: len(ROWS)] += np.where((GROUPS[ROWS] & TENANT) != 0, 0.5, 0.0)
    voice[: len(ROWS)] += np.where(VULNERABLE[ROWS], -0.3, 0.0)
    voice[len(ROWS) :] += 0.4
    room = ROOM._replace(status_inside=0.2, status_tenant=0.5, status_vulnerable=-0.3, status_officer=0.4)
    room = room._replace(skill_mean=0.3, skill_sd=0.4)
    np.testing.assert_array_equal(bring_voice(ROWS, expression, within, GROUPS, TENANT, VULNERABLE, room), voice)


@pytest.mark.parametrize("give_way", [0.0, 0.8])
def test_only_party_members_give_way(give_way: float):
    own = np.empty(len(ROWS))
    draw_susceptibility(KEYS[3], ROWS, 0.65, 0.25, own)
    found = bring_susceptibility(KEYS[3], ROWS, OFFICERS, GROUPS, PARTY, ROOM._replace(give_way=give_way))
    party = (GROUPS[ROWS] & PARTY) != 0
    np.testing.assert_array_equal(found[:-OFFICERS], np.where(party, np.maximum(own, give_way), own))
    assert (found[-OFFICERS:] == 0.65).all() and (found <= 1).all() and (found >= 0).all()


def test_who_sat_before_comes_with_the_last_position_and_all_others_with_their_first():
    known, kept = ROWS[::3], RNG.random(len(ROWS[::3]))
    more = np.sort(np.append(known, [1000, 1001]))
    kept = np.append(kept, [0.1, 0.2])
    found = bring_positions(KEYS[1], KEYS[2], ROWS, OFFICERS, GROUPS, GROUP_POSITION, GROUP_STAKE, 0.1, 0.1, more, kept)
    first, officers = np.empty(len(ROWS)), np.empty(OFFICERS)
    draw_positions(KEYS[1], ROWS, GROUPS, GROUP_POSITION, GROUP_STAKE, 0.1, 0.1, first)
    nobody = np.zeros(OFFICERS, np.uint16)
    draw_positions(KEYS[2], np.arange(OFFICERS), nobody, GROUP_POSITION, GROUP_STAKE, 0.1, 0.1, officers)
    first[::3] = kept[:-2]
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
    fit = mean_fit(ROWS, position, 0.4, LOW, STAKE, 0.05)
    assert fit == np.mean(1.0 - np.abs(position - 0.4) * stake) and 0 <= fit <= 1


@pytest.mark.parametrize("groundwork", [0.0, 0.9])
@pytest.mark.parametrize("room", [PLAIN, ROOM], ids=["plain", "helped"])
@pytest.mark.parametrize("procedure", [PLENARY, PAIRS])
def test_a_sitting_is_deliberation_on_what_people_bring(room: Standing, procedure: int, groundwork: float):
    topic = (LOW, STAKE, GROUP_POSITION, GROUP_STAKE, 0.1, 0.1, ROWS[:5], np.linspace(0, 1, 5))
    held = hold_sitting(
        *KEYS, CAME, OFFICERS, *topic, GROUPS, PARTY, TENANT, SKILL, VULNERABLE, TEAM, room, 0.3, groundwork, procedure,
        0.4, 0.15, TALK,
    )  # fmt: skip
    position = bring_positions(
        KEYS[1], KEYS[2], ROWS, OFFICERS, GROUPS, GROUP_POSITION, GROUP_STAKE, 0.1, 0.1, ROWS[:5], np.linspace(0, 1, 5)
    )
    within = TEAM[ROWS] | ((GROUPS[ROWS] & PARTY) != 0)
    skills = [bring_skill(SKILL[row], ROWS, OFFICERS, room.officer_skill) for row in range(3)]
    skills[2] += room.quality * (1.0 - skills[2])
    alone = deliberate(
        KEYS[0], np.append(ROWS, N + np.arange(OFFICERS)), position, position,
        bring_stake(STAKE, LOW, ROWS, OFFICERS, room.outsider_stake),
        bring_susceptibility(KEYS[3], ROWS, OFFICERS, GROUPS, PARTY, room), *skills,
        bring_voice(ROWS, skills[0], within, GROUPS, TENANT, VULNERABLE, room),
        np.full(len(position), TALK.integration_widening * groundwork), 0.3, procedure,
        TALK._replace(turn_sharing=0.4, heat_gain=0.15),
    )  # fmt: skip
    np.testing.assert_array_equal(held.who, ROWS)
    np.testing.assert_array_equal(held.position, alone.position[:-OFFICERS])
    np.testing.assert_array_equal(held.turns, alone.turns[:-OFFICERS])
    assert (held.heat, held.proposal, held.share, held.settled) == (
        alone.heat, alone.proposal, alone.share, alone.settled,
    )  # fmt: skip
    weak = np.append(VULNERABLE[ROWS], [False] * OFFICERS)
    assert held.vulnerable_speaking == group_share(alone.turns, weak)
    assert (held.gini, held.top_fifth) == (gini(alone.turns), top_fifth_share(alone.turns))
    assert held.n_turns == alone.turns.sum()
    assert held.groundwork == pytest.approx(groundwork + skills[2].mean())
    assert held.n_team == TEAM[ROWS].sum() and held.n_inside == within.sum()


def test_officers_alone_can_sit_and_nobody_can_too():
    empty = np.empty(0, np.int64), np.empty(0)
    for officers in (2, 0):
        held = hold_sitting(
            *KEYS, CAME[:0], officers, LOW, STAKE, GROUP_POSITION, GROUP_STAKE, 0.1, 0.1, *empty, GROUPS, PARTY, TENANT,
            SKILL, VULNERABLE, TEAM, ROOM, 0.3, 0.5, PLENARY, 0.4, 0.15, TALK,
        )  # fmt: skip
        assert len(held.who) == len(held.turns) == 0 and (held.n_turns > 0) == (officers > 0)
        assert (held.groundwork > 0.5) == (officers > 0) and held.groundwork >= 0.5


def test_the_more_has_been_worked_out_the_more_accept():
    """Over many rooms of the same people: acceptance rises with the groundwork of earlier sittings (D5)."""
    topic = (LOW, STAKE, GROUP_POSITION, GROUP_STAKE, 0.1, 0.1, np.empty(0, np.int64), np.empty(0))
    share = [
        np.mean([
            hold_sitting(
                key(5, "sitting", sub=number), *KEYS[1:], CAME, OFFICERS, *topic, GROUPS, PARTY, TENANT, SKILL,
                VULNERABLE, TEAM, PLAIN._replace(outsider_stake=1.0), 0.3, groundwork, PLENARY, 0.4, 0.15, TALK,
            ).share
            for number in range(40)
        ])
        for groundwork in (0.0, 0.5, 1.0, 2.0)
    ]  # fmt: skip
    assert (np.diff(share) > 0.01).all() and share[0] < 0.8 and share[-1] > 0.95
