"""The Monte Carlo standard error is as large as stated; replicates=auto stops where it should
and at the same number however it is run.
"""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from consensus_sim import compare, load_community
from consensus_sim.errors import InputError
from consensus_sim.forecast.monte_carlo_error import reached
from consensus_sim.forecast.run import run_ensemble
from consensus_sim.forecast.summary import Values, standard_error
from consensus_sim.runs.engines import Processes, Serial
from consensus_sim.runs.store import Store
from consensus_sim.runs.work import Runs
from consensus_sim.study.config import compose
from consensus_sim.study.draws import by_draw, draw_number
from consensus_sim.study.precision import Precision
from consensus_sim.study.study import read_study

FLOORS = compose()["monte_carlo"]["floors"]
SCENARIOS = ["before", "points"]
FEW = ["monte_carlo.minimum=4", "monte_carlo.batch=2", "monte_carlo.maximum=12"]


def paired(rng, shape, parameters, chance):
    """Normal values (*shape, pairs, 2) flattened to replicates: pairs share a draw of `parameters`."""
    shared = rng.normal(0, parameters, (*shape, 1))
    return (shared + rng.normal(0, chance, (*shape, 2))).reshape(*shape[:-1], -1)


def two_by_two(replicates):
    """Draws of replicates that come in pairs."""
    return np.arange(replicates) // 2


def values_of(blocks, metrics=("trust",)):
    """`blocks`: (scenarios, metrics, replicates) as Values, each two replicates of one draw."""
    blocks = np.asarray(blocks, float)
    rows = [
        (f"s{s}", r, name, "all", blocks[s, m, r])
        for s in range(blocks.shape[0])
        for m, name in enumerate(metrics)
        for r in range(blocks.shape[2])
    ]
    frame = pd.DataFrame(rows, columns=["scenario", "replicate", "metric", "group", "value"])
    return Values(frame, [f"s{s}" for s in range(blocks.shape[0])], blocks.shape[2], two_by_two(blocks.shape[2]))


def precision(target=None, minimum=40, batch=20, maximum=1000):
    return Precision(target, minimum, batch, maximum, FLOORS)


def stops_at(values, wanted):
    """The number at which replicates=auto would stop on what `values` holds, and what is reached there."""
    for count in wanted.counts():
        part = copy.copy(values)
        part.array, part.draws = values.array[:, :, :count], values.draws[:count]
        found = reached(part, wanted, values.scenarios[0])
        if not found.missing:
            break
    return count, found


# ---- the error


def test_it_is_the_textbook_error_where_replicates_are_independent():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(5, 31))
    np.testing.assert_allclose(standard_error(values), values.std(axis=1, ddof=1) / np.sqrt(31))
    pairs = values[:, :30].reshape(5, 15, 2).mean(axis=2)
    np.testing.assert_allclose(standard_error(values[:, :30], two_by_two(30)), pairs.std(axis=1, ddof=1) / np.sqrt(15))


def test_it_is_the_cluster_robust_error_of_statsmodels_with_values_missing_and_a_pair_cut_off():
    rng = np.random.default_rng(2)
    values = paired(rng, (6, 12), 1.0, 0.7)[:, :23]
    values[rng.uniform(size=values.shape) < 0.3] = np.nan
    pair = np.array([*two_by_two(19), 3, 3, 0, 0])  # draws of two to four replicates, not all next to each other
    for row, found in zip(values, standard_error(values, pair), strict=True):
        known = ~np.isnan(row)
        model = sm.OLS(row[known], np.ones(known.sum()))
        fit = model.fit(cov_type="cluster", cov_kwds={"groups": pair[known]})
        assert found == pytest.approx(fit.bse[0], rel=1e-9)


def test_it_is_not_known_from_less_than_two_clusters():
    nan = math.nan
    rows = np.array([[nan] * 4, [1, 2, nan, nan], [1, nan, 2, nan], [3, 3, 3, 3]], float)
    first, second, third, fourth = standard_error(rows, two_by_two(4))
    assert math.isnan(first) and math.isnan(second) and third > 0 and fourth == 0
    assert math.isnan(standard_error(np.ones((1, 1)))[0])


@pytest.mark.parametrize("parameters", [0.0, 1.0, 3.0])
def test_stated_errors_cover_the_truth_as_often_as_they_should(parameters):
    """4,000 studies of 40 pairs: the mean lies within 1.96 errors as often as Student's t says; 4 standard errors."""
    studies, pairs = 4_000, 40
    values = 0.3 + paired(np.random.default_rng(3), (studies, pairs), parameters, 1.0)
    inside = np.abs(values.mean(axis=1) - 0.3) <= 1.96 * standard_error(values, two_by_two(2 * pairs))
    expected = 2 * t.cdf(1.96, pairs - 1) - 1
    assert inside.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / studies))
    if parameters == 3.0:  # what would be stated if pairs were taken for independent replicates
        naive = np.abs(values.mean(axis=1) - 0.3) <= 1.96 * standard_error(values)
        assert naive.mean() < 0.87


def test_stated_errors_cover_the_truth_where_values_are_missing_and_skewed():
    """4,000 studies of 60 pairs of counts, a third of them undefined: 93 to 96 %."""
    rng = np.random.default_rng(4)
    means = rng.gamma(4.0, 1.0, (4_000, 60, 1))
    values = rng.poisson(means, (4_000, 60, 2)).reshape(4_000, 120).astype(float)
    values[rng.uniform(size=values.shape) < 1 / 3] = np.nan
    inside = np.abs(np.nanmean(values, axis=1) - 4.0) <= 1.96 * standard_error(values, two_by_two(120))
    assert 0.93 < inside.mean() < 0.96


def test_stopping_when_it_looks_small_costs_little_coverage():
    """300 studies that stop by themselves: errors cover at least 91 %, and those that stopped early are as asked."""
    rng, wanted, inside, counts = np.random.default_rng(5), precision(0.015, maximum=400), [], []
    for _ in range(300):
        values = values_of(0.4 + paired(rng, (1, 1, 200), 0.1, 0.1))
        count, found = stops_at(values, wanted)
        mean = values.array[0, 0, :count].mean()
        inside.append(abs(mean - 0.4) <= 1.96 * found.errors[0].error)
        counts.append(count)
        assert found.errors[0].relative <= 0.015 or count == 400
    assert np.mean(inside) >= 0.91
    # sd of a pair's mean is sqrt(0.1 ** 2 + 0.1 ** 2 / 2): (0.1225 / 0.015) ** 2 = 67 pairs
    assert np.mean(counts) == pytest.approx(133, abs=20)


@pytest.mark.parametrize("replicates", [10, 20, 60])
def test_stated_errors_cover_the_truth_with_every_tenth_draw_repeated(replicates):
    """4,000 studies: the mean lies within t errors in 95 of 100; 4 standard errors and 0.5 for the few draws of two."""
    studies, draws = 4_000, draw_number(np.arange(replicates))
    rng = np.random.default_rng(6)
    values = 0.3 + rng.normal(size=(studies, replicates))[:, draws] + rng.normal(size=(studies, replicates))
    inside = np.abs(values.mean(axis=1) - 0.3) <= t.ppf(0.975, draws[-1]) * standard_error(values, draws)
    assert inside.mean() == pytest.approx(0.95, abs=0.019)


def test_a_precision_beyond_what_the_table_holds_is_named():
    """Variance 1 between 2,000 draws, 1 by chance: a table of 50 rows leaves sqrt(1 / 50) = 0.14."""
    values = values_of(paired(np.random.default_rng(7), (1, 1, 2_000), 1.0, 1.0))
    found = reached(values, precision(0.1), "s0", 50.0)
    (one,) = found.beyond
    assert one.table == pytest.approx(0.141, abs=0.01) and found.rows == 50
    assert found.facts()["beyond_the_table"][0]["metric"] == "trust"
    assert not reached(values, precision(0.2), "s0", 50.0).beyond
    assert not reached(values, precision(0.1), "s0").beyond and not reached(values, precision(None), "s0", 50.0).beyond


# ---- scales


def test_scales_are_those_of_the_page():
    size = {"trust": 0.4, "reach_quarter": 0.04, "attendance_council": 30.0, "attendance_tea": 0.0, "cost_money": 5e4}
    noise = np.array([1.0, -1.0, 1.0, -1.0])
    level = np.array([[value + 0.1 * value * noise for value in size.values()]] * 2)
    level[1] *= 2
    found = reached(values_of(level, tuple(size)), precision(), "s0")
    scales = {(e.metric, e.scenario, e.reference): e.scale for e in found.errors}
    assert len(scales) == 5 * 3
    assert {scale for (name, _, _), scale in scales.items() if name == "trust"} == {1.0}
    for name, value in (("reach_quarter", 0.04), ("attendance_council", 30.0), ("cost_money", 5e4)):
        assert scales[name, "s0", ""] == pytest.approx(value)
        assert scales[name, "s1", ""] == pytest.approx(2 * value) == scales[name, "s1", "s0"]
    assert scales["attendance_tea", "s0", ""] == 1.0  # a mean of zero: the scale is the floor
    assert found.errors[0].relative == max(error.relative for error in found.errors)


def test_only_what_is_printed_is_asked_for():
    trust = np.full(6, 0.5)
    other = np.array([0.0, 900.0, 0.0, 900.0, 0.0, 900.0])
    found = reached(values_of([[trust, other]], ("trust", "topics_deliberated")), precision(0.01), "s0")
    assert [error.metric for error in found.errors] == ["trust"] and not found.missing


def test_what_is_never_defined_is_not_asked_for_and_what_is_too_rare_is_not_there_yet():
    nan = math.nan
    rows = [[0.5] * 6, [nan] * 6, [3.0, nan, nan, nan, nan, nan]]
    names = ("trust", "attendance_council", "attendance_tea")
    found = reached(values_of([rows], names), precision(0.9), "s0")
    assert [error.metric for error in found.missing] == ["attendance_tea"]
    assert found.facts()["largest"]["error"] is None and found.facts()["missing"][0]["metric"] == "attendance_tea"


@given(st.floats(0.001, 0.5), st.floats(0.001, 0.5), st.integers(0, 10_000))
def test_a_smaller_precision_never_takes_fewer_replicates(one, other, seed):
    values = values_of(paired(np.random.default_rng(seed), (2, 1, 40), 0.2, 0.1))
    small, large = (precision(p, minimum=10, batch=10, maximum=80) for p in sorted((one, other)))
    assert stops_at(values, small)[0] >= stops_at(values, large)[0]


# ---- settings


@given(st.integers(2, 60), st.integers(1, 40), st.integers(0, 200))
def test_looks_go_from_the_minimum_up_to_the_maximum(minimum, batch, more):
    counts = list(precision(0.1, minimum, batch, minimum + more).counts())
    assert counts[0] == minimum and counts[-1] == minimum + more
    assert all(a < b <= a + batch for a, b in zip(counts, counts[1:], strict=False))


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["replicates=auto", "precision=0"], "precision: found 0; allowed: with replicates=auto a number above 0"),
        (["replicates=auto", "precision=-1"], "precision: found -1"),
        (["replicates=auto", "precision=x"], "precision: found 'x'"),
        (["replicates=auto", "precision=nan"], "precision: found nan"),
        (["replicates=auto", "precision=1"], "precision: found 1"),
        (["replicates=auto", "precision=true"], "precision: found true"),
        (["replicates=auto"], "precision: found null"),
        (["replicates=many"], "replicates: found 'many'; allowed: a whole number from 1 to 100000, or auto"),
        (["replicates=20", "precision=0.1"], "precision: found 0.1 with replicates=20; allowed: with replicates=auto"),
        (["monte_carlo.minimum=1"], "monte_carlo.minimum: found 1; allowed: a whole number from 2 to 100000"),
        (["monte_carlo.batch=0"], "monte_carlo.batch: found 0"),
        (["monte_carlo.maximum=20"], "monte_carlo.maximum: found 20; allowed: a whole number from 40 to 100000"),
        (["monte_carlo.floors.persons=0"], "monte_carlo.floors.persons: found 0"),
        (["monte_carlo.floors=3"], "monte_carlo.floors: found 3"),
    ],
)
def test_what_cannot_be_used_is_told(overrides, told):
    with pytest.raises(InputError) as caught:
        read_study(compose(overrides))
    assert told in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("experiment", ["city", "calibrate", "validate", "sensitivity", "robustness"])
def test_auto_is_refused_where_a_number_is_needed(experiment):
    with pytest.raises(InputError, match=f"auto is for analysis=compare, this is {experiment}"):
        read_study(compose([f"experiment={experiment}", "replicates=auto", "precision=0.1"]))


# ---- runs


@pytest.fixture(scope="module")
def community():
    return load_community("teaching")


def played(community, engine, target, store=None, overrides=(), parameters="posterior", seed=1):
    config = compose([*FEW, "replicates=auto", f"precision={target}", f"parameters={parameters}", *overrides])
    config["scenarios"], config["calendar"]["weeks"], config["seed"] = SCENARIOS, 10, seed
    study = read_study(config, community=community.spec.as_dict())
    store = store or Store(Runs(study, community))
    return run_ensemble(study, community, engine, store, progress=False)


def errors_at_looks(forecast):
    """Number of replicates -> the largest error there, at each look."""
    largest = {}
    for count in forecast.study.precision.counts():
        part = copy.copy(forecast.values)
        part.array, part.draws = part.array[:, :, :count], part.draws[:count]
        largest[count] = reached(part, forecast.study.precision, "before").errors[0].relative
    return largest


def looks_between(forecast):
    """Looks after the first and before the last at which the error is smaller than at all before."""
    largest = errors_at_looks(forecast)
    counts = sorted(largest)
    return [c for c in counts[1:-1] if largest[c] < min(largest[b] for b in counts if b < c)]


@pytest.fixture(scope="module")
def whole(community):
    """All twelve replicates, as a precision that cannot be reached leaves them, of the first seed whose error does not
    grow with every look.
    """
    runs = (played(community, Serial(), 1e-9, seed=seed) for seed in range(1, 21))
    return next(run for run in runs if looks_between(run))


@pytest.fixture(scope="module")
def between(whole):
    """A precision that is reached after more than the first look and before the last."""
    chosen = looks_between(whole)[0]
    return errors_at_looks(whole)[chosen] * (1 + 1e-9), chosen


def files(forecast, folder):
    place = forecast.save(folder / "out")
    return {p.name: p.read_bytes() for p in place.iterdir() if p.suffix in (".csv", ".parquet")}


def test_it_ends_at_the_maximum_and_says_what_is_missing(whole):
    assert whole.study.replicates == 12
    exact = whole.precision()
    assert exact.missing and exact.target == 1e-9 and exact.replicates == 12
    assert {error.error for error in exact.errors if error not in exact.missing} <= {0.0}


def test_it_stops_where_the_precision_is_reached_with_the_tables_of_that_number(community, between, whole, tmp_path):
    target, count = between
    seed = whole.study.seed
    found = played(community, Serial(), target, seed=seed)
    assert found.study.replicates == count and not found.precision().missing
    fixed = compare(
        community, SCENARIOS, replicates=count, seed=seed, weeks=10, workers=1, overrides=["parameters=posterior"],
        progress=False,
    )  # fmt: skip
    assert files(found, tmp_path / "auto") == files(fixed, tmp_path / "fixed")


def test_it_is_the_same_on_two_workers_and_after_an_interruption(community, between, whole, tmp_path):
    target, count = between
    store = Store(Runs(whole.study, community), tmp_path / "store")
    for task in (("points", 3), ("before", 0), ("before", count + 1)):  # what an interrupted run may have left
        store.put(*task, Runs(replace(whole.study, replicates=1), community).run(task))
    found = played(community, Processes(2), target, store, seed=whole.study.seed)
    assert found.study.replicates == count
    alone = played(community, Serial(), target, seed=whole.study.seed)
    assert files(found, tmp_path / "two") == files(alone, tmp_path / "one")
    assert len(list((tmp_path / "store").rglob("*.replicate"))) == 2 * count + 1


def test_a_replicate_is_the_same_run_however_many_there_are(community, whole):
    three = compare(
        community, SCENARIOS, replicates=3, seed=whole.study.seed, weeks=10, workers=1,
        overrides=["parameters=posterior"], progress=False,
    )  # fmt: skip
    for name, table in three.tables.items():
        more = whole.tables[name]
        kept = more[more["replicate"] < 3].reset_index(drop=True)
        for column in table:
            assert table[column].astype(kept[column].dtype).equals(kept[column]), (name, column)


def test_summaries_carry_the_error_over_draws(whole):
    draws = whole.study.draws()
    assert len(np.unique(draws)) == 11 and draws[8] == draws[9]
    summary, contrasts = whole.summary(), whole.contrasts()
    table = whole.tables["metrics"]
    for name in ("trust", "reach_quarter"):
        rows = table[(table["metric"] == name) & (table["group"] == "all")]
        wide = rows.pivot_table(index="replicate", columns="scenario", values="value", observed=True)
        pairs = pd.DataFrame({name: by_draw(wide[name].to_numpy()[None], draws)[0] for name in wide})
        sizes = by_draw(np.ones((1, 12)), draws)[0]
        own = summary[(summary["metric"] == name) & (summary["group"] == "all")].set_index("scenario")
        for scenario in SCENARIOS:
            apart = pairs[scenario] - sizes * wide[scenario].mean()
            assert own.loc[scenario, "standard_error"] == pytest.approx(np.sqrt((apart**2).sum() * 11 / 10) / 12)
        difference = contrasts[(contrasts["metric"] == name) & (contrasts["group"] == "all")]["standard_error"].item()
        gap = pairs["points"] - pairs["before"] - sizes * (wide["points"] - wide["before"]).mean()
        assert difference == pytest.approx(np.sqrt((gap**2).sum() * 11 / 10) / 12)


def test_at_the_centre_every_replicate_counts_for_itself(community):
    found = played(community, Serial(), 0.9, parameters="centre", overrides=["monte_carlo.maximum=4"])
    table = found.tables["metrics"]
    rows = table[(table["metric"] == "trust") & (table["group"] == "all") & (table["scenario"] == "before")]
    summary = found.summary()
    own = summary[(summary["scenario"] == "before") & (summary["metric"] == "trust") & (summary["group"] == "all")]
    assert own["standard_error"].item() == pytest.approx(rows["value"].sem())
