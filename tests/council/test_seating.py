"""Seating: allocation, the stratified draw and its chances, the rounds of invitations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consensus_sim.council import seating
from consensus_sim.council.seating import OFFERED, PRESENT, SEATED, Pool, SeatingRule
from consensus_sim.dynamics import sortition
from consensus_sim.errors import InputError
from consensus_sim.randomness import child, key, uniforms_at

seeds = st.integers(0, 2**32)
TENTH = SeatingRule(seats=25, stakeholder_seats=5, vulnerable_share=0.1, counted=SEATED, letters_per_seat=4.0, rounds=8)


def make_pool(
    n: int, seed: int, grids: int = 13, vulnerable: float = 0.3, acceptance: float = 0.2, turnout: float = 0.8
) -> Pool:
    rng = np.random.default_rng(seed)
    return Pool(
        resident=np.sort(rng.choice(20_000, n, replace=False)).astype(np.int64),
        stratum=rng.integers(0, grids, n),
        vulnerable=rng.random(n) < vulnerable,
        acceptance=np.full(n, acceptance),
        turnout=np.full(n, turnout),
        stake=rng.random(n) * (rng.random(n) < 0.3),
        group=rng.integers(-1, 4, n),
        stakeholder_acceptance=np.full(n, 0.4),
    )


def draw(pool: Pool, seed: int, seats: int, least: int = 0) -> np.ndarray:
    draw_key = key(seed, "test.seating")
    lot, nobody = uniforms_at(np.uint64(child(draw_key, 0)), pool.resident), np.zeros(len(pool.resident), np.bool_)
    return sortition.draw_by_lot(draw_key, lot, pool, nobody, (seats, least), 0)


# ---------------------------------------------------------------- allocation


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 500), min_size=1, max_size=30), st.integers(0, 60))
def test_largest_remainders(sizes: list[int], seats: int):
    counts = sortition.largest_remainders(np.array(sizes, np.float64), seats)
    total = sum(sizes)
    assert counts.sum() == (seats if total else 0)
    if total:
        exact = np.array(sizes) * seats / total
        assert np.all(counts >= np.floor(exact - 1e-9)) and np.all(counts <= np.ceil(exact + 1e-9))


def test_largest_remainders_by_hand():
    assert sortition.largest_remainders(np.array([47.0, 16.0, 158.0, 81.0, 37.0]), 10).tolist() == [1, 1, 5, 2, 1]
    assert sortition.largest_remainders(np.array([1.0, 1.0, 1.0]), 2).tolist() == [1, 1, 0]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 5), min_size=1, max_size=30), st.floats(0, 1, exclude_max=True))
def test_rounding_by_lot_rounds_up_or_down(expected: list[float], start: float):
    wanted = np.array(expected)
    counts = sortition.allocate_by_lot(wanted, start)
    assert np.all(np.abs(counts - wanted) < 1 + 1e-6)
    assert abs(counts.sum() - wanted.sum()) < 1 + 1e-6


def test_rounding_by_lot_is_right_on_average_and_keeps_whole_totals():
    expected = np.array([0.3, 1.2, 0.0, 2.5, 0.6, 0.4])
    counts = np.array([sortition.allocate_by_lot(expected, (k + 0.5) / 1000) for k in range(1000)])
    np.testing.assert_allclose(counts.mean(axis=0), expected, atol=2e-3)
    assert np.all(counts.sum(axis=1) == 5)


# ---------------------------------------------------------------- the draw


@settings(max_examples=100, deadline=None)
@given(
    n=st.integers(1, 400), seed=seeds, seats=st.integers(0, 60), share=st.floats(0, 1), grids=st.integers(1, 14),
    vulnerable=st.floats(0, 1),
)  # fmt: skip
def test_a_draw_fills_its_seats_and_its_quota(
    n: int, seed: int, seats: int, share: float, grids: int, vulnerable: float
):
    pool = make_pool(n, seed, grids, vulnerable)
    need = sortition.seats_needed(seats, share)
    rows = draw(pool, seed, seats, need)
    assert len(rows) == len(set(rows.tolist())) == min(seats, n)
    assert pool.vulnerable[rows].sum() >= min(need, pool.vulnerable.sum(), len(rows))


def test_a_draw_balances_grids():
    """25 seats over 13 grids of about equal size: each gets its share rounded up or down."""
    pool = make_pool(6000, 3)
    size = np.bincount(pool.stratum, minlength=13)
    by_class = np.array([np.bincount(pool.stratum[pool.vulnerable == v], minlength=13) for v in (False, True)])
    for seed in range(200):
        rows = draw(pool, seed, 25, 3)
        held = int(pool.vulnerable[rows].sum())
        assert held in (math.floor(25 * pool.vulnerable.mean()), math.ceil(25 * pool.vulnerable.mean()))
        exact = held * by_class[1] / by_class[1].sum() + (25 - held) * by_class[0] / by_class[0].sum()
        grids = np.bincount(pool.stratum[rows], minlength=13)
        assert np.all(np.abs(grids - exact) < 1)
        assert grids.min() >= 1 and grids.max() <= 3, size


def chances(pool: Pool, draws: int, seats: int, least: int) -> np.ndarray:
    """How often each row is drawn."""
    counts = np.zeros(len(pool.resident))
    for seed in range(draws):
        counts[draw(pool, seed, seats, least)] += 1
    return counts


@pytest.mark.parametrize("least", [0, 8])
def test_everybody_of_a_class_has_the_same_chance(least: int):
    """Chi-square per class, 4,000 draws of 12 from 120 in uneven strata; 4.5 SD: 1 in 100,000 false alarms."""
    pool = make_pool(120, 1, grids=5, vulnerable=0.25)
    counts = chances(pool, 4000, 12, least)
    assert counts.sum() == 4000 * 12
    for member in (pool.vulnerable, ~pool.vulnerable):
        seen, expected = counts[member], counts[member].mean()
        chi = ((seen - expected) ** 2 / expected).sum()
        freedom = member.sum() - 1
        assert chi < freedom + 4.5 * math.sqrt(2 * freedom)
    if least:
        assert counts[pool.vulnerable].sum() == 4000 * least


def test_who_is_drawn_does_not_depend_on_the_order_of_rows():
    pool = make_pool(500, 2)
    order = np.random.default_rng(0).permutation(500)
    shuffled = Pool(*(column[order] for column in pool))
    for seed in range(20):
        rows, other = draw(pool, seed, 25, 3), draw(shuffled, seed, 25, 3)
        assert set(pool.resident[rows]) == set(shuffled.resident[other])


def test_stakeholders_are_drawn_by_stake():
    """Of two in one group, stakes 0.2 and 0.6: the second comes first in 3 of 4; 5 SD over 4,000 draws."""
    resident, stake, group = np.arange(4), np.array([0.2, 0.6, 0.0, 1.0]), np.array([0, 0, 0, -1])
    hits = np.zeros(4)
    for seed in range(4000):
        race = sortition.stakeholder_race(key(seed, "t"), resident, stake)
        hits[sortition.lowest(race, group, np.array([1]))] += 1
    assert abs(hits[1] / 4000 - 0.75) < 5 * math.sqrt(0.75 * 0.25 / 4000)
    assert hits[0] + hits[1] == 4000 and hits[2] == hits[3] == 0


def test_seats_of_groups_follow_their_stake():
    stake, group = np.array([0.5, 0.5, 0.5, 0.5, 0.9]), np.array([0, 0, 0, 1, -1])
    assert sortition.largest_remainders(sortition.group_weights(stake, group), 4).tolist() == [3, 1]


# ---------------------------------------------------------------- rounds of invitations


@settings(max_examples=80, deadline=None)
@given(
    n=st.integers(0, 300), seed=seeds, counted=st.sampled_from([OFFERED, SEATED, PRESENT]),
    share=st.floats(0, 0.6), seats=st.integers(1, 30), stakeholders=st.integers(0, 30), rounds=st.integers(1, 6),
)  # fmt: skip
def test_a_panel_keeps_its_rules(
    n: int, seed: int, counted: int, share: float, seats: int, stakeholders: int, rounds: int
):
    pool = make_pool(n, seed)
    rule = SeatingRule(seats, stakeholders, share, counted, 3.0, rounds)
    panel = seating.seat_panel(key(seed, "test.panel"), pool, rule)
    assert set(panel.present) <= set(panel.accepted) <= set(panel.offered)
    assert set(panel.stakeholders) <= set(panel.accepted)
    assert np.all(pool.stake[panel.stakeholders] > 0) and np.all(pool.group[panel.stakeholders] >= 0)
    assert panel.rounds <= rounds
    holders = panel.present if counted == PRESENT else panel.accepted
    assert len(holders) <= seats
    if len(holders) == seats and counted != OFFERED:
        assert panel.quota_met
        assert pool.vulnerable[holders].mean() >= share - 1e-9
    for rows, value in (
        (panel.offered, panel.vulnerable_offered),
        (panel.accepted, panel.vulnerable_accepted),
        (panel.present, panel.vulnerable_present),
    ):
        assert math.isnan(value) if len(rows) == 0 else value == pytest.approx(pool.vulnerable[rows].mean())


def reluctant(seed: int) -> Pool:
    """The vulnerable are a tenth of the pool and accept a letter half as often."""
    pool = make_pool(3000, seed, vulnerable=0.1)
    return pool._replace(acceptance=np.where(pool.vulnerable, 0.1, 0.2))


@pytest.mark.parametrize(("counted", "name"), [(OFFERED, "offered"), (SEATED, "accepted"), (PRESENT, "present")])
def test_the_quota_holds_where_it_counts(counted: int, name: str):
    for seed in range(30):
        panel = seating.seat_panel(key(seed, "t"), reluctant(seed), TENTH._replace(counted=counted, rounds=40))
        assert panel.quota_met
        assert getattr(panel, f"vulnerable_{name}") >= 0.1


def test_without_a_quota_the_reluctant_are_seated_below_their_share():
    """Paired over 60 pools; the quota's gain in seats must be 5 standard errors above 0."""
    gain, open_share = [], []
    for seed in range(60):
        rule = TENTH._replace(stakeholder_seats=0, letters_per_seat=8.0)
        free = seating.seat_panel(key(seed, "t"), reluctant(seed), rule._replace(vulnerable_share=0.0))
        quota = seating.seat_panel(key(seed, "t"), reluctant(seed), rule)
        gain.append(quota.vulnerable_accepted - free.vulnerable_accepted)
        open_share.append(free.vulnerable_accepted)
    assert np.mean(gain) - 5 * np.std(gain) / math.sqrt(60) > 0
    assert np.mean(open_share) < 0.1


def test_the_quota_survives_seats_full_of_stakeholders():
    pool = make_pool(2000, 1)
    pool = pool._replace(stake=np.where(pool.vulnerable, 0.0, 0.5))
    panel = seating.seat_panel(key(1, "t"), pool, TENTH._replace(stakeholder_seats=25))
    assert len(panel.accepted) == 25 and panel.quota_met


def test_nobody_accepts():
    pool = make_pool(100, 1, acceptance=0.0)
    panel = seating.seat_panel(key(1, "t"), pool, TENTH._replace(stakeholder_seats=0, rounds=3))
    assert len(panel.accepted) == 0 and not panel.quota_met and math.isnan(panel.vulnerable_accepted)


@pytest.mark.parametrize(
    ("n", "n_vulnerable", "seats", "share", "words"),
    [
        (100, 50, 25, 1.4, "found a vulnerable share of 1.4; allowed: 0 to 1"),
        (100, 50, 0, 0.1, "found 0 seats; allowed: 1 or more"),
        (10, 5, 25, 0.1, "25 seats need as many people, the pool holds 10"),
        (100, 2, 25, 0.1, "needs 3 vulnerable people, the pool holds 2 among 100; allowed: a share up to 0.08"),
    ],
)  # fmt: skip
def test_a_quota_that_cannot_be_met_is_refused(n: int, n_vulnerable: int, seats: int, share: float, words: str):
    with pytest.raises(InputError) as caught:
        seating.check_quota(np.arange(n) < n_vulnerable, seats, share, "intervention.quota")
    assert str(caught.value).startswith("intervention.quota: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_quota_that_can_just_be_met_passes_and_one_seat_more_does_not():
    seating.check_quota(np.arange(100) < 3, 25, 0.12)
    with pytest.raises(InputError, match="needs 4 vulnerable people"):
        seating.check_quota(np.arange(100) < 3, 25, 0.13)


# ---------------------------------------------------------------- against the sortition-algorithms package


def quotas_of(pool: Pool, seats: int, need: int) -> dict[str, dict[str, tuple[int, int]]]:
    """Minimum and maximum per grid and for the vulnerable that our draw promises."""
    share = np.bincount(pool.stratum) * seats / len(pool.stratum)
    grids = {str(g): (math.floor(s), math.ceil(s)) for g, s in enumerate(share)}
    return {"grid": grids, "vulnerable": {"yes": (need, seats), "no": (0, seats - need)}}


def package_panels(pool: Pool, seats: int, quotas: dict, algorithm: str, panels: int) -> list[list[int]]:
    """Panels (rows) that the package draws under `quotas`; legacy one seed each, others by one lottery."""
    package = pytest.importorskip("sortition_algorithms")
    lines = ["feature,value,min,max"]
    lines += [f"{f},{v},{low},{high}" for f, values in quotas.items() for v, (low, high) in values.items()]
    people = ["id,grid,vulnerable"]
    flags = np.where(pool.vulnerable, "yes", "no")
    people += [f"{i},{g},{v}" for i, (g, v) in enumerate(zip(pool.stratum, flags, strict=True))]
    data = package.SelectionData(package.CSVStringDataSource("\n".join(lines), "\n".join(people)))
    features, _ = data.load_features(seats)
    result = []
    single = algorithm == "legacy"
    for seed in range(1, panels + 1 if single else 2):
        options = package.Settings(
            id_column="id", columns_to_keep=[], selection_algorithm=algorithm, random_number_seed=seed,
            solver_backend="highspy",
        )  # fmt: skip
        everybody, _ = data.load_people(options, features)
        done, committees, _ = package.run_stratification(
            features, everybody, seats, options, number_selections=1 if single else panels
        )
        assert done
        result += [[int(person) for person in committee] for committee in committees]
    return result


def small_pool() -> Pool:
    """60 people in 4 grids of 15, 12 of them vulnerable, unevenly spread."""
    pool = make_pool(60, 4, grids=4)
    where = np.array([0] * 5 + [1] * 4 + [2] * 2 + [3])
    vulnerable = np.zeros(60, dtype=bool)
    for grid in range(4):
        vulnerable[15 * grid : 15 * grid + (where == grid).sum()] = True
    return pool._replace(stratum=np.repeat(np.arange(4), 15), vulnerable=vulnerable)


def meets(pool: Pool, rows: list[int] | np.ndarray, quotas: dict) -> bool:
    rows = np.asarray(rows)
    grids = np.bincount(pool.stratum[rows], minlength=len(quotas["grid"]))
    held = int(pool.vulnerable[rows].sum())
    within = all(low <= grids[int(g)] <= high for g, (low, high) in quotas["grid"].items())
    return within and quotas["vulnerable"]["yes"][0] <= held <= quotas["vulnerable"]["yes"][1]


def test_our_draw_meets_the_package_s_quotas():
    pool, quotas = small_pool(), quotas_of(small_pool(), 10, 4)
    for rows in package_panels(pool, 10, quotas, "legacy", 5):
        assert meets(pool, rows, quotas)
    for seed in range(300):
        assert meets(pool, draw(pool, seed, 10, 4), quotas)


def per_stratum(pool: Pool, chance: np.ndarray) -> np.ndarray:
    """Mean chance of a person in each grid x class, (n_grids, 2)."""
    cell = 2 * pool.stratum + pool.vulnerable
    return (np.bincount(cell, weights=chance) / np.bincount(cell)).reshape(-1, 2)


@pytest.mark.parametrize("algorithm", ["maximin", "nash"])
def test_chances_agree_with_the_package(algorithm: str):
    """At a binding quota of 4 of 10, each class has the package's chance exactly, and so has each grid under
    Nash.

    The package's lottery of 400 panels is deterministic up to 1/400 a person. Ours over 2,000 draws: 5
    standard errors. Maximin leaves open who of those above the minimum gains, so its grids are compared for
    the ordinary people only.
    """
    pool = small_pool()
    theirs = np.zeros(60)
    for rows in package_panels(pool, 10, quotas_of(pool, 10, 4), algorithm, 400):
        theirs[rows] += 1 / 400
    ours = chances(pool, 2000, 10, 4) / 2000
    for member in (pool.vulnerable, ~pool.vulnerable):
        assert ours[member].mean() == pytest.approx(theirs[member].mean(), abs=1e-9)
    mine, other = per_stratum(pool, ours), per_stratum(pool, theirs)
    people = np.bincount(2 * pool.stratum + pool.vulnerable).reshape(-1, 2)
    tolerance = 1 / 400 + 5 * np.sqrt(mine * (1 - mine) / (2000 * people))
    columns = slice(None) if algorithm == "nash" else slice(0, 1)
    assert np.all(np.abs(mine - other)[:, columns] < tolerance[:, columns])


def test_unlike_ours_the_package_s_legacy_draw_overshoots_a_binding_quota():
    """Legacy fills cells greedily: at a least of 4 of 10 it seats nearly 5 vulnerable people, where we seat
    4.
    """
    pool = small_pool()
    panels = package_panels(pool, 10, quotas_of(pool, 10, 4), "legacy", 400)
    theirs = np.mean([pool.vulnerable[rows].sum() for rows in panels])
    ours = np.mean([pool.vulnerable[draw(pool, seed, 10, 4)].sum() for seed in range(400)])
    assert ours == 4.0
    assert 4.5 < theirs < 5.2
