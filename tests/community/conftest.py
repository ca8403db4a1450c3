"""Communities that several tests look at, built once."""

from __future__ import annotations

import pytest

from consensus_sim.community import Community, load_community


@pytest.fixture(scope="session")
def case_study() -> Community:
    """The case study's community at full size."""
    return load_community("case_study")


@pytest.fixture(scope="session")
def teaching() -> Community:
    """The small community."""
    return load_community("teaching")


@pytest.fixture(scope="session", params=["case_study", "teaching", "case_study_seed_7", "teaching_seed_7"])
def community(request: pytest.FixtureRequest) -> Community:
    """Each community under two seeds."""
    name, _, seed = request.param.partition("_seed_")
    return load_community(name, overrides={"seed": int(seed or 1)})
