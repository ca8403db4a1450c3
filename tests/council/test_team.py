"""The council team "1+3+N": filled by role, replaced when tired, never the same person twice."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.council.team import ROLES, eligible, form_team
from consensus_sim.randomness import key
from tests.helpers import config, make_model


def make_started(**options):
    model = make_model("council", weeks=522, **options)
    while model.team is None:
        model.step()
    return model


def assert_sound(model):
    team = model.team
    assert (np.diff(team.members) > 0).all(), "ascending, nobody twice"
    assert len(team.role) == len(team.attended) == len(team.spoke) == len(team.members)
    np.testing.assert_array_equal(np.flatnonzero(model.team_mask), team.members)
    assert not team.past_members & set(team.members.tolist())
    for member, role in zip(team.members, team.role, strict=True):
        assert eligible(model.residents, ROLES[role][1])[member], role


@pytest.mark.parametrize("seed", range(4))
def test_ten_years_of_leaving_keep_the_team_sound(seed):
    """With so many leaving the small community runs out of workers and Party members: their seats stay empty."""
    model = make_started(seed=seed, behaviour={"fatigue.exit": 0.3, "fatigue.team_load": 0.1})
    full = len(model.team.members)
    while model.week < 300:
        model.step()
        assert_sound(model)
    assert len(model.team.past_members) > full
    assert len(model.team.members) <= full


def test_roles_are_filled_by_those_of_most_drive():
    model = make_started()
    roles = config()["intervention"]["council"]["team"]
    team = form_team(model, roles, 0.0)
    residents = model.residents
    drive = residents.motive + residents.initiative + residents.follow_through + residents.expression
    owners = [m for m, role in zip(team.members, team.role, strict=True) if role == "owners_committee"]
    assert len(owners) == 2
    left = eligible(residents, "owner") & ~team.is_member
    assert drive[owners].min() >= drive[left].max()
    assert team.officers == sum(count for role, count in roles.items() if ROLES[role][1] == "officer")


def test_a_role_for_which_there_are_too_few_is_filled_as_far_as_they_go():
    model = make_started()
    team = form_team(model, {"micro_grid_head": 500}, 0.2)
    np.testing.assert_array_equal(team.members, np.flatnonzero(model.residents.worker & model.residents.adult))
    assert len(form_team(model, {}, 0.2).members) == 0


def test_who_is_drawn_into_the_team_depends_on_the_lot_only_a_little():
    model = make_started()
    roles = {"resident_representative": 20}
    plain = set(form_team(model, roles, 0.0).members.tolist())
    drawn = set(form_team(model, roles, 0.2).members.tolist())
    assert len(plain & drawn) >= 15
    assert int(key(1, "team:form", model.week)) == int(model.key("team:form"))
