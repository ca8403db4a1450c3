"""Figures of a forecast. Each function returns a matplotlib Figure and touches no global setting."""

from consensus_sim.report.figures.consensus import draw_consensus
from consensus_sim.report.figures.contrasts import draw_contrasts
from consensus_sim.report.figures.forecasts import draw_forecasts
from consensus_sim.report.figures.groups import draw_groups
from consensus_sim.report.figures.map import counted, draw_map

__all__ = ["counted", "draw_consensus", "draw_contrasts", "draw_forecasts", "draw_groups", "draw_map"]
