"""The latent scale: logits, their SD over adults, and gains in that SD."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus_sim.dynamics.latent import LEAST, apart, from_logit, latent_gain, latent_sd, logit
from tests.helpers import latent as exact
from tests.helpers import make_model


@given(x=st.floats(LEAST, 1 - LEAST))
def test_logits_are_exact_inside_the_clip_and_invert(x):
    assert logit(x) == pytest.approx(exact(x), abs=1e-9)
    assert from_logit(logit(x)) == pytest.approx(x, abs=1e-9)
    assert apart(x, 0.3) == pytest.approx(exact(x) - exact(0.3), abs=1e-9)
    assert apart(0.0, 1.0) == pytest.approx(exact(LEAST) - exact(1 - LEAST))


@given(x=st.floats(0, 1), y=st.floats(-1e3, 1e3))
def test_values_stay_inside_the_documented_clip(x, y):
    assert abs(logit(x)) <= exact(1 - LEAST) + 1e-9
    assert LEAST <= from_logit(y) <= 1 - LEAST


def test_one_sd_is_that_of_the_logits_of_the_residents_named():
    block = np.random.default_rng(1).random((3, 500), dtype=np.float32)
    rows = np.arange(100, 400)
    np.testing.assert_allclose(latent_sd(block, rows), exact(block[:, rows].astype(float)).std(axis=1), rtol=1e-5)


def test_a_population_without_spread_has_a_unit_above_nought():
    assert (latent_sd(np.full((2, 9), 0.3, np.float32), np.arange(9)) > 0).all()


def test_gains_are_in_sd_and_have_a_sign():
    start = np.array([[0.2, 0.5, 0.8]], np.float32)
    now = np.array([[0.5, 0.5, 0.2]], np.float32)
    gains = latent_gain(now, start, np.array([2.0]), np.array([0, 2]))
    np.testing.assert_allclose(gains, [[-exact(0.2) / 2, -exact(0.8)]], rtol=1e-5)


def test_a_models_units_are_the_latent_sd_over_adults_at_the_start():
    model = make_model("before", weeks=2)
    start = (
        exact(model.residents.skill[:, model.residents.adult].astype(float)),
        exact(model.residents.cognition[:, model.residents.adult].astype(float)),
    )
    model.run()
    np.testing.assert_allclose(model.skill_unit, start[0].std(axis=1), rtol=1e-5)
    np.testing.assert_allclose(model.cognition_unit, start[1].std(axis=1), rtol=1e-5)
