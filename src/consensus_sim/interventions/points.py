"""积分微光银行: points for taking part, redeemable for services; 协商达人: the quarter's top ten (F34-F36, D9).

What points buy and who pays for it is in `points_economy`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import floor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.events import Event, Rows
from consensus_sim.council.topics import Topic
from consensus_sim.dynamics.fatigue import add_bounded, crowd_out, crowding_depth, reward_pull
from consensus_sim.dynamics.learning import gain_saturating
from consensus_sim.dynamics.ledger import (
    age_lots,
    book_points,
    lay_pull,
    points_reach,
    queue_up,
    spend_oldest,
    within_reach,
)
from consensus_sim.interventions.base import DOSE, Intervention, setting
from consensus_sim.interventions.points_economy import SOURCES, Catalogue, Item, Purse, check_items
from consensus_sim.randomness import uniforms_at
from consensus_sim.settings import OptionalDay

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel

WEEKS_A_QUARTER = 13


@dataclass(kw_only=True, eq=False)
class Points(Intervention):
    """Books points for acts, redeems them from the quarter's money until it is used up, and honours the quarter's top.

    Points live `expiry_quarters` quarters; older ones expire. Always: issued = held + redeemed + expired. The pull of
    points (D9) rests on what they buy and on the belief that they can be redeemed, which follows the money by
    `belief_step` a week. It acts on residents who took part within `active_weeks` and, by the share of their ties who
    hold points, on others; that of an honour within reach, `honour_pull`, on the active alone (L57-L59). An honour
    raises motive by `recognition`; rewarded acts crowd motive out, two thirds of the way within `crowding_acts`.

    Points buy the items of `catalogue` (name -> price, worth, share; empty: `value` CNY a point), paid from the budget,
    from sponsors and from a share of the estate's public revenue. `value` and `budget` are those of P34 and P35 where
    they are not set; then a quarter's budget follows the points issued in the quarter before, in the first quarter
    `first_issue` for each 1,000 adults. Where claims exceed what comes in, prices in points rise by `inflation` a
    quarter, and fall back where they do not.
    """

    attendance: int = setting(0, 1000, "points an attendance", integer=True, dose=DOSE)
    suggestion: int = setting(0, 1000, "points an adopted suggestion", integer=True, dose=DOSE)
    proposal: int = setting(0, 1000, "points a proposal led to landing", integer=True, dose=DOSE)
    conflict: int = setting(0, 1000, "points a major conflict resolved", integer=True, dose=DOSE)
    conflict_heat: float = setting(0, 1, "urgency from which a matter counts as a major conflict")
    online_share: float = setting(0, 1, "share of the attendance points for an act online")
    value: float | None = setting(0, 1000, "CNY a point", optional=True)
    catalogue: dict[str, Item]
    budget: float | None = setting(0, 1e9, "CNY a quarter", optional=True, dose=DOSE)
    first_issue: float = setting(0, 1e6, "points per 1,000 adults expected in the first quarter")
    budget_until: OptionalDay
    sponsors: float = setting(0, 1e9, "CNY a quarter", dose=DOSE)
    sponsor_until: OptionalDay
    public_revenue: float = setting(0, 1e9, "CNY a quarter")
    public_share: float = setting(0, 1, "share of the public revenue", dose=DOSE)
    inflation: float = setting(0, 1, "share a quarter")
    price_ceiling: float = setting(1, 100, "ratio to the prices at the start")
    redeemed_share: float = setting(0, 1, "share of points that their holders bring in a quarter")
    expiry_quarters: int = setting(1, 40, "quarters", integer=True)
    honours: int = setting(0, 1000, "persons honoured a quarter", integer=True)
    near_share: float = setting(0, 1, "share of the last honoured place's points from which an honour is within reach")
    honour_relief: float = setting(0, 1, "fatigue and strain taken off by an honour")
    honour_pull: float = setting(0, 5, "log-odds")
    recognition: float = setting(0, 1, "share of the missing motive an honour")
    active_weeks: int = setting(0, 520, "weeks", integer=True)
    belief_step: float = setting(0, 1, "share of the gap a week")
    crowding_acts: float = setting(0.1, 1000, "acts")

    def check(self) -> None:
        super().check()
        check_items(f"intervention.{self.name}.catalogue", self.catalogue)

    @property
    def idle(self) -> bool:
        """True if the settings give no reward at all."""
        return self.attendance == self.suggestion == self.proposal == self.conflict == 0 or (
            self.value == 0 and not self.catalogue and self.honours == 0
        )

    @property
    def budget_left(self) -> float:
        """Money that can still be spent this quarter, CNY, from all sources."""
        return self.purse.all_left

    def claims(self, model: CommunityModel) -> float:
        """Worth of the points that holders will bring in a quarter, CNY at present prices."""
        return self.shop.claims(model.residents.points, self.redeemed_share)

    def income(self, day: date) -> list[float]:
        """Income of a quarter by source, CNY, as of `day`, in the order of `SOURCES`."""
        sponsors = self.sponsors if self.sponsor_until is None or day <= self.sponsor_until else 0.0
        budget = self.quarter_budget if self.budget_until is None or day <= self.budget_until else 0.0
        by_source = {"sponsors": sponsors, "public": self.public_revenue * self.public_share, "budget": budget}
        return [float(by_source[source]) for source in SOURCES]

    @property
    def quarter_budget(self) -> float:
        """Money from the community budget in the present quarter, CNY: as set, or P35's ratio times the worth of the
        points expected, at the prices of the start.
        """
        return self.ratio * self.expected * self.shop.start_value if self.budget is None else self.budget

    @property
    def first_quarter(self) -> float:
        """Points expected in the first quarter: `first_issue` for each thousand adults of the community."""
        return self.first_issue * self.thousands

    @property
    def held(self) -> int:
        """Points held by all residents: issued less redeemed and expired."""
        return self.issued - self.redeemed - self.expired

    def on_start(self, model: CommunityModel) -> None:
        n = model.residents.n
        self.lots = np.zeros((self.expiry_quarters, n), np.int32)
        self.earned = np.zeros(n, np.int32)
        self.pull, self.worth, self.reach = np.zeros(n, np.float32), np.empty(n, np.float32), np.empty(n, np.float32)
        self.near = np.empty(0, np.int64)
        self.issued = self.redeemed = self.expired = 0
        self.thousands = len(model.adults) / 1000.0
        self.ratio, self.expected, self._quarter = model.parameters.motive.budget_ratio, self.first_quarter, (0, 0)
        self.shop, self.purse = Catalogue(self.catalogue, self._value(model)), Purse()
        self.purse.fill(self.income(model.calendar.date(model.week)))
        self.belief, self.paid = 1.0 if self.budget_left > 0 else 0.0, 0.0
        self._laid, p = float("nan"), model.parameters
        self._depth = crowding_depth(
            p.motive.crowding_out, p.participation.attitudes, model.standard.motive_mean, model.standard.motive_sd
        )
        self._act = float(1.0 - np.exp(-1.0 / self.crowding_acts))
        self._note_reach(model, model.week)

    def apply(self, model: CommunityModel) -> None:
        self.set_rules(model, reward_in_force=not self.idle)

    def _value(self, model: CommunityModel) -> float:
        """CNY a point: as set, or P34's."""
        return float(model.parameters.motive.point_value if self.value is None else self.value)

    def _note_reach(self, model: CommunityModel, week: int) -> None:
        """Residents whom points draw to the events of `week`: took part in the weeks before it, or know a holder."""
        since, scratch = week - self.active_weeks, model.scratch
        network = model.community.network
        points_reach(
            model.residents.points, model.last_act, since, network.indptr, network.indices, scratch.mirror_weight,
            self.reach,
        )  # fmt: skip
        self._laid = float("nan")

    def on_adjusted(self, model: CommunityModel) -> None:
        """The ledger, the purse and the price level go on; the catalogue is replaced."""
        super().on_adjusted(model)
        self.shop.stock(self.catalogue, self._value(model))
        self._keep_lots(model)
        if self.idle or not self.honours:
            self._forget_within_reach()

    def _keep_lots(self, model: CommunityModel) -> None:
        """Points that are older than they may now become expire."""
        kept = np.zeros((self.expiry_quarters, model.residents.n), np.int32)
        rows = min(len(kept), len(self.lots))
        kept[:rows] = self.lots[:rows]
        gone = self.lots[rows:].sum(axis=0)
        model.residents.points -= gone.astype(model.residents.points.dtype)
        self.expired += int(gone.sum())
        self.lots = kept

    def on_end(self, model: CommunityModel) -> None:
        if self.idle:
            return
        held = int(self.lots.sum())
        self.expired += held
        self.lots[:] = 0
        model.residents.points[:] = 0
        self._note(model)

    def _points(self, event: Event) -> int:
        if event.channel.online:
            return floor(self.attendance * self.online_share + 0.5)
        return self.attendance

    def utility(self, model: CommunityModel, event: Event) -> float | NDArray[Any]:
        if self.idle:
            return 0.0
        p = model.parameters.motive
        pull = reward_pull(p.reward, self.shop.point_value, self._points(event), self.belief)
        if pull == 0 and not len(self.near):
            return 0.0
        if pull != self._laid:
            self._laid = pull
            lay_pull(self.pull, pull, self.reach, self.worth)
        return self.worth

    def on_attended(self, model: CommunityModel, event: Event) -> None:
        if self.idle:
            return
        self._issue(model, event.came, self._points(event))
        if self._points(event) > 0 and self.shop.point_value > 0 and self.belief > 0:
            residents = model.residents
            crowd_out(residents.motive, residents.start_motive, event.came, self._depth, self._act * self.belief)

    def on_adopted(self, model: CommunityModel, topic: Topic) -> None:
        if not self.idle:
            self._issue(model, np.array([topic.progress.raised_by], np.int32), self.suggestion)

    def on_settled(self, model: CommunityModel, event: Event, topic: Topic) -> None:
        if self.idle or topic.progress.led_by < 0:
            return
        leader = np.array([topic.progress.led_by], np.int32)
        self._issue(model, leader, self.proposal)
        if topic.urgency >= self.conflict_heat:
            self._issue(model, leader, self.conflict)

    def _issue(self, model: CommunityModel, who: Rows, points: int) -> None:
        """Book `points` for each of `who`."""
        if points and len(who):
            book_points(self.lots[0], self.earned, model.residents.points, who, points)
            self.issued += points * len(who)

    def on_week_end(self, model: CommunityModel) -> None:
        if self.idle:
            return
        self.paid = 0.0
        income = self.income(model.calendar.date(model.week))
        for source, amount in zip(SOURCES, income, strict=True):
            if amount == 0:
                self.purse.withdraw(source)
        claims = self.claims(model)
        ahead = 1.0 if claims <= 0 else min(1.0, self.budget_left / claims)
        target = ahead if any(income) else 0.0
        self.belief += self.belief_step * (target - self.belief)
        if model.calendar.ends_month(model.week):
            self._redeem(model)
            claims = self.claims(model)
        self._quarter = (self._quarter[0] + 1, self._quarter[1])
        self._note_reach(model, model.week + 1)
        if self.honours:
            self._honour_within_reach(model)
        model.recorder.points(self, claims)

    def _redeem(self, model: CommunityModel) -> None:
        """Holders bring a third of the quarter's share of their points each month, oldest first, for whole items,
        while the money lasts.
        """
        points, shop = model.residents.points, self.shop
        holders, queue = queue_up(model.key("points:queue"), points)
        if not len(holders) or shop.point_value == 0:
            return
        item = np.zeros(len(holders), np.int64)
        if len(shop.names) > 1:
            item = shop.wished(uniforms_at(model.key("points:item"), holders))
        lot = uniforms_at(model.key("points:redeem"), holders)
        wanted = shop.wanted(points[holders], self.redeemed_share, item, lot)
        items = shop.served(wanted, item, queue, self.budget_left)
        given = items * shop.prices[item]
        spend_oldest(self.lots, points, holders, given)
        self.redeemed += int(given.sum())
        self.paid = shop.hand_out(items, item)
        self.purse.pay(self.paid)

    def _forget_within_reach(self) -> None:
        """No honour is within anybody's reach: the quarter begins, or honours are no longer named."""
        self.pull[self.near] = 0.0
        self.near = np.empty(0, np.int64)
        self._laid = float("nan")

    def _honour_within_reach(self, model: CommunityModel) -> None:
        """near10 of D9: residents with at least `near_share` of the points of the last honoured place this quarter, if
        they were active lately.
        """
        self._forget_within_reach()
        near = within_reach(self.earned, self.honours, float(self.near_share), model.scratch.rows)
        active = model.last_act[near] >= model.week + 1 - self.active_weeks
        self.near = near[active]
        self.pull[self.near] = self.honour_pull

    def on_quarter_end(self, model: CommunityModel) -> None:
        if not self.idle and self.honours:
            self._honour(model)
        self._forget_within_reach()
        self.expired += age_lots(self.lots, self.earned, model.residents.points)
        if self.idle:
            return
        self._expect()
        income = self.income(model.calendar.date(model.week + 1))
        self.purse.fill(income)
        self.shop.revise(self.claims(model), float(np.sum(income)), self.inflation, self.price_ceiling)
        self._note(model)

    def _expect(self) -> None:
        """Points expected in the quarter that begins: as many as in the one that ends, whose weeks without a bank count
        as weeks of the first quarter.
        """
        weeks, before = self._quarter
        missing = max(0.0, 1.0 - weeks / WEEKS_A_QUARTER)
        self.expected = self.issued - before + missing * self.first_quarter
        self._quarter = (0, self.issued)

    def _honour(self, model: CommunityModel) -> None:
        """Name the quarter's top: recognition raises motive, lifts fatigue and strain (D9, D10, L27)."""
        earners = np.flatnonzero(self.earned)
        lot = uniforms_at(model.key("points:honour"), earners)
        top = earners[np.argsort(-self.earned[earners] + 0.5 * lot, kind="stable")[: self.honours]]
        honoured = np.sort(top).astype(np.int32)
        gain_saturating(model.residents.motive, honoured, self.recognition)
        for worn in (model.residents.fatigue, model.residents.strain):
            add_bounded(worn, honoured, -self.honour_relief)

    def _note(self, model: CommunityModel) -> None:
        model.recorder.points(self, self.claims(model))

    def spent(self, model: CommunityModel) -> float:
        return self.paid
