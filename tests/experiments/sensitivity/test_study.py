"""Sensitivity: textbook functions with known indices, effects distinguished from Monte Carlo noise, settings, and a
small complete run.
"""

from __future__ import annotations

import io
import re

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from consensus_sim import load_community
from consensus_sim.catalogue import contrast_metrics
from consensus_sim.errors import InputError
from consensus_sim.experiments.sensitivity.study import (
    MORRIS,
    NO,
    SOBOL,
    UNTOLD,
    YES,
    Sensitivity,
    defined,
    morris,
    read_settings,
    screened,
    sobol,
)
from consensus_sim.experiments.sensitivity.text import draw_indices, heading, print_indices
from consensus_sim.forecast.simulator import Simulator
from consensus_sim.runs.engines import Serial
from consensus_sim.study.config import compose
from consensus_sim.study.study import read_study

pytest.importorskip("SALib")

STAFF_TIME = "cost_hours"  # set by the levers, whatever the parameters
GOOD = {"trajectories": 4, "levels": 4, "screened": 2, "base": 8, "chances": 1, "noise": 4, "metrics": ["trust"]}


def test_good_settings_are_read():
    assert read_settings(GOOD).base == 8


def test_every_headline_outcome_is_told_unless_asked_otherwise():
    assert set(contrast_metrics()) - {STAFF_TIME} <= set(compose(["experiment=sensitivity"])["sensitivity"]["metrics"])


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"base": 12}, "sensitivity.base: found 12; allowed: a power of two"),
        ({"metrics": ["x"]}, "sensitivity.metrics"),
        ({"levels": 1}, "sensitivity.levels"),
        ({"noise": 1}, "sensitivity.noise: found 1; allowed: .*2"),
        ({"levels": 3}, "sensitivity.levels: found 3; allowed: an even number"),
        ({"metrics": []}, "sensitivity.metrics: found .*allowed: a list"),
        ({"metrics": "trust"}, "sensitivity.metrics: found 'trust'; allowed: a list"),
        ({"trajectories": "many"}, "sensitivity.trajectories"),
        ({"bas": 1}, "bas"),
    ],
)
def test_settings_that_cannot_be_read_are_refused(change, word):
    with pytest.raises(InputError, match=word):
        read_settings(GOOD | change)


def test_a_missing_setting_is_named():
    with pytest.raises(InputError, match="sensitivity: the key 'noise' is missing"):
        read_settings({name: value for name, value in GOOD.items() if name != "noise"})


OUTPUT = ("council", "", "trust")


def ishigami(quantiles):
    """Ishigami & Homma 1990, a = 7, b = 0.1, on the quantiles of uniform priors from -pi to pi."""
    x = np.pi * (2 * quantiles - 1)
    return {OUTPUT: np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])}


def test_the_indices_of_ishigami():
    """First-order 0.3139, 0.4424, 0; total 0.5576, 0.4424, 0.2437: each in its 95 % interval, doubled (six at once)."""
    found = sobol(["a", "b", "c"], 4096, ishigami).set_index("parameter")
    known = {"first": (0.3139, 0.4424, 0.0), "total": (0.5576, 0.4424, 0.2437)}
    for column, values in known.items():
        off = (found[column] - np.array(values)).abs()
        assert off.max() < 0.03
        assert (off <= 2 * found[f"{column}_half"]).all()
    assert found["matters"].tolist() == [YES, YES, YES] and (found["chance_share"] == 0).all()


def test_the_effects_of_a_plane_and_of_an_interaction():
    def outputs(q):
        return {OUTPUT: 3 * q[:, 0] - 2 * q[:, 1] + 0 * q[:, 2], ("full", "council", "trust"): q[:, 0] * q[:, 1]}

    found = morris(["a", "b", "c"], 20, 4, outputs).set_index(["scenario", "parameter"])
    assert found.loc["council", "mu_star"].tolist() == pytest.approx([3, 2, 0])
    assert found.loc["council", "sigma"].tolist() == pytest.approx([0, 0, 0], abs=1e-9)
    assert found.loc["council", "matters"].tolist() == [YES, YES, NO]
    assert (found.loc["full", "sigma"].iloc[:2] > 0.1).all()


def test_what_chance_alone_does_is_no_effect():
    """A function in which any change of a set meets other chance (SD 1): a parameter that does nothing is not said to
    matter, in mu* and total index; one that spreads the output by much more is.
    """
    rng = np.random.default_rng(6)

    def outputs(q):
        return {OUTPUT: 12 * q[:, 0] + rng.normal(size=len(q))}

    screening = morris(["a", "b"], 60, 4, outputs, {OUTPUT: 1.0}).set_index("parameter")
    assert screening["floor"].iloc[0] == pytest.approx(1.69, abs=0.01)
    assert screening.loc["b", "mu_star"] == pytest.approx(1.69, abs=0.5)
    assert screening["matters"]["a"] == YES and screening["matters"]["b"] != YES
    ranked = sobol(["a", "b"], 512, outputs, {OUTPUT: 1.0}).set_index("parameter")
    assert ranked["chance_share"].iloc[0] == pytest.approx(1 / 13, abs=0.01)
    assert ranked.loc["b", "total"] == pytest.approx(1 / 13, abs=0.02) and abs(ranked.loc["b", "first"]) < 0.1
    assert ranked["matters"]["a"] == YES and ranked["matters"]["b"] in (NO, UNTOLD)


def test_a_small_analysis_of_the_teaching_community():
    """Levels and differences, every parameter that is not fixed, chance by runs; the same when repeated."""
    changes = ["community=teaching", "experiment=sensitivity", "calendar.weeks=14", "scenarios=[before,council]"]
    changes.append("++behaviour.trust.loss_ratio.drawn=false")  # the screening varies it all the same
    config = compose(changes)
    settings = read_settings(GOOD | {"trajectories": 2, "metrics": ["trust", "reach_quarter"]})
    analysis = Sensitivity(
        load_community("teaching"), read_study(config), settings, Simulator(Serial(), progress=False)
    )
    screening, ranked = analysis.run()
    assert list(screening) == list(MORRIS) and list(ranked) == list(SOBOL)
    outputs = set(map(tuple, screening[["scenario", "reference"]].to_numpy().tolist()))
    assert outputs == {("before", ""), ("council", ""), ("before", "council")}
    parameters = analysis._parameters
    free = {p.name.removeprefix("behaviour.") for p in parameters if p.distribution != "fixed"}
    assert "trust.loss_ratio" in free
    assert set(screening["parameter"]) == free and len(free) < len(parameters) and ranked["parameter"].nunique() == 2
    assert set(ranked["parameter"]) == set(screened(screening, 2))
    assert (screening["floor"] > 0).any() and (screening["mu_star"] >= 0).all()
    quantiles = np.random.default_rng(1).uniform(size=(3, len(parameters)))
    first, again = analysis.outputs(quantiles), analysis.outputs(quantiles)
    for output, values in first.items():
        np.testing.assert_array_equal(values, again[output])


def test_by_default_parameters_vary_over_what_calibration_left_and_what_the_user_has_set_stays():
    changes = ["community=teaching", "experiment=sensitivity", "calendar.weeks=8", "scenarios=[council]"]
    community, settings = load_community("teaching"), read_settings(GOOD | {"metrics": ["reach_quarter"], "noise": 2})
    narrowed, found = "deliberation.pace", {}
    for name in ("posterior", "prior"):
        study = read_study(compose([*changes, f"parameters={name}"]))
        analysis = Sensitivity(community, study, settings, Simulator(Serial(), progress=False))
        columns = [p.name for p in analysis._parameters]
        quantiles = np.full((1, len(columns)), 0.9)
        found[name] = analysis._values(quantiles)[0, columns.index(f"behaviour.{narrowed}")]
    assert found["posterior"] < 0.75 < found["prior"] < 1.0
    assert read_study(compose(changes)).parameters == "posterior"

    study = read_study(compose([*changes, f"behaviour.{narrowed}.value=0.5"]))
    few = read_settings(GOOD | {"trajectories": 2, "screened": 0, "metrics": ["reach_quarter"], "noise": 2})
    analysis = Sensitivity(community, study, few, Simulator(Serial(), progress=False))
    screening, _ = analysis.run()
    assert narrowed not in set(screening["parameter"]) and "participation.stake" in set(screening["parameter"])
    columns = [p.name for p in analysis._parameters]
    values = analysis._values(np.random.default_rng(2).uniform(size=(4, len(columns))))
    assert (values[:, columns.index(f"behaviour.{narrowed}")] == 0.5).all()


def test_the_screening_goes_from_the_5_to_the_95_percent_quantile():
    asked = []

    class Watched(Sensitivity):
        def _outputs_of(self, varied):
            def at(quantiles):
                asked.append(quantiles)
                return {OUTPUT: quantiles.sum(axis=1)}

            return at

        def noise(self):
            return {}

    study = read_study(compose(["community=teaching", "experiment=sensitivity", "scenarios=[council]"]))
    Watched(None, study, read_settings(GOOD | {"trajectories": 2}), Simulator(Serial(), progress=False)).run()
    screened_at, ranked_at = asked
    assert screened_at.min() == pytest.approx(0.05) and screened_at.max() == pytest.approx(0.95)
    assert ranked_at.min() < 0.05  # the indices take the whole distribution


@pytest.mark.parametrize(("parameters", "end"), [("posterior", "posterior"), ("prior", "prior"), ("centre", "prior")])
def test_the_heading_says_over_what_parameters_vary(parameters, end):
    study = read_study(compose(["experiment=sensitivity", f"parameters={parameters}"]))
    assert heading(study, "en").endswith(end)


def test_the_heading_names_a_table_of_ones_own(tmp_path):
    place = tmp_path / "guessed.csv"
    pd.DataFrame({"weight": [1, 1], "trust.gain": [0.03, 0.05]}).to_csv(place, index=False)
    study = read_study(compose(["experiment=sensitivity", f"posterior={place}"]))
    assert "guessed.csv" in heading(study, "en") and "guessed.csv" in heading(study, "zh")


def test_what_cannot_be_told_from_chance_is_marked_and_what_does_not_matter_left_out():
    rows = [("council", "", "trust", name, 1.2, 0.5, told) for name, told in (("a", UNTOLD), ("b", NO))]
    rows += [("council", "", "trust", "c", 0.3, 0.1, YES), ("before", "council", "trust", "c", 0.9, 0.1, NO)]
    names = ["scenario", "reference", "metric", "parameter", "total", "total_half", "matters"]
    table, labels = pd.DataFrame(rows, columns=names), {"council": {"zh": "议事会", "en": "The council"}}
    console = Console(width=100, file=io.StringIO())
    print_indices({"sobol": table}, "Heading", labels, "en", console)
    said = console.file.getvalue()
    assert re.search(r"The council +c +0\.3 ± 0\.1\n +a +1\.2 ± 0\.5 \?\n", said) and not re.search(r" b +\d", said)
    assert re.search(r"before − The council +– +–\n", said)
    axes = draw_indices(table, "Heading", labels, "zh").axes[0]
    grid = axes.images[0].get_array()
    assert np.ma.filled(grid, -1.0).max() == 0.3 and [mark.get_text() for mark in axes.texts] == ["?"]
    assert any("议事会" in label.get_text() for label in axes.get_xticklabels())


def test_outputs_seldom_defined_or_constant_are_left_out():
    few, many = np.arange(100.0), np.arange(100.0)
    few[:4], many[:50] = np.nan, np.nan
    kept = defined({("a", "", "few"): few, ("a", "", "many"): many, ("a", "", "flat"): np.ones(100)})
    assert list(kept) == [("a", "", "few")]
    assert not np.isnan(kept["a", "", "few"]).any() and kept["a", "", "few"][0] == np.nanmedian(few)


def test_the_largest_of_every_output_go_on_then_what_matters_for_most_outputs():
    """p has the largest effect on no output for sure, q on both; s on the third alone; of the others r matters more
    often than t.
    """
    rows = [
        ("x", "q", 1.0, 1.0, YES), ("x", "r", 0.5, 1.0, YES), ("x", "s", 0.1, 1.0, NO), ("x", "t", 0.9, 1.0, YES),
        ("y", "q", 1.0, 1.0, YES), ("y", "r", 0.5, 1.0, YES), ("y", "s", 0.1, 1.0, NO), ("y", "t", 0.9, 1.0, UNTOLD),
        ("z", "p", 9.0, 2.0, UNTOLD), ("z", "q", 0.1, 2.0, YES), ("z", "s", 0.1, 2.0, NO), ("z", "t", 0.1, 2.0, NO),
        ("w", "s", 3.0, 2.0, YES), ("w", "q", 0.1, 2.0, YES), ("w", "p", 0.1, 2.0, NO), ("w", "t", 0.1, 2.0, NO),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["metric", "parameter", "mu_star", "output_sd", "matters"])
    table = table.assign(scenario="council", reference="")
    assert screened(table, 5) == ["q", "s", "r", "t", "p"]
    assert screened(table, 2) == ["q", "s"]
