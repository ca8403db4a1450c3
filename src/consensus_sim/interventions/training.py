"""协商技能工作坊, 专家讲座: training by workshops with cases and simulation, or by lectures (F32, F33, P28, P29)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.events import Rows
from consensus_sim.dynamics.learning import gain_saturating, learn
from consensus_sim.dynamics.ranking import trainees
from consensus_sim.interventions.base import DOSE, Intervention, choice, setting
from consensus_sim.interventions.schedule import every_weeks
from consensus_sim.randomness import uniforms_at
from consensus_sim.residents.columns import COGNITIONS, SKILLS

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


@dataclass(kw_only=True, eq=False)
class Training(Intervention):
    """Trains residents in courses of `course` sessions, `sessions` in all, one every `weeks_between` weeks.

    A course is given to the same `places` residents, who enrol at its first session. Each misses a session with
    probability `missed`, and each session attended adds an equal part of the course's gain. The next course enrols
    again, first the residents who attended the fewest sessions.
    `method`: `lecture` (theory: cognition, hardly skill) or `workshop` (cases and simulation: skill). `who`: the
    council `team`; the `active`, who took part before; the team and the active first where both fit
    (`team_and_active`); `residents` at large; or the `weakest_group`, the one with the lowest skill in the last survey.
    With `target: weakest` the share `focus` of a dimension's gain goes to the indicator that the last survey found
    lowest (in that group); the total stays. Without a survey all gains are even, and residents at large are asked. A
    session is no act of participation; it costs its people some fatigue.
    """

    method: str = choice("lecture", "workshop")
    who: str = choice("team", "active", "team_and_active", "residents", "weakest_group")
    target: str = choice("none", "weakest")
    focus: float = setting(0, 1, "share of a dimension's gain")
    sessions: int = setting(0, 200, "sessions", integer=True, dose=DOSE)
    weeks_between: float = setting(1, 52, "weeks")
    places: int = setting(0, 1000, "persons a course", integer=True, dose="places")
    turnout: float = setting(0, 1, "share of those asked who enrol")
    missed: float = setting(0, 1, "share of its trainees who miss a session")
    course: int = setting(1, 20, "sessions of a course, to which the evidence's gain refers", integer=True)

    def most(self, setting: str, weeks: int) -> float:
        return int(weeks / self.weeks_between + 1e-9) if setting == "sessions" else super().most(setting, weeks)

    def on_start(self, model: CommunityModel) -> None:
        self.held = 0
        self.person_times = 0
        self.trainees: Rows = np.empty(0, np.int32)
        self.attended = np.zeros(model.residents.n, np.int32)

    def on_week_end(self, model: CommunityModel) -> None:
        if self.held >= self.sessions or not self.is_due(model, every_weeks(self.weeks_between)):
            return
        if self.held % self.course == 0:
            self.trainees = self._enrol(model)
        self.held += 1
        self.count_event()
        lot = uniforms_at(model.key(f"{self.name}:missed", sub=self.held), self.trainees)
        who = self.trainees[lot >= self.missed]
        self.person_times += len(who)
        self.attended[who] += 1
        p, residents = model.parameters.learning, model.residents
        lecture = self.method == "lecture"
        skill = (p.lecture_skill if lecture else p.workshop_skill) / self.course * self._weights(model, "skill", SKILLS)
        cognition = p.course_cognition / self.course * self._weights(model, "cognition", COGNITIONS)
        learn(residents.skill, residents.start_skill, model.skill_unit, skill, p.reach, False, who)
        learn(residents.cognition, residents.start_cognition, model.cognition_unit, cognition, p.reach, False, who)
        model.used_skill[who] = True
        model.trained[who] = True
        model.taught[who] = True
        gain_saturating(residents.fatigue, who, model.parameters.fatigue.load)

    def _weights(self, model: CommunityModel, dimension: str, indicators: tuple[str, ...]) -> NDArray[np.float64]:
        """Weight of each indicator in the gain, (k,), with the sum k, by the last survey."""
        weights = np.ones(len(indicators))
        if self.target == "none" or not model.recorder.surveys:
            return weights
        survey = model.recorder.surveys[-1]
        weakest = survey.weakest_indicator(dimension, self._group(model) or "all")
        if weakest is not None:
            weights[:] = len(indicators) * (1.0 - self.focus) / (len(indicators) - 1)
            weights[indicators.index(weakest)] = len(indicators) * self.focus
        return weights

    def _group(self, model: CommunityModel) -> str | None:
        """Group that `who` aims at: that of the lowest skill in the last survey; None if there is none."""
        if self.who != "weakest_group" or not model.recorder.surveys:
            return None
        group: str | None = model.recorder.surveys[-1].weakest_group("skill")
        return group

    def _enrol(self, model: CommunityModel) -> Rows:
        """Trainees of a new course, up to `places`: residents who enrol with probability `turnout`, asked in the order
        of fewest sessions attended, then of `who`; ascending.
        """
        with_team, with_active = self.who in ("team", "team_and_active"), self.who in ("active", "team_and_active")
        able, group = model.residents.adult, self._group(model)
        if group is not None:
            able = able & model.residents.member_of(group)
        who: Rows = trainees(
            model.key(f"{self.name}:lot", sub=self.held), model.key(f"{self.name}:come", sub=self.held), able,
            self.attended, model.team_mask, model.took_part, with_team, with_active, not (with_team or with_active),
            float(self.turnout), self.places,
        )  # fmt: skip
        return who
