"""Settings of levers are checked when read: one line that names the key, what was found and what is allowed."""

from __future__ import annotations

import pytest

from consensus_sim.errors import InputError
from consensus_sim.interventions.base import COST_KEYS, build_lever
from consensus_sim.study.config import compose
from consensus_sim.study.plan import Plan

FILES = Plan(compose([])).files
WRONG = [
    ("quota_seating", {"share": 1.4}, "intervention.quota_seating.share: found 1.4; allowed: 0 to 1 share of seats"),
    ("quota_seating", {"counted": "promised"}, "allowed: offered, seated, present"),
    ("quota_seating", {"seats": 2.5}, "found 2.5; allowed: a whole number from 0 to 1000"),
    ("points", {"attendance": -1}, "intervention.points.attendance: found -1"),
    ("points", {"value": True}, "intervention.points.value: found true"),
    ("points", {"atendance": 2}, "did you mean 'attendance'"),
    ("training", {"method": "lecure"}, "did you mean 'lecture'"),
    ("parlour", {"elders_corner": "yes"}, "allowed: true or false"),
    ("parlour", {"start": "2024-13-01"}, "intervention.parlour.start: found '2024-13-01'"),
    (
        "parlour",
        {"start": "2024-06-01", "end": "2024-05-01"},
        "intervention.parlour.end: found '2024-05-01'; allowed: a date from 2024-06-01 on",
    ),
    ("council", {"team": {"president": 1}}, "intervention.council.team: unknown key 'president'"),
    ("council", {"team": {"lawyer": -1}}, "intervention.council.team.lawyer: found -1"),
    ("tea", {"cost": {"per_day": 1}}, "intervention.tea.cost: unknown key"),
    ("tea", {"cost": {"event_money": -5}}, "intervention.tea.cost.event_money: found -5"),
    ("ballot", {"class": "balot"}, "intervention.ballot.class: found 'balot' (did you mean 'ballot'?)"),
    ("ballot", {"class": "consensus_sim.calendar.Calendar"}, "allowed: access_support, "),
    ("ballot", {"class": None}, "intervention.ballot.class: found null"),
    ("ballot", {"class": "mine.py:Mine"}, "the file mine.py is missing"),
    ("ballot", {"_target_": "os.system"}, "unknown key '_target_'"),
]


@pytest.mark.parametrize("name", FILES)
def test_every_lever_is_built_from_its_file_and_priced(name):
    lever = build_lever(name, FILES[name])
    assert lever.name == name
    assert set(lever.cost) <= set(COST_KEYS)


@pytest.mark.parametrize(("name", "changes", "told"), WRONG)
def test_a_wrong_setting_is_told_in_one_line(name, changes, told):
    with pytest.raises(InputError) as error:
        build_lever(name, {**FILES[name], **changes})
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_setting_is_told():
    settings = {key: value for key, value in FILES["points"].items() if key != "budget"}
    with pytest.raises(InputError, match="intervention.points: the key 'budget' is missing"):
        build_lever("points", settings)
