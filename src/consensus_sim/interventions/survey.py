"""协商能力评估量表 as a questionnaire: a half-yearly sample survey with noisy estimates (F46, F48)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from consensus_sim.council.events import Rows
from consensus_sim.dynamics.ranking import drawn_by_lot
from consensus_sim.dynamics.survey import likert_answers
from consensus_sim.interventions.base import DOSE, Intervention, setting
from consensus_sim.interventions.schedule import at_end_of
from consensus_sim.randomness import uniforms_at
from consensus_sim.residents.capability import INDICATORS, WHOLE, Finding, SurveyResult, indicators_of
from consensus_sim.residents.columns import REPORT_GROUPS

if TYPE_CHECKING:
    from consensus_sim.model.model import CommunityModel


@dataclass(kw_only=True, eq=False)
class CapabilitySurvey(Intervention):
    """Asks `sample` adults drawn at random at each half-year's end; not all answer, and answers have errors.

    It has `items` items on each indicator with `points` answers each. Groups of fewer than `least_told` answers are not
    reported. It changes nobody; its results are kept (`model.recorder.surveys`, tables survey and survey_answers).
    """

    sample: int = setting(0, 1_000_000, "adults asked a survey", integer=True, dose=DOSE)
    items: int = setting(1, 20, "items an indicator", integer=True)
    points: int = setting(2, 11, "answers an item", integer=True)
    least_told: int = setting(2, 1000, "answers needed to report a group", integer=True)
    response: float = setting(0, 1, "probability that an owner who does not work answers")
    response_tenant: float = setting(-5, 5, "log-odds")
    response_working: float = setting(-5, 5, "log-odds")
    item_error: float = setting(0, 1, "SD on the scale of 0 to 1")
    gift: float = setting(0, 1000, "CNY an answer")

    def on_start(self, model: CommunityModel) -> None:
        self.given = 0.0

    def on_week_end(self, model: CommunityModel) -> None:
        self.given = 0.0
        if not self.sample or not self.is_due(model, at_end_of("half_year")):
            return
        asked, answered = self._respondents(model)
        answers = likert_answers(
            model.key("survey:item"),
            indicators_of(model.residents, answered),
            answered,
            self.items,
            float(self.item_error),
            self.points,
        )
        findings = self._findings(model, asked, answered, answers)
        half_year = model.calendar.half_year(model.week)
        model.recorder.surveys.append(SurveyResult(half_year, findings, answers, self.items, model.week))
        self.given = self.gift * len(answered)
        self.count_event()

    def _respondents(self, model: CommunityModel) -> tuple[Rows, Rows]:
        """Adults who are asked, drawn at random, and those of them who answer; ascending."""
        residents = model.residents
        asked: Rows = drawn_by_lot(model.key("survey:sample"), model.adults, self.sample)
        odds = np.full(len(asked), np.log(self.response / (1.0 - self.response)) if 0 < self.response < 1 else np.inf)
        if self.response == 0:
            odds[:] = -np.inf
        odds += self.response_tenant * residents.are("tenant", asked)
        odds += self.response_working * residents.are("working", asked)
        chance = 1.0 / (1.0 + np.exp(-odds))
        return asked, asked[uniforms_at(model.key("survey:answer"), asked) < chance]

    def _findings(
        self, model: CommunityModel, asked: Rows, answered: Rows, answers: NDArray[np.int8]
    ) -> dict[tuple[str, str, str], Finding]:
        """Means and standard errors by group, dimension and indicator, of the answers only."""
        n_indicators = sum(len(names) for names in INDICATORS.values())
        scores = (answers.reshape(len(answered), n_indicators, self.items).mean(axis=2) - 1.0) / (self.points - 1)
        columns: dict[tuple[str, str], NDArray[np.float64]] = {}
        first = 0
        for dimension, names in INDICATORS.items():
            columns |= {(dimension, name): scores[:, first + row] for row, name in enumerate(names)}
            columns[dimension, WHOLE] = scores[:, first : first + len(names)].mean(axis=1)
            first += len(names)
        findings = {}
        for group in REPORT_GROUPS:
            inside, n_asked = model.residents.are(group, answered), int(model.residents.are(group, asked).sum())
            n = int(inside.sum())
            for (dimension, name), column in columns.items():
                mean = se = float("nan")
                if n >= self.least_told:
                    mean, se = float(column[inside].mean()), float(column[inside].std(ddof=1) / np.sqrt(n))
                findings[group, dimension, name] = Finding(mean, se, n, n_asked)
        return findings

    def spent(self, model: CommunityModel) -> float:
        return self.given
