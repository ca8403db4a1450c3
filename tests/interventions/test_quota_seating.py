"""Seats by rule: the share of the vulnerable is kept where the pool allows, else refused in one line."""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.errors import InputError
from consensus_sim.interventions.base import Intervention
from tests.helpers import make_model

BUSY = {"topics.arrivals": 0.6, "topics.suggestion": 0.5, "channels.tea": -4.0}
FULL = {"counted": "seated", "seats": 10, "stakeholder_seats": 5, "letters_per_seat": 6.0, "rounds": 20}


class Look(Intervention):
    def __post_init__(self):
        super().__post_init__()
        self.seen = []

    def on_attended(self, model, event):
        if event.channel.name == "council":
            self.seen.append(event)


def sessions(weeks=56, behaviour=None, **settings):
    look = Look(name="zz")
    model = make_model(
        "council", weeks=weeks, levers={"quota_seating": {**FULL, **settings}}, extra=[look],
        behaviour={**BUSY, **(behaviour or {})},
    ).run()  # fmt: skip
    assert len(look.seen) > 20
    return model, look.seen


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8, 1.0])
@pytest.mark.parametrize(("counted", "seats"), [("offered", "seats_offered"), ("seated", "seats_accepted"),
                                                ("present", "panel")])  # fmt: skip
def test_the_share_is_kept_on_what_it_is_counted_on(share, counted, seats):
    willing = {"participation.letter_acceptance": 0.5, "participation.personal_acceptance": 0.6}
    representatives = 0 if counted == "offered" else 5  # asked for their stake, whoever they are: they count as offers
    model, events = sessions(share=share, counted=counted, stakeholder_seats=representatives, behaviour=willing)
    for event in events:
        rows = getattr(event, seats)
        assert len(rows) > 0
        assert model.vulnerable[rows].mean() >= share - 1e-9, (event.week, len(rows))


def test_seats_go_to_different_adults_outside_the_team_and_no_more_than_there_are():
    model, events = sessions()
    for event in events:
        for rows in (event.seats_offered, event.seats_accepted, event.panel):
            assert len(np.unique(rows)) == len(rows) and model.residents.adult[rows].all()
            assert not model.team_mask[rows].any() or event.week > model.channels["council"].opened_week
        assert len(event.seats_accepted) <= 10


def test_representatives_are_those_at_stake():
    """With stakeholder seats the seated have higher stakes in the agenda than with a draw alone."""
    stakes = {}
    for seats in (0, 8):
        model, events = sessions(stakeholder_seats=seats)
        found = []
        for event in events:
            live = [topic for topic in event.topics if len(topic.stake)]
            if live and len(event.seats_accepted):
                found.append(np.max([model.stake_in(topic)[event.seats_accepted] for topic in live], axis=0).mean())
        stakes[seats] = np.mean(found)
    assert stakes[8] > stakes[0]


def test_more_rounds_fill_more_seats():
    """D3: redraw until the seats are taken, up to R_inv rounds."""
    filled = {rounds: np.mean([len(e.seats_accepted) for e in sessions(rounds=rounds, letters_per_seat=1.0)[1]])
              for rounds in (1, 5, 30)}  # fmt: skip
    assert filled[1] < filled[5] <= filled[30] <= 10


@pytest.mark.parametrize(("settings", "told"), [
    ({"seats": 300, "share": 1.0}, "needs 300 vulnerable people"),
    ({"seats": 1000, "share": 0.0}, "1000 seats need as many people"),
    ({"seats": 12, "share": 0.0, "list_size": 11}, "12 seats need as many people, the pool holds 11"),
    ({"seats": 12, "share": 1.0, "list_size": 12}, "needs 12 vulnerable people"),
])  # fmt: skip
def test_what_the_pool_cannot_give_is_told_in_one_line_before_the_first_week(settings, told):
    with pytest.raises(InputError) as error:
        make_model("council", weeks=56, levers={"quota_seating": {**FULL, **settings}})
    message = str(error.value)
    assert message.startswith("intervention.quota_seating: ") and told in message and "\n" not in message


def test_a_short_list_is_drawn_anew_each_session():
    _, events = sessions(list_size=60, share=0.0)
    seen = [set(event.seats_offered.tolist()) for event in events]
    assert max(len(offered) for offered in seen) <= 90  # 60 on average; binomial, far beyond 5 standard errors
    assert len(set().union(*seen)) > 120


def test_the_rule_holds_only_while_the_lever_is_in_force():
    look = Look(name="zz")
    make_model("council", weeks=40, levers={"quota_seating": {**FULL, "end": "2024-08-01"}}, extra=[look]).run()
    by_rule = [event.seats_offered is not None for event in look.seen]
    assert by_rule[0] and not by_rule[-1] and by_rule == sorted(by_rule, reverse=True)
