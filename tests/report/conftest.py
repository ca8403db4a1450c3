"""Small tables in the shape of a forecast's, and a square community, for tests of what people see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from consensus_sim.catalogue import metric, metric_names
from consensus_sim.forecast.summary import Values
from consensus_sim.forecast.summary import contrast as differences

SCENARIOS = [
    ("before", {"zh": "没有议事会", "en": "Before the council"}),
    ("council", {"zh": "议事会（第一阶段）", "en": "Council as carried out"}),
    ("training", {"zh": "议事会 + 技能培训", "en": "Council + training"}),
    ("points", {"zh": "议事会 + 积分", "en": "Council + points"}),
    ("quota", {"zh": "议事会 + 配额席位", "en": "Council + quota seating"}),
    ("parlour", {"zh": "议事会 + 会客厅", "en": "Council + parlour"}),
    ("full", {"zh": "四项措施全部", "en": "All four interventions"}),
]
REFERENCE = "council"
QUESTION = {"zh": "四项措施会带来什么？", "en": "What would the four interventions bring?"}
GROUPS = (
    "elder",
    "young",
    "middle",
    "tenant",
    "owner",
    "low_income",
    "vulnerable",
    "working",
    "party",
    "newcomer",
    "parent",
)
SIZE = {
    "reach_quarter": 0.012,
    "reach_year": 0.025,
    "frequency": 1.2,
    "frequency_ordinary": 1.0,
    "person_times_quarter": 350,
    "topics_deliberated": 14,
    "sittings_per_settled": 2.8,
    "weeks_to_agenda": 9,
    "weeks_to_resolution": 17,
    "matters_landed": 4,
    "cost_money": 24000,
    "cost_hours": 700,
    "silent_micro_grids": 11,
    "consensus_settled": 0.5,
    "consensus_shelved": 0.2,
    "consensus_open": 0.3,
    "trust": 0.51,
}  # fmt: skip


def make_metrics(scenarios: list[str], replicates: int, seed: int = 3) -> pd.DataFrame:
    """The table metrics: one value a scenario, replicate, metric and group; shares of consensus sum to one."""
    rng = np.random.default_rng(seed)
    rows = []
    shared = rng.normal(size=(replicates, 60))
    for number, scenario in enumerate(scenarios):
        for place, name in enumerate(metric_names()):
            size = SIZE.get(name, 20.0 if name.startswith("attendance") else 0.45)
            if scenario == "before" and name.startswith("attendance_council"):
                continue
            for group in ("all", *GROUPS) if name.startswith("reach") else ("all",):
                lift = 1 + 0.04 * number + 0.08 * rng.normal(size=replicates) + 0.1 * shared[:, place]
                lift = lift + 0.5 * ((len(group) * 7) % 5 - 2) / 5 * (group != "all")
                values = np.clip(size * lift, 0, None)
                rows += [(scenario, r, name, group, float(value)) for r, value in enumerate(values)]
    frame = pd.DataFrame(rows, columns=["scenario", "replicate", "metric", "group", "value"])
    states = frame["metric"].isin(["consensus_settled", "consensus_shelved", "consensus_open"])
    total = frame[states].groupby(["scenario", "replicate"])["value"].transform("sum")
    frame.loc[states, "value"] = frame.loc[states, "value"] / total
    return frame


def summarise(metrics: pd.DataFrame) -> pd.DataFrame:
    """summary.csv as a frame."""
    grouped = metrics.groupby(["scenario", "metric", "group"], sort=False)["value"]
    table = grouped.agg(
        mean="mean",
        sd="std",
        q05=lambda v: v.quantile(0.05),
        q50="median",
        q95=lambda v: v.quantile(0.95),
        standard_error="sem",
        replicates="count",
    ).reset_index()
    table.insert(3, "unit", [metric(name).unit for name in table["metric"]])
    return table


def contrast(metrics: pd.DataFrame, reference: str) -> pd.DataFrame:
    """contrasts.csv as a frame; nothing is too small for a word."""
    units = {str(name): metric(str(name)).unit for name in metrics["metric"].unique()}
    scenarios = list(dict.fromkeys(metrics["scenario"]))
    values = Values(metrics, scenarios, int(metrics["replicate"].max()) + 1)
    return differences(values, units, reference, dict.fromkeys(units, 0.0))


def make_weekly(scenarios: list[str], replicates: int, weeks: int, seed: int = 4) -> pd.DataFrame:
    """The table weekly for the metrics of the figure."""
    rng = np.random.default_rng(seed)
    week = np.arange(weeks)
    dates = np.datetime64("2024-03-04", "ms") + np.timedelta64(7, "D") * week
    parts = []
    for number, scenario in enumerate(scenarios):
        for replicate in range(replicates):
            series = {
                "participations": rng.poisson(12 + 2 * number + week / 8),
                "attendance_council": np.where(
                    week % 2 == 0, 10 + 15 * week / weeks + number + rng.normal(0, 2, weeks), np.nan
                ),
                "attendance_tea": np.where(week % 4 == 1, 20 + number + rng.normal(0, 2, weeks), np.nan),
                "topics_settled": np.cumsum(rng.random(weeks) < 0.1 + 0.02 * number),
                "trust": 0.5 + 0.0005 * number * week + np.cumsum(rng.normal(0, 0.0005, weeks)),
            }
            for name, values in series.items():
                if scenario == "before" and name == "attendance_council":
                    values = np.full(weeks, np.nan)
                parts.append(
                    pd.DataFrame(
                        {"scenario": scenario, "replicate": replicate, "week": week, "date": dates, "metric": name,
                         "group": "all", "value": values.astype(np.float32)}
                    )
                )  # fmt: skip
    frame = pd.concat(parts, ignore_index=True)
    return frame.astype({column: "category" for column in ("scenario", "metric", "group")})


def make_grids(scenarios: list[str], replicates: int, places: SquarePlaces, seed: int = 5) -> pd.DataFrame:
    """The table grids."""
    rng = np.random.default_rng(seed)
    rows = []
    levels = {"grid": places.n_grids, "micro_grid": places.n_micro_grids}
    for number, scenario in enumerate(scenarios):
        for replicate in range(replicates):
            for quarter in ("2024Q1", "2024Q2", "2024Q3", "2024Q4", "2025Q1", "last_13_weeks"):
                for level, n in levels.items():
                    adults = 3400 // n * 4
                    people = rng.poisson((0.3 + 0.05 * number + 3 * ((np.arange(n) * 7) % 10) / 10) * 50 / n * 0.6)
                    rows += [
                        (
                            scenario,
                            replicate,
                            quarter,
                            level,
                            p,
                            adults,
                            int(k),
                            int(2 * k),
                            k / adults,
                            2.0 if k else np.nan,
                        )
                        for p, k in enumerate(people)
                    ]
    columns = [
        "scenario",
        "replicate",
        "quarter",
        "level",
        "place",
        "adults",
        "participants",
        "participations",
        "reach",
        "frequency",
    ]
    return pd.DataFrame(rows, columns=columns)


@dataclass
class SquarePlaces:
    """Buildings on a square of `side` x `side`, each cut into two micro-grids; grids are runs of micro-grids."""

    side: int = 5
    per_grid: int = 4
    venues: dict[str, tuple[float, float]] = field(
        default_factory=lambda: {"parlour": (310.0, 290.0), "park": (150.0, 420.0)}
    )

    def __post_init__(self) -> None:
        n = self.side**2
        self.n_micro_grids = 2 * n
        self.n_grids = -(-self.n_micro_grids // self.per_grid)
        self.estate_key = ("square",)
        self.building_x = (np.arange(n) % self.side * 140.0 + 20).astype(np.float32)
        self.building_y = (np.arange(n) // self.side * 130.0 + 20).astype(np.float32)
        self.unit_building = np.arange(n)
        self.dwelling_unit = np.repeat(np.arange(n), 60)
        self.dwelling_micro_grid = 2 * self.dwelling_unit + np.tile(np.repeat([0, 1], 30), n)
        self.micro_grid_grid = np.arange(self.n_micro_grids) // self.per_grid

    def estate_name(self, estate: int, language: str) -> str:
        return {"zh": "方形小区", "en": "Square estate"}[language]


@dataclass
class SquareCommunity:
    """The attributes of a community that a report reads."""

    places: SquarePlaces = field(default_factory=SquarePlaces)
    name: str = "square"
    label: dict[str, str] = field(default_factory=lambda: {"zh": "方形社区", "en": "Square community"})
    n_residents: int = 16012
    population: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(adult=np.ones(13600, bool)))
    spec: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(buildings_file=None))

    def marginals(self) -> pd.DataFrame:
        """Targets against achieved."""
        rows = [
            ("residents", "all", 16000.0, 16012.0, "persons", "F3"),
            ("elder", "all", 0.18, 0.181, "share", "assumption"),
        ]
        return pd.DataFrame(rows, columns=["name", "group", "target", "achieved", "unit", "source"])


def sample(replicates: int = 6, weeks: int = 56, names: list[str] | None = None) -> dict[str, Any]:
    """Results and notes of a made-up study, by name."""
    scenarios = [pair for pair in SCENARIOS if names is None or pair[0] in names]
    keys = [name for name, _ in scenarios]
    community = SquareCommunity()
    metrics = make_metrics(keys, replicates)
    tables = {
        "metrics": metrics,
        "weekly": make_weekly(keys, replicates, weeks),
        "grids": make_grids(keys, replicates, community.places),
    }
    reference = REFERENCE if REFERENCE in keys else keys[0]
    return {
        "tables": tables,
        "summary": summarise(metrics),
        "contrasts": contrast(metrics, reference),
        "community": community,
        "scenarios": scenarios,
        "reference": reference,
        "question": QUESTION,
        "provenance": {
            "version": "0.1.0",
            "seed": 1,
            "replicates": replicates,
            "weeks": weeks,
            "commit": {"id": "abc", "changed": False},
        },
        "assumptions": ["All places are invented <b>&</b> square."],
    }


@pytest.fixture(scope="session")
def make_sample() -> Callable[..., dict[str, Any]]:
    """Function that makes results and notes of a study."""
    return sample
