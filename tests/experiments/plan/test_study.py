"""The quantities of the revised plan's forecast: each defined, bounded, and read from the weeks it says."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from consensus_sim.catalogue import forecast_metric_names
from consensus_sim.errors import InputError
from consensus_sim.experiments.plan.quantities import (
    BEFORE,
    PRIOR_DRIVEN,
    forecast_rows,
    periods,
    read_period,
    read_phase2,
    same_length,
)
from tests.helpers import make_model

SHARES = ("executed_at_readout", "executed_within_26_weeks", "execution_on_time", "reach", "reach_in_person",
          "topics_raised_by_party", "topics_led_by_party", "attendance_share", "speaking_share", "consensus_settled",
          "consensus_shelved", "consensus_open", "settled_within_26_weeks", "trust", "fatigue")  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return make_model("phase2_plan", weeks=57).run()


def test_every_quantity_is_there_and_shares_are_shares(model):
    found = read_period(model, periods()[1]["5 months"])
    assert {name for name, _ in found} == set(forecast_metric_names())
    for (name, group), value in found.items():
        if name in SHARES and not math.isnan(value):
            assert 0.0 <= value <= 1.0, (name, group)
    three = [found[f"consensus_{state}", "all"] for state in ("settled", "shelved", "open")]
    assert sum(three) == pytest.approx(1.0)


def test_in_person_never_exceeds_all_and_venues_add_up(model):
    found = read_period(model, periods()[1]["5 months"])
    for group in ("all", "young", "elder", "tenant"):
        assert found["reach_in_person", group] <= found["reach", group]
    first, last = 35, 57
    held = sum(n for week, _, n in model.recorder.events_held if first <= week < last)
    assert sum(value for (name, _), value in found.items() if name == "person_times") == held


def test_a_run_too_short_for_a_period_is_refused(model):
    with pytest.raises(InputError, match=r"calendar.weeks"):
        read_period(model, periods()[1]["9 months"])


def test_rows_hold_quantiles_in_order_and_the_share_of_parameters():
    draws = np.repeat(np.arange(50), 2)  # both of a pair equal: all variance from parameters
    (row,) = forecast_rows({"5 months/trust:all": draws.astype(float)}, draws)
    assert row["q05"] < row["q25"] < row["q50"] < row["q75"] < row["q95"]
    assert row["share_parameters"] == pytest.approx(1.0) and row["replicates"] == 100 and row["basis"] == "posterior"


def test_rows_tell_the_models_own_phase_1_and_the_paired_change():
    """Trust 0.1 higher in every run than before, whatever it is; a count of a longer period is compared per week."""
    before = np.linspace(0.2, 0.4, 11)
    values = {"5 months/trust:all": before + 0.1, "5 months/before/trust:all": before}
    (row,) = forecast_rows(values, np.arange(11))
    assert row["phase1_q50"] == pytest.approx(0.3)
    assert [row[f"change_{q}"] for q in ("q05", "q50", "q95")] == pytest.approx([0.1] * 3)


def test_phase_1_is_read_over_as_many_weeks_as_the_period():
    three, _, nine = (same_length(periods()[1][name]) for name in ("3 months", "5 months", "9 months"))
    assert (three[0][1] - three[0][0]).days == 90 and three[1] == 1.0
    assert nine[0] == periods()[0] and nine[1] == pytest.approx(273 / 184)
    model = make_model("phase2_plan", weeks=57).run()
    found = read_phase2(model)
    days, longer = same_length(periods()[1]["5 months"])
    assert longer == 1.0
    earlier = read_period(model, days)
    for (name, group), value in earlier.items():
        assert found[f"5 months/{BEFORE}/{name}:{group}"] == pytest.approx(value, nan_ok=True)
    assert found["5 months/before/person_times:council"] > 0


def test_the_published_forecast_has_every_quantity_in_every_period():
    from pathlib import Path

    table = pd.read_csv(Path(__file__).parents[3] / "results" / "reference" / "forecast_phase2.csv")
    assert set(table["metric"]) == set(forecast_metric_names()) and set(table["period"]) == set(periods()[1])
    quantiles = table[["q05", "q25", "q50", "q75", "q95"]].dropna()
    assert (np.diff(quantiles.to_numpy(), axis=1) >= 0).all()
    assert set(table.loc[table["basis"] == "prior-driven", "metric"]) == PRIOR_DRIVEN
