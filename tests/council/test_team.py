"""The council team "1+3+N": filled by role, replaced when tired, never the same person twice."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.council import attendance
from consensus_sim.council.team import ROLES, eligible, form_team
from consensus_sim.dynamics.learning import keep_factor
from consensus_sim.interventions.base import Intervention
from consensus_sim.outcomes.facts import collect_acts
from consensus_sim.outcomes.metrics import headline_metrics
from consensus_sim.randomness import key
from tests.helpers import config, lever, make_model


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
    team = form_team(model, roles, 0.0, 0.35)
    residents = model.residents
    drive = residents.motive + residents.initiative + residents.follow_through + residents.expression
    owners = [m for m, role in zip(team.members, team.role, strict=True) if role == "owners_committee"]
    assert len(owners) == 2
    left = eligible(residents, "owner") & ~team.is_member
    assert drive[owners].min() >= drive[left].max()
    assert team.officers == sum(count for role, count in roles.items() if ROLES[role][1] == "officer")


def test_a_role_for_which_there_are_too_few_is_filled_as_far_as_they_go():
    model = make_started()
    team = form_team(model, {"micro_grid_head": 500}, 0.2, 0.35)
    np.testing.assert_array_equal(team.members, np.flatnonzero(model.residents.worker & model.residents.adult))
    assert len(form_team(model, {}, 0.2, 0.35).members) == 0


def test_who_is_drawn_into_the_team_depends_on_the_lot_only_a_little():
    model = make_started()
    roles = {"resident_representative": 20}
    plain = set(form_team(model, roles, 0.0, 0.35).members.tolist())
    drawn = set(form_team(model, roles, 0.2, 0.35).members.tolist())
    assert len(plain & drawn) >= 15
    assert int(key(1, "team:form", model.week)) == int(model.key("team:form"))


class Account(Intervention):
    """Keeps the strain of everybody by the rules, written out: who is called, who of those came and who collected."""

    def on_start(self, model):
        self.strain = np.zeros(model.residents.n)

    def _add(self, who, amount):
        self.strain[who] = np.clip(self.strain[who] + amount, 0.0, 1.0)

    def _called(self, model, event):
        if event.channel.name in ("council", "tea"):
            return model.team.members
        return lever(model, "seed_group").group if event.channel.name == "seed_group" else np.empty(0, np.int32)

    def invite(self, model, event):
        if event.channel.name in ("council", "seed_group"):
            self._add(self._called(model, event), model.parameters.fatigue.team_load)

    def on_attended(self, model, event):
        self._add(np.intersect1d(self._called(model, event), event.came), model.parameters.fatigue.load)

    def on_collected(self, model, rows):
        self._add(rows, model.parameters.fatigue.load)


def test_strain_is_the_load_of_service_over_a_year_and_nobody_elses():
    account = Account(name="zz")
    busy = {"channels.council": -4.0, "participation.team_call": -3.0, "topics.arrivals": 0.6, "topics.suggestion": 0.5,
            "execution.hazard": 0.3}  # fmt: skip
    model = make_model("council", weeks=60, behaviour=busy, levers={"seed_group": {}}, extra=[account])
    keep = keep_factor(model.parameters.fatigue.strain_half_life)
    while model.week < 60:
        if model.team is None:
            account.strain = np.zeros(model.residents.n)
        model.step()
        account.strain *= keep
        np.testing.assert_allclose(model.residents.strain, account.strain, atol=1e-5)
    seed = lever(model, "seed_group")
    served = [*model.team.members, *model.team.past_members, *seed.group, *seed.past]
    assert np.isin(np.flatnonzero(model.residents.strain), served).all()
    assert model.residents.strain.max() > 0.3
    assert keep**52 == pytest.approx(0.5)


def test_strain_keeps_members_away_as_fatigue_does_and_makes_them_leave():
    model = make_started(behaviour={"fatigue.exit": 1.0})
    fresh = attendance.base_utility(model).copy()
    worn = model.team.members[::2].copy()
    model.residents.fatigue[:], model.residents.strain[:] = 0.0, 0.0
    rested = attendance.base_utility(model).copy()
    model.residents.strain[worn] = 1.0
    held_back = rested - attendance.base_utility(model)
    np.testing.assert_allclose(held_back[worn], model.parameters.participation.fatigue, rtol=1e-5)
    assert np.count_nonzero(held_back) == len(worn) and (fresh <= rested).all()
    before = set(model.team.past_members)
    lever(model, "council").on_week_end(model)
    assert model.team.past_members - before == set(worn.tolist())


@pytest.mark.parametrize("name", ["council", "seed_group"])
def test_who_leaves_is_no_longer_away_and_who_stays_still_is(name):
    """Whoever is called no longer cannot come to what ends an absence; a worker goes on collecting."""
    model = make_started(behaviour={"fatigue.exit": 1.0}, levers={"seed_group": {}})
    while not any(each.name == "seed_group" for each in model.active):
        model.step()
    body = lever(model, name)
    before = body.collectors(model).copy()
    worn = before[::2]
    model.residents.fatigue[:], model.residents.strain[:], model.stayed_away[:] = 0.0, 0.0, False
    model.residents.strain[worn], model.stayed_away[before] = 1.0, True
    body.on_week_end(model)
    assert not np.isin(worn, body.collectors(model)).any()
    assert len(worn) and np.flatnonzero(model.stayed_away).tolist() == before[1::2].tolist()


def test_fatigue_and_strain_of_the_team_are_recorded_apart():
    model = make_model("council", weeks=40).run()
    members, weekly = model.team.members, model.recorder.weekly
    found = headline_metrics(model, collect_acts(model))
    values = dict(zip(found["metric"].tolist(), found["value"].tolist(), strict=True))
    for name, column in (("fatigue_team", model.residents.fatigue), ("strain_team", model.residents.strain)):
        assert weekly[name][-1] == pytest.approx(column[members].mean(), abs=1e-6)
        assert values[name] == pytest.approx(column[members].mean(), abs=1e-6)
    assert values["strain_team"] > values["fatigue_team"] + 0.05
