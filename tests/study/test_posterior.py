"""Sets of parameters: read with checks, drawn by weight, the same for all scenarios, and part of a study's identity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import t

from consensus_sim.errors import InputError
from consensus_sim.experiments.targets import read_targets
from consensus_sim.forecast.summary import standard_error
from consensus_sim.parameters import Behaviour
from consensus_sim.runs.copies import with_other_chance
from consensus_sim.runs.replicate import behaviour_of, build_model
from consensus_sim.study.config import compose
from consensus_sim.study.draws import draw_number
from consensus_sim.study.posterior import ParameterSets, posterior_file, read_posterior
from consensus_sim.study.study import read_study
from tests.helpers import community

CONFIG = compose(["community=teaching", "scenarios=[before,council]", "calendar.weeks=4", "parameters=centre"])
BEHAVIOUR = Behaviour.from_config(CONFIG["behaviour"])


def write(place, gains=(0.03, 0.05, 0.09), weights=(1, 2, 1), centre=None, **more):
    pd.DataFrame({"weight": weights, "trust.gain": gains, **more}).to_csv(place, index=False)
    about = {"centre": {"trust.gain": 0.06} if centre is None else centre}
    place.with_suffix(".yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
    return str(place)


def study_with(file, *changes):
    return read_study(
        compose(
            ["community=teaching", "scenarios=[before,council]", "calendar.weeks=4", "parameters=posterior",
             f"posterior={file}", *changes]
        )
    )  # fmt: skip


def gain(behaviour):
    return behaviour.parameters["trust"]["gain"].value


def test_every_tenth_replicate_repeats_a_draw_and_every_scenario_plays_it(tmp_path):
    study = study_with(write(tmp_path / "mine.csv"))
    for number in (8, 18):
        models = [
            build_model(community(), study.scenario(name), study, n)
            for name in ("before", "council")
            for n in (number, number + 1)
        ]
        assert len({model.behaviour.fingerprint() for model in models}) == 1
        assert len({model.seed for model in models}) == 2
    assert len({behaviour_of(study, n).fingerprint() for n in range(20)}) == 18
    assert draw_number(np.arange(21)).tolist() == [*range(9), 8, *range(9, 18), 17, 18]


@pytest.mark.parametrize("parameters", ["prior", "posterior"])
def test_replicates_have_the_same_parameters_just_where_they_have_the_same_draw(parameters):
    """Errors are computed over the draws that are simulated; the centre has none."""
    study = read_study(compose(["community=teaching", f"parameters={parameters}", "replicates=30"]))
    played = [behaviour_of(study, n).fingerprint() for n in range(30)]
    draws = study.draws()
    assert [[a == b for a in played] for b in played] == [[a == b for a in draws] for b in draws]
    np.testing.assert_array_equal(study.draws(600)[:30], draws)  # the same however many there are
    other = replace(study, seed=2).draws(600)
    assert parameters == "prior" or (other != study.draws(600)).mean() > 0.9
    assert replace(study, parameters="centre", posterior=None).draws() is None


def test_every_row_is_drawn_once_before_any_comes_again():
    """512 rows of equal weight: once in 512 draws, twice in 1,024, whatever the seed; in another order for each."""
    sets = replace(read_posterior("case_study"), weights=np.full(512, 1 / 512))
    rows = [sets.drawn(seed, np.arange(1024)) for seed in (1, 2)]
    for drawn in rows:
        assert sorted(drawn[:512]) == list(range(512)) and (np.bincount(drawn) == 2).all()
    assert (rows[0] != rows[1]).mean() > 0.9
    assert sets.drawn(1, np.array([700, 3])).tolist() == rows[0][[700, 3]].tolist()


UNEQUAL = np.arange(1.0, 8.0)


def unequal():
    """Seven rows with weights 1 to 7."""
    weights = UNEQUAL / UNEQUAL.sum()
    return ParameterSets(("behaviour.trust.gain",), UNEQUAL[:, None] ** 2, weights, "", {}, complete=True)


def test_means_over_draws_are_unbiased_and_vary_less_than_those_of_plain_draws():
    """Rows of unequal weight, 4,000 seeds: every draw alone is by weight (4.5 standard errors of a share), and so is
    their mean; it varies far less than that of as many independent draws.
    """
    sets, seeds, count = unequal(), 4_000, 20
    rows = np.array([sets.drawn(seed, np.arange(count)) for seed in range(seeds)])
    for number in (0, 1, 13):
        shares = np.bincount(rows[:, number], minlength=7) / seeds
        assert shares == pytest.approx(sets.weights, abs=4.5 * 0.5 / np.sqrt(seeds))
    means = sets.values[rows, 0].mean(axis=1)
    truth = float(sets.weights @ sets.values[:, 0])
    plain = float(np.sqrt(sets.weights @ (sets.values[:, 0] - truth) ** 2 / count))
    assert means.mean() == pytest.approx(truth, abs=4 * means.std() / np.sqrt(seeds))
    assert means.std() < 0.5 * plain


def test_the_error_states_what_a_table_leaves_however_many_draws_there_are():
    """Rows are a sample of the posterior: 2,000 tables of 40 rows, 200 replicates each. Intervals from errors over rows
    cover the true value as often as t predicts (4 standard errors, and 0.01 for the skewness of unequal weights).
    """
    rng, seeds = np.random.default_rng(3), 2_000
    weights = rng.uniform(0.5, 1.5, 40)
    sets = replace(unequal(), weights=weights / weights.sum())
    draws = np.array([sets.drawn(seed, draw_number(np.arange(200))) for seed in range(seeds)])
    values = np.take_along_axis(rng.normal(size=(seeds, 40)), draws, axis=1) + rng.normal(size=(seeds, 200))
    error = np.array([standard_error(one[None], draw)[0] for one, draw in zip(values, draws, strict=True)])
    inside = np.abs(values.mean(axis=1)) <= t.ppf(0.975, 39) * error
    assert inside.mean() == pytest.approx(0.95, abs=0.03)
    assert error.mean() > 0.9 / np.sqrt(sets.worth)  # 200 plain replicates would claim sqrt(2 / 200) = 0.1


def test_each_parameter_alone_is_at_its_quantile_of_the_sets_or_of_its_prior(tmp_path):
    """By weight for what calibration moved, whole numbers staying whole; the prior for the rest; the value of what the
    user has set.
    """
    place = write(tmp_path / "mine.csv", **{"trust.loss_ratio": [1.1, 1.2, 1.3], "meeting.sittings_max": [3, 4, 6]})
    about = {"centre": {"trust.gain": 0.06}, "calibrated": ["trust.gain", "meeting.sittings_max"]}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
    quantiles = np.column_stack([[0.0, 0.24, 0.26, 0.5, 0.74, 0.76, 1.0]] * len(list(BEHAVIOUR)))
    names = [p.name for p in BEHAVIOUR]
    prior = np.column_stack([p.at(quantiles[:, n]) for n, p in enumerate(BEHAVIOUR)])
    gains, sittings = names.index("behaviour.trust.gain"), names.index("behaviour.meeting.sittings_max")
    found = study_with(place).posterior.at(BEHAVIOUR, quantiles)
    np.testing.assert_allclose(found[:, gains], [0.03, 0.03, 0.05, 0.05, 0.05, 0.09, 0.09])
    np.testing.assert_array_equal(found[:, sittings], [3, 3, 4, 4, 4, 6, 6])
    others = ~np.isin(np.arange(len(names)), (gains, sittings))
    np.testing.assert_array_equal(found[:, others], prior[:, others])
    own = study_with(place, "behaviour.trust.gain.value=0.08")
    set_by_user = Behaviour.from_config(own.behaviour)
    assert (own.posterior.at(set_by_user, quantiles)[:, gains] == 0.08).all()


def test_where_nobody_says_what_was_calibrated_the_table_tells_of_all_that_it_has(tmp_path):
    place = write(tmp_path / "mine.csv", gains=(0.03, 0.03, 0.03))
    (tmp_path / "mine.yaml").unlink()
    study = study_with(place)
    here = [p.name for p in BEHAVIOUR].index("behaviour.trust.gain")
    assert (study.posterior.at(BEHAVIOUR, np.full((2, len(list(BEHAVIOUR))), 0.5))[:, here] == 0.03).all()
    assert gain(behaviour_of(study, 0)) == 0.03
    assert study.posterior.spread_ratios(BEHAVIOUR)["trust.gain"] == 0.0


def test_sets_are_drawn_by_weight(tmp_path):
    study = study_with(write(tmp_path / "mine.csv"))
    drawn = np.array([gain(behaviour_of(study, n)) for n in range(400)])
    shares = [np.isclose(drawn, value).mean() for value in (0.03, 0.05, 0.09)]
    assert shares == pytest.approx([0.25, 0.5, 0.25], abs=0.02)  # draws are spread evenly


def test_what_the_table_lacks_is_drawn_from_its_prior_and_what_the_user_set_is_kept(tmp_path):
    file = write(tmp_path / "mine.csv")
    study = study_with(file)
    habits = {behaviour_of(study, n).parameters["participation"]["habit"].value for n in range(4)}
    assert len(habits) == 4 and study.draws(4).tolist() == [0, 1, 2, 3] and study.table_rows == np.inf
    own = study_with(file, "behaviour.trust.gain.value=0.08")
    assert {gain(behaviour_of(own, n)) for n in range(4)} == {0.08}


def test_a_parameter_that_is_not_drawn_keeps_its_value_whatever_the_table_says(tmp_path):
    """Of the table and of the prior; `low` or `high` has it drawn again from that range."""
    undrawn = ["++behaviour.trust.gain.drawn=false", "++behaviour.trust.loss_ratio.drawn=false"]
    study = study_with(write(tmp_path / "mine.csv"), *undrawn)
    found = [behaviour_of(study, n).numbers("trust") for n in range(4)]
    centre = BEHAVIOUR.numbers("trust")
    for name in ("gain", "loss_ratio"):
        assert {trust[name] for trust in found} == {centre[name]}
    ranged = compose(["++behaviour.trust.gain.drawn=false", "behaviour.trust.loss_ratio.high=4.0"])["behaviour"][
        "trust"
    ]
    assert not ranged["gain"]["drawn"] and ranged["loss_ratio"]["drawn"]


def test_a_table_of_all_that_is_drawn_is_complete(tmp_path):
    """The rows of a complete table alone distinguish the draws."""
    trust = {name: CONFIG["behaviour"]["trust"][name] for name in ("gain", "loss_ratio")}
    sets = read_posterior(write(tmp_path / "mine.csv"))
    for drawn in (True, False):
        of = Behaviour.from_config({"trust": {**trust, "loss_ratio": {**trust["loss_ratio"], "drawn": drawn}}})
        assert sets.checked(of).complete is not drawn


def test_another_table_is_another_study_and_another_key(tmp_path):
    first = study_with(write(tmp_path / "a.csv"))
    second = study_with(write(tmp_path / "b.csv", gains=(0.03, 0.05, 0.08)))
    centre = read_study(CONFIG)
    scenario = centre.scenario("before")
    assert len({study.key(scenario, {}) for study in (first, second, centre)}) == 3
    assert first.identity()["posterior"] == first.posterior.digest


def test_an_edit_of_the_file_beside_a_table_is_read(tmp_path):
    found = [read_posterior(write(tmp_path / "a.csv", centre={"trust.gain": gain})) for gain in (0.06, 0.07)]
    assert [sets.centre["behaviour.trust.gain"] for sets in found] == [0.06, 0.07]
    assert found[0].digest != found[1].digest


def test_copies_share_the_set(tmp_path):
    study = study_with(write(tmp_path / "mine.csv"))
    other = with_other_chance(study, 2, "community.copy", 1)
    assert behaviour_of(other, 2).fingerprint() == behaviour_of(study, 2).fingerprint()
    assert replace(study, posterior=None).parameters == "posterior"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"weights": (1, -1, 1)}, "must be non-negative"),
        ({"weights": (0, 0, 0)}, "and not all zero"),
        ({"gains": (0.03, 0.05, "x")}, "column trust.gain holds something that is not a number"),
        ({"gains": (0.03, 0.05, 0.5)}, "outside its range"),
        ({"trust.gian": (1, 1, 1)}, "unknown column 'trust.gian' (did you mean 'trust.gain'?); allowed: one of"),
    ],
)
def test_a_wrong_table_is_told_in_one_line(tmp_path, more, told):
    gains, weights = more.pop("gains", (0.03, 0.05, 0.09)), more.pop("weights", (1, 2, 1))
    file = write(tmp_path / "mine.csv", gains, weights, **more)
    with pytest.raises(InputError, match=r"^posterior\.file: ") as error:
        study_with(file)
    assert told in str(error.value) and "\n" not in str(error.value)


def test_a_missing_table_is_told(tmp_path):
    with pytest.raises(InputError, match="did you mean 'case_study'"):
        study_with("case_stduy")
    with pytest.raises(InputError, match=r"found 'nowhere.csv'; there is no such file"):
        study_with("nowhere.csv")


@pytest.mark.parametrize("parameters", ["centre", "prior"])
def test_a_table_that_would_not_be_read_is_refused(tmp_path, parameters):
    study_with("case_study", f"parameters={parameters}")
    with pytest.raises(InputError, match=rf"mine.csv' with parameters={parameters}; allowed: with parameters=post"):
        study_with(write(tmp_path / "mine.csv"), f"parameters={parameters}")


def test_who_means_to_write_a_table_is_told_how():
    with pytest.raises(InputError, match=r"to write one, calibration.posterior=FILE"):
        read_study(compose(["experiment=calibrate", "community=teaching", "posterior=new.csv"]))


def test_the_shipped_posterior_fits_the_shipped_behaviour():
    """If this fails after a change of parameters: experiment=calibrate (experiments/README.md)."""
    sets = read_posterior("case_study").checked(BEHAVIOUR)
    assert sets.complete and {p.name for p in BEHAVIOUR if p.varies} == set(sets.names) - sets.kept
    assert 100 <= len(sets.weights) <= 1000 and sets.weights.sum() == pytest.approx(1)
    about = yaml.safe_load(posterior_file("case_study").with_suffix(".yaml").read_text(encoding="utf-8"))
    assert about["sets"] == len(sets.weights)
    assert about["calibrated"] == [p.name.removeprefix("behaviour.") for p in BEHAVIOUR if p.calibrate]
    figures = read_targets(["baseline", "phase1"], ["baseline", "phase1", "plain"])
    assert sets.fitted == {(t.statistic, t.value) for t in figures if t.use == "calibration"}


def test_parameters_outside_the_fit_stay_at_their_prior():
    """Weighted mean of each within 4 Monte-Carlo standard errors of its prior's mean."""
    sets = read_posterior("case_study").checked(BEHAVIOUR)
    effective = 1 / np.sum(sets.weights**2)
    grid = np.linspace(0.0005, 0.9995, 1000)
    for p in BEHAVIOUR:
        if p.varies and not p.calibrate:
            prior = p.at(grid)
            mean = sets.weights @ sets.values[:, sets.names.index(p.name)]
            assert abs(mean - prior.mean()) <= 4 * prior.std() / np.sqrt(effective) + 1e-9, p.name


def test_spread_ratios_are_those_that_calibration_published():
    """Of the shipped table, whose numbers are rounded: within 0.02, the same silent; within 0.05 for whole numbers, of
    which calibration knows the quantile and the table the number, and the same silent but where they lie as near to
    the line.
    """
    from pathlib import Path

    from consensus_sim.study.posterior import SILENT

    sets = read_posterior("case_study").checked(BEHAVIOUR)
    found = sets.spread_ratios(BEHAVIOUR)
    folder = Path(__file__).parents[2] / "results" / "reference"
    published = pd.read_csv(folder / "calibration.csv").set_index("parameter")["sd_ratio"]
    whole = {p.name.removeprefix("behaviour.") for p in BEHAVIOUR if p.integer}
    for name, ratio in published.items():
        near = 0.05 if name in whole else 0.02
        assert found[name] == pytest.approx(ratio, abs=near)
        at_the_line = name in whole and abs(ratio - SILENT) < near
        assert at_the_line or (found[name] < SILENT) == (ratio < SILENT), name
    assert {ratio for name, ratio in found.items() if name not in published} == {1.0}
    assert set(replace(sets, kept=frozenset(sets.names)).spread_ratios(BEHAVIOUR).values()) == {1.0}


@pytest.mark.parametrize("parameters", ["prior", "posterior", "own"])
def test_a_value_that_the_user_sets_is_played_whatever_is_drawn(tmp_path, parameters):
    """Holds also where the user's own table gives no centre. Under the prior, a parameter whose range the user sets is
    still drawn.
    """
    place = tmp_path / "mine.csv"
    pd.DataFrame({"weight": [1, 1], "trust.gain": [0.03, 0.09]}).to_csv(place, index=False)
    how = ["parameters=posterior", f"posterior={place}"] if parameters == "own" else [f"parameters={parameters}"]
    plain = ["community=teaching", "scenarios=[before,council]", "calendar.weeks=4", *how]
    for change in ("behaviour.trust.gain.value=0.05", "++behaviour.trust.gain.value=0.05"):
        study = read_study(compose([*plain, change]))
        assert {gain(behaviour_of(study, number)) for number in range(0, 12, 2)} == {0.05}
    assert len({gain(behaviour_of(read_study(compose(plain)), number)) for number in range(0, 12, 2)}) > 1
    ranged = ["behaviour.trust.gain.value=0.05", "behaviour.trust.gain.high=0.09"]
    if parameters == "prior":
        study = read_study(compose([*plain, *ranged]))
        assert len({gain(behaviour_of(study, number)) for number in range(0, 12, 2)}) > 1


def test_a_calibrated_parameter_that_the_user_sets_is_not_calibrated():
    entry = compose(["behaviour.participation.taste.value=0.3"])["behaviour"]["participation"]["taste"]
    assert (entry["distribution"], entry["calibrate"], entry["value"]) == ("fixed", False, 0.3)


@pytest.mark.parametrize(
    ("about", "told"),
    [
        ("- a", "mine.yaml:1: found a list; allowed: a YAML mapping"),
        ("centre: 5", "mine.yaml: centre: found 5"),
        ("centre: {trust.gain: abc}", "mine.yaml: centre.trust.gain: found 'abc'; allowed: a number"),
        ("centre: {trust.gain: null}", "mine.yaml: centre.trust.gain: found null"),
        ("targets: [tea]", "mine.yaml: targets: found ['tea']; allowed: name: {statistic: NAME, value: NUMBER}"),
        ("targets: {tea: {statistic: tea}}", "mine.yaml: targets: found"),
        ("calibrated: 3", "mine.yaml: calibrated: found 3; allowed: a list"),
        ("calibrated: [nonsense]", "mine.yaml: calibrated: found 'nonsense'; allowed: trust.gain"),
    ],
)
def test_a_wrong_file_beside_a_table_is_told_in_one_line(tmp_path, about, told):
    file = write(tmp_path / "mine.csv")
    (tmp_path / "mine.yaml").write_text(about, encoding="utf-8")
    with pytest.raises(InputError) as error:
        study_with(file)
    assert told in str(error.value) and "\n" not in str(error.value)
