"""Pictures of one community, to look at: a year in six panels, and ten years under three scenarios.

One run each with every parameter at the centre of its prior: they show what the model does, not what it forecasts. The
year: attendance, topics, one meeting turn by turn, the points ledger, skill, trust and fatigue.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from pydantic import ConfigDict

from consensus_sim.experiments.runner import Command, Findings
from consensus_sim.runs.replicate import build_model
from consensus_sim.settings import STRICT, Text, read, setting
from consensus_sim.study.dates import MOST_WEEKS
from consensus_sim.study.study import read_study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from consensus_sim.community import Community
    from consensus_sim.model.model import CommunityModel
    from consensus_sim.study.scenario import Study


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The node `pictures`: the scenario of the year, and the length of the long runs of all scenarios."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    year: Text
    long: int = setting(1, MOST_WEEKS, "weeks", integer=True)


def finished(community: Community, name: str, study: Study, weeks: int) -> CommunityModel:
    """One finished run, traces of its meetings kept."""
    own = replace(study, calendar={**study.calendar, "weeks": weeks})
    model = build_model(community, own.scenario(name), own, 0)
    model.recorder.keep_traces = True
    return model.run()


def run(command: Command) -> Findings:
    """Runs the scenarios in this process."""
    settings = read(Settings, command.config.get("pictures"), "pictures")
    study, community = read_study(command.config), command.community
    year = finished(community, settings.year, study, int(study.calendar["weeks"]))
    names = [scenario.name for scenario in study.scenarios]
    decade = {name: finished(community, name, study, settings.long) for name in names}

    def draw(language: str) -> dict[str, Figure]:
        from consensus_sim.experiments.pictures.figure import draw_decade, draw_year

        return {"one_year": draw_year(year), "ten_years": draw_decade(decade)}

    return Findings(study=study, draw=draw, plates=lambda language: draw(language) if language == "en" else {})
