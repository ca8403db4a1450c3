"""What a calibration prints: in both languages, with whole names, and not more than it can say."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from rich.console import Console

from consensus_sim.experiments.calibrate.text import print_identification, print_predictive, trust_lines


def row(name, ratio):
    return {"parameter": name, "prior_q05": 0.1, "prior_q95": 0.9, "q05": 0.2, "q95": 0.4, "sd_ratio": ratio}


def figure(name, use="calibration", **more):
    found = {"target": name, "use": use, "value": 3.0, "low": 2.0, "high": 4.0, "posterior_q05": 1.0,
             "posterior_q95": 5.0, "posterior_share": 0.95, "held": True, "held_without_error": True}  # fmt: skip
    return {**found, **more}


def printed(show, rows, language="en", width=80):
    console = Console(file=io.StringIO(), width=width)
    show(pd.DataFrame(rows), language, console)
    return console.file.getvalue()


NAMES = ("deliberation.acceptance_halfwidth", "deliberation.integration_widening", "channels.council")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_the_data_narrow_comes_first_and_no_name_is_cut(language):
    said = printed(print_identification, [row(NAMES[2], 0.95), row(NAMES[1], 0.8), row(NAMES[0], 0.6)], language)
    places = [said.index(name) for name in NAMES]
    assert places == sorted(places) and "…" not in said
    assert ("do not identify the other 1 parameters: channels.council." in said) == (language == "en")


def test_data_that_say_nothing_of_any_parameter_get_no_table():
    said = printed(print_identification, [row(name, 1.0) for name in NAMES])
    assert said.strip() == "The data identify none of the 3 parameters."


def test_fitted_figures_signs_and_those_kept_apart_are_counted_apart():
    rows = [
        figure("a"),
        figure("b", held=False, held_without_error=False),
        figure("c", held_without_error=False),
        figure("d", "validation"),
        figure("e", "sign"),
        figure("f", "sign", held=False, posterior_share=0.5),
    ]
    said = " ".join(printed(print_predictive, rows).split())
    assert "2 of the 3 figures that were fitted" in said and "no test" in said and "by its error alone" in said
    assert "1 of 1 figures that were not fitted" in said
    assert "1 of 2 signs (never fitted) hold in 90% of runs or more; the others: f 50%." in said
    said = " ".join(printed(print_predictive, [figure("a")]).split())
    assert "signs" not in said and "not fitted" not in said


def test_how_far_to_trust_it():
    recovery = pd.DataFrame([{"parameter": "all", "truths": 256, "coverage50": 0.49, "coverage90": 0.88, "p": 0.11}])
    assert trust_lines(recovery, 8192, (), "en") == [
        "Simulation-based calibration over 256 synthetic truths: the 90 % intervals cover 88% of the parameters and "
        "the 50 % intervals 49%; the smallest p of uniform ranks is 0.11."
    ]
    few = trust_lines(recovery.assign(truths=30), 128, ("later",), "en")
    assert len(few) == 4 and "rough" in few[1] and "128 runs" in few[2] and few[3].endswith("scores them): later.")
    assert "was not run" in trust_lines(None, 8192, (), "en")[0]
