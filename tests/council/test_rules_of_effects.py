"""What an event or an outcome does to whom: every column that it moves, resident by resident, against the equations.

Ways of seeing an outcome that are up to chance are off or certain here, and nobody drifts back, so that each column is
known to the last digit.
"""

from __future__ import annotations

import numpy as np
import pytest

from consensus_sim.interventions.base import Intervention
from tests.helpers import make_model

COLUMNS = (
    "efficacy", "initiative", "trust", "belonging", "habit_offline", "habit_online", "fatigue", "strain", "motive",
)  # fmt: skip
BUSY = {"topics.arrivals": 0.6, "topics.suggestion": 0.6, "channels.adhoc": -5.5, "channels.tea": -4.0}
BUSY |= {"channels.council": -3.0}
STILL = {"influence.drift": 0.0, "trust.return_half_life": 0.0, "trust.patience": 400.0}
UNSEEN = {f"trust.visible_{way}": 0.0 for way in ("notice", "online", "near")}
DISPUTED = {"meeting.sittings_max": 2, "deliberation.settlement_share": 0.85}
ONE_TOPIC = {"council": {"agenda_size": 1}}


def columns_of(model):
    found = {name: getattr(model.residents, name).astype(np.float64) for name in COLUMNS}
    return {**found, "neighbours": model.scratch.neighbours_came.astype(np.float64)}


class Diary(Intervention):
    """Changes nothing: notes the residents' columns at each moment, and what has happened until then."""

    def __post_init__(self):
        super().__post_init__()
        self.held, self.outcomes, self.weeks = [], [], []
        self.adopted, self.settled = [], []

    def invite(self, model, event):
        self.before, self.adopted, self.settled = columns_of(model), [], []

    def on_adopted(self, model, topic):
        self.adopted.append(topic)

    def on_settled(self, model, event, topic):
        self.settled.append(topic)

    def on_attended(self, model, event):
        self.after = columns_of(model)
        shelved = [topic for topic in event.topics if topic.state == "shelved"]
        self.held.append((event, self.before, self.after, self.adopted, self.settled, shelved))
        self.seen = self.after["trust"]
        assert (model.last_act[event.came] == model.week).all() and model.took_part[event.came].all()

    def on_executed(self, model, topic):
        trust = model.residents.trust.astype(np.float64)
        self.outcomes.append((model.week, topic, topic.resolution.execution, topic.talk.who.copy(), self.seen, trust))
        self.seen = trust

    def on_week_end(self, model):
        given_up = [topic for topic in model.topics.topics if topic.resolution.execution == "never"]
        self.weeks.append((self.after["trust"], model.residents.trust.astype(np.float64), len(given_up)))


def played(scenario="council", weeks=80, behaviour=None, **options):
    diary = Diary(name="zz")
    without = options.pop("without", ["lectures"])
    model = make_model(
        scenario, weeks=weeks, extra=[diary], without=without,
        behaviour={**BUSY, **STILL, **UNSEEN, **(behaviour or {})}, **options,
    ).run()  # fmt: skip
    return model, diary


@pytest.fixture(scope="module")
def disputed():
    """Two runs in which many topics are settled, and many shelved after two meetings."""
    return [
        played(behaviour={**DISPUTED, "trust.reason": 0.4, "fatigue.exit": 0.0}, levers=ONE_TOPIC, seed=seed)
        for seed in (1, 2)
    ]


def move(column, who, step):
    """Column after a step towards 1 (above 0) or towards 0 (below), residents one after another."""
    for row in who:
        column[row] += step * (1.0 - column[row]) if step >= 0 else step * column[row]


def test_efficacy_rises_by_adopted_suggestions_and_by_speaking_for_a_consensus_and_falls_where_a_topic_is_shelved(
    disputed,
):
    """D8: by the gain, and by more of it where people fail: of who raised it, who spoke, who sat, and nobody else."""
    count = {"adopted": 0, "settled": 0, "shelved": 0}
    for model, diary in disputed:
        p = model.parameters.trust
        for event, before, after, adopted, settled, shelved in diary.held:
            expected = before["efficacy"].copy()
            move(expected, [topic.progress.raised_by for topic in adopted], p.gain)
            for topic in event.topics if event.channel.name != "ballot" else ():
                if topic in settled:
                    move(expected, event.spoke, p.gain)
                if topic in shelved:
                    move(expected, topic.talk.who, -min(1.0, p.gain * p.loss_ratio))
            np.testing.assert_allclose(after["efficacy"], expected, atol=1e-6)
            for name, topics in (("adopted", adopted), ("settled", settled), ("shelved", shelved)):
                count[name] += len(topics)
    assert min(count.values()) >= 5, count


def test_only_who_brought_an_adopted_suggestion_gains_initiative(disputed):
    for model, diary in disputed:
        for _, before, after, adopted, _, _ in diary.held:
            expected = before["initiative"].copy()
            move(expected, [topic.progress.raised_by for topic in adopted], model.parameters.learning.behaviour_gain)
            np.testing.assert_allclose(after["initiative"], expected, atol=1e-6)


def test_an_adopted_suggestion_was_raised_at_the_event_where_it_is_taken_up(disputed):
    for _, diary in disputed:
        for event, _, _, adopted, _, _ in diary.held:
            for topic in adopted:
                assert (
                    topic.progress.raised_by,
                    topic.number,
                ) in event.raised and topic.progress.raised_by in event.came
                assert (topic.progress.heard_week, topic.progress.channel) == (event.week, event.channel.name)


def test_a_shelved_topic_costs_trust_of_those_who_sat_on_it_and_less_where_the_reason_is_public(disputed):
    """D8, L60: nobody else sees it here. Events that shelve nothing move nobody's trust."""
    shares = {}
    for model, diary in disputed:
        p, adult = model.parameters.trust, model.residents.adult
        for event, before, after, _, _, shelved in diary.held:
            expected = before["trust"].copy()
            for topic in shelved:
                reason = p.reason if event.channel.name == "council" or model.venues["parlour"].display else 1.0
                move(expected, topic.talk.who[adult[topic.talk.who]], -p.gain * p.loss_ratio * reason)
                shares[reason] = shares.get(reason, 0) + 1
            np.testing.assert_allclose(after["trust"], expected, atol=1e-6)
    assert min(shares.values()) >= 2 and len(shares) == 2, shares


def test_an_act_makes_habit_tires_and_gives_a_feeling_of_belonging_in_person_and_makes_another_habit_online(disputed):
    """D7, D10: those who came, by the same share each; those whom their group called bear strain as well."""
    online = called = 0
    for model, diary in disputed:
        p = model.parameters
        for event, before, after, _, _, _ in diary.held:
            expected = {name: before[name].copy() for name in COLUMNS}
            far = event.channel.online
            move(expected["habit_online" if far else "habit_offline"], event.came, p.habit.gain)
            if not far:
                expected["fatigue"][event.came] = np.minimum(1.0, expected["fatigue"][event.came] + p.fatigue.load)
                move(expected["belonging"], event.came, p.learning.belonging_gain)
                if event.channel.name in ("council", "tea"):
                    members = np.intersect1d(event.came, model.team.members)
                    expected["strain"][members] = np.minimum(1.0, expected["strain"][members] + p.fatigue.load)
                    called += len(members)
            for name in ("habit_online", "habit_offline", "fatigue", "belonging", "strain", "motive"):
                np.testing.assert_allclose(after[name], expected[name], atol=1e-6, err_msg=name)
            online += far * len(event.came)
    assert online > 5 and called > 50


def test_ties_of_those_who_came_notice_it_by_the_weight_they_give_them(disputed):
    """Adds w_ji, the weight that j gives to i, to n_j for each attendee i; events in person only (D2)."""
    noticed = 0
    for model, diary in disputed:
        network = model.community.network
        owner = np.repeat(np.arange(model.residents.n), np.diff(network.indptr))
        assert not np.allclose(network.weight, model.scratch.mirror_weight)
        for event, before, after, _, _, _ in diary.held[::5]:
            came = np.zeros(model.residents.n, bool)
            came[event.came] = not event.channel.online
            tie = came[network.indices]
            added = np.bincount(owner[tie], network.weight[tie].astype(np.float64), model.residents.n)
            np.testing.assert_allclose(after["neighbours"], np.minimum(1.0, before["neighbours"] + added), atol=1e-5)
            noticed += np.count_nonzero(added)
    assert noticed > 100


@pytest.mark.parametrize(("hazard", "chances"), [(50.0, {"on_time"}), (0.06, {"on_time", "late"})])
def test_who_sat_on_what_is_carried_out_moves_trust_towards_its_worth_and_nobody_else_sees_it(hazard, chances):
    """D8: 1 on time, a half if late; downwards by more."""
    model, diary = played(behaviour={"execution.hazard": hazard, "execution.give_up": 60.0}, weeks=104)
    p, adult, count = model.parameters.trust, model.residents.adult, {}
    for _, topic, execution, who, before, after in diary.outcomes:
        expected, who = before.copy(), who[adult[who]]
        error = {"on_time": 1.0, "late": 0.5}[execution] - before[who]
        expected[who] += np.where(error >= 0, p.gain, p.gain * p.loss_ratio) * error
        np.testing.assert_allclose(after, expected, atol=1e-6)
        count[execution] = count.get(execution, 0) + 1
        assert execution == ("on_time" if topic.resolution.executed_week <= topic.resolution.deadline_week else "late")
    assert set(count) == chances and min(count.values()) >= 2, count


@pytest.mark.parametrize("hazard", [50.0, 0.0])
def test_news_online_is_of_what_was_carried_out_and_not_of_what_came_to_nothing(hazard):
    """Users are certain to read what is published; those who took part know it anyway."""
    publicity = {"ballot": {"publicity": 1.0}}
    behaviour = {"trust.visible_online": 1.0, "execution.hazard": hazard, "execution.give_up": 1.0}
    model, diary = played(behaviour=behaviour, levers=publicity)
    sat = np.zeros(model.residents.n, bool)
    for topic in model.topics.topics:
        sat[topic.talk.who] = True
    readers = model.residents.adult & model.residents.online & ~sat
    moved = np.zeros(model.residents.n, bool)
    for before, after, _ in diary.weeks:
        moved |= np.abs(after - before) > 1e-7
    assert readers.sum() > 50 and diary.weeks[-1][2] >= 3 * (hazard == 0)
    assert moved[sat & model.residents.adult].any()
    assert moved[readers].mean() > 0.3 if hazard else not moved[~sat].any()


def test_who_reads_of_one_outcome_need_not_read_of_another_of_the_same_week():
    """Each outcome has draws of its own: of two, a reader sees both with the product of the probabilities."""
    behaviour = {"trust.visible_online": 0.5, "execution.hazard": 50.0}
    model, diary = played("full", behaviour=behaviour, levers={"ballot": {"publicity": 1.0}}, weeks=104, without=[])
    alike, pairs = [], 0
    for one, two in zip(diary.outcomes, diary.outcomes[1:], strict=False):
        if one[0] == two[0]:
            seen = [np.abs(after - before) > 1e-7 for _, _, _, _, before, after in (one, two)]
            others = np.ones(model.residents.n, bool)
            others[one[3]] = others[two[3]] = False
            seen = [each[others & model.residents.adult] for each in seen]
            assert not np.array_equal(*seen)
            alike.append(np.mean(seen[0][seen[1]]))
            pairs += 1
    assert pairs >= 2, pairs
    assert np.mean(alike) < 0.75


def test_what_meetings_add_up_to_is_what_their_sheets_say(disputed):
    """Turns of speech, their inequality and the vulnerable's share of them, over all meetings of a topic."""
    spoken = 0
    for model, _ in disputed:
        for topic in model.topics.topics:
            sheets = [sheet for sheet in model.recorder.sheets if sheet.topic is topic and sheet.turns > 0]
            assert topic.talk.spoken == len(sheets)
            assert topic.talk.gini_sum == pytest.approx(sum(sheet.gini_speaking for sheet in sheets))
            assert topic.talk.vulnerable_sum == pytest.approx(sum(sheet.vulnerable_speaking for sheet in sheets))
            spoken += len(sheets)
    assert spoken > 20


class Shape(Intervention):
    """Gives every topic before its first meeting the traits `given`."""

    given = {}

    def invite(self, model, event):
        for topic in event.topics:
            if topic.talk.meetings == 0:
                for name, value in self.given.items():
                    setattr(topic, name, value)


def test_camps_start_as_far_apart_as_the_topic_is_polar_whatever_else_it_is():
    """Positions after the first speech of the first meeting at the council."""
    first = {}
    for polarity, feasibility in ((0.0, 0.2), (0.4, 0.2), (0.4, 0.9)):
        shape = Shape(name="zz")
        shape.given = {"polarity": polarity, "feasibility": feasibility}
        model = make_model("council", weeks=30, behaviour=BUSY, extra=[shape])
        model.recorder.keep_traces = True
        while not any(trace.channel == "council" for trace in model.recorder.traces):
            model.step()
        first[polarity, feasibility] = next(t for t in model.recorder.traces if t.channel == "council").position[0]
    assert len(first[0.0, 0.2]) > 4
    apart = np.abs(first[0.4, 0.2] - first[0.0, 0.2])
    assert np.median(apart) > 0.1 and apart.max() > 0.3, "each moves by the polarity, to one side or the other"
    np.testing.assert_array_equal(first[0.4, 0.2], first[0.4, 0.9])


def test_each_topic_of_a_session_is_talked_about_by_draws_of_its_own():
    """The first to speak on one topic is seldom the first on the next: with draws in common they mostly are."""
    alike = []
    for seed in (1, 2):
        model = make_model("council", weeks=60, behaviour=BUSY, levers={"council": {"agenda_size": 3}}, seed=seed)
        model.recorder.keep_traces = True
        first = {}
        for trace in model.run().recorder.traces:
            if trace.channel == "council" and len(trace.speaker):
                first.setdefault(trace.week, []).append(trace.speaker[:3].tolist())
        for speakers in first.values():
            pairs = zip(speakers, speakers[1:], strict=False)
            alike += [np.mean([one == other for one, other in zip(*pair, strict=True)]) for pair in pairs]
    assert len(alike) > 15
    assert np.mean(alike) < 0.5
