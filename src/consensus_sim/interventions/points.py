"""积分微光银行: points for taking part, redeemable for services; 协商达人: the quarter's top ten (F34-F36, D9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.events import Event, Rows
from consensus_sim.council.topics import Topic
from consensus_sim.dynamics.fatigue import add_bounded, crowd_out, crowding_depth, reward_pull
from consensus_sim.dynamics.learning import gain_saturating
from consensus_sim.dynamics.ledger import book_points, spend_oldest, within_reach
from consensus_sim.interventions.base import Intervention, setting
from consensus_sim.randomness import uniforms_at


@dataclass(kw_only=True, eq=False)
class Points(Intervention):
    """Books points for acts, redeems them from a quarterly budget until it is used up, and honours the quarter's top.

    Points live `expiry_quarters` quarters; older ones expire. Always: issued = held + redeemed + expired. The pull of
    points (D9) rests on the belief that they can be redeemed, which follows the budget within weeks.
    """

    attendance: int = setting(0, 1000, "points an attendance", integer=True)
    suggestion: int = setting(0, 1000, "points an adopted suggestion", integer=True)
    proposal: int = setting(0, 1000, "points a proposal led to landing", integer=True)
    conflict: int = setting(0, 1000, "points a major conflict resolved", integer=True)
    conflict_heat: float = setting(0, 1, "urgency from which a matter counts as a major conflict")
    online_share: float = setting(0, 1, "share of the attendance points for an act online")
    value: float = setting(0, 1000, "CNY a point")
    budget: float = setting(0, 1e9, "CNY a quarter")
    redeemed_share: float = setting(0, 1, "share of points that their holders bring in a quarter")
    expiry_quarters: int = setting(1, 40, "quarters", integer=True)
    honours: int = setting(0, 1000, "persons honoured a quarter", integer=True)
    near_share: float = setting(0, 1, "share of the last honoured place's points from which an honour is within reach")

    @property
    def idle(self) -> bool:
        """Whether the lever as set gives nothing at all."""
        return self.attendance == self.suggestion == self.proposal == self.conflict == 0 or (
            self.value == 0 and self.honours == 0
        )

    @property
    def held(self) -> int:
        """Points held by all residents: issued less redeemed and expired."""
        return self.issued - self.redeemed - self.expired

    def on_start(self, model: Any) -> None:
        n = model.residents.n
        self.lots = np.zeros((self.expiry_quarters, n), np.int32)
        self.earned = np.zeros(n, np.int32)
        self.pull, self.worth = np.zeros(n, np.float32), np.empty(n, np.float32)
        self.near = np.empty(0, np.int64)
        self.issued = self.redeemed = self.expired = 0
        self.budget_left, self.belief, self.paid = self.budget, 1.0 if self.budget > 0 else 0.0, 0.0
        model.rules.reward_in_force = not self.idle

    def on_adjusted(self, model: Any) -> None:
        model.rules.reward_in_force = not self.idle  # the ledger goes on; prices and rates are read as they are used

    def on_end(self, model: Any) -> None:
        if self.idle:
            return
        held = int(self.lots.sum())
        self.expired += held
        self.lots[:] = 0
        model.residents.points[:] = 0
        model.rules.reward_in_force = False
        self._note(model)

    def _points(self, event: Event) -> int:
        if event.channel.online:
            return round(self.attendance * self.online_share)
        return self.attendance

    def utility(self, model: Any, event: Event) -> float | NDArray[Any]:
        if self.idle:
            return 0.0
        p = model.parameters.motive
        pull = reward_pull(p.reward, self.value, self._points(event), self.belief)
        return np.add(self.pull, np.float32(pull), out=self.worth) if len(self.near) else pull

    def on_attended(self, model: Any, event: Event) -> None:
        if self.idle:
            return
        self._issue(model, event.came, self._points(event))
        adopted = [who for who, topic in event.raised if model.topics.topics[topic].raised_by == who]
        if adopted:
            self._issue(model, np.array(adopted, np.int32), self.suggestion)
        if self.value > 0 and self.belief > 0:
            p, motive = model.parameters.motive, model.residents.motive
            depth = crowding_depth(
                p.crowding_out,
                model.parameters.participation.motive,
                model.standard.motive_mean,
                model.standard.motive_sd,
            )
            step = (1.0 - np.exp(-1.0 / p.crowding_acts)) * self.belief
            crowd_out(motive, model.residents.start_motive, event.came, depth, step)

    def on_settled(self, model: Any, event: Event, topic: Topic) -> None:
        if self.idle or topic.raised_by < 0:
            return
        leader = np.array([topic.raised_by], np.int32)
        self._issue(model, leader, self.proposal)
        if topic.urgency >= self.conflict_heat:
            self._issue(model, leader, self.conflict)

    def _issue(self, model: Any, who: Rows, points: int) -> None:
        """Book `points` for each of `who`."""
        if points and len(who):
            book_points(self.lots[0], self.earned, model.residents.points, who, points)
            self.issued += points * len(who)

    def on_week_end(self, model: Any) -> None:
        if self.idle:
            return
        self.paid = 0.0
        claims = self.held * self.value * self.redeemed_share
        ahead = 1.0 if claims <= 0 else min(1.0, self.budget_left / claims)
        target = ahead if self.budget > 0 else 0.0
        self.belief += model.parameters.motive.belief_step * (target - self.belief)
        if model.calendar.ends_month(model.week):
            self._redeem(model)
        if self.honours:
            self._honour_within_reach(model)
        self._note(model)

    def _redeem(self, model: Any) -> None:
        """Holders bring a third of the quarter's share of their points each month, oldest first, while the budget
        lasts.
        """
        points = model.residents.points
        holders = np.flatnonzero(points)
        if not len(holders) or self.value == 0:
            return
        exact = points[holders] * self.redeemed_share / 3.0
        lot = uniforms_at(model.key("points:redeem"), holders)
        wanted = (np.floor(exact) + (lot < exact % 1.0)).astype(np.int64)
        order = np.argsort(uniforms_at(model.key("points:queue"), holders), kind="stable")
        affordable = int(self.budget_left / self.value + 1e-9)
        before = np.concatenate([[0], np.cumsum(wanted[order])[:-1]])
        given = np.empty_like(wanted)
        given[order] = np.clip(affordable - before, 0, wanted[order])
        spend_oldest(self.lots, points, holders, given)
        total = int(given.sum())
        self.redeemed += total
        self.paid = total * self.value
        self.budget_left -= self.paid

    def _honour_within_reach(self, model: Any) -> None:
        """near10 of D9: who has at least `near_share` of the points of the last honoured place this quarter."""
        self.pull[self.near] = 0.0
        self.near = within_reach(self.earned, self.honours, float(self.near_share), model.scratch.rows)
        self.pull[self.near] = model.parameters.motive.honour

    def on_quarter_end(self, model: Any) -> None:
        if self.idle:
            return
        if self.honours:
            self._honour(model)
        self.earned[:] = 0
        old = self.lots[-1].copy()
        self.expired += int(old.sum())
        model.residents.points -= old
        self.lots[1:] = self.lots[:-1].copy()
        self.lots[0] = 0
        self.budget_left = self.budget
        self._note(model)

    def _honour(self, model: Any) -> None:
        """Name the quarter's top: recognition raises motive, lifts fatigue (D9, D10, L27)."""
        earners = np.flatnonzero(self.earned)
        lot = uniforms_at(model.key("points:honour"), earners)
        top = earners[np.argsort(-self.earned[earners] + 0.5 * lot, kind="stable")[: self.honours]]
        honoured = np.sort(top).astype(np.int32)
        gain_saturating(model.residents.motive, honoured, model.parameters.motive.recognition)
        add_bounded(model.residents.fatigue, honoured, -model.parameters.fatigue.relief_honour)

    def _note(self, model: Any) -> None:
        model.recorder.points(self, self.held, self.held * self.value * self.redeemed_share)

    def spent(self, model: Any) -> float:
        return self.paid
