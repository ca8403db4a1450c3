"""Rules of statistics that hold for every study: how replicates draw parameters and how differences are judged."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Annotated, ClassVar

from pydantic import ConfigDict

from consensus_sim.data_files import read_plain
from consensus_sim.paths import configs_dir
from consensus_sim.settings import STRICT, read, setting


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The file configs/statistics/rules.yaml, which says what the fields mean."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    repeated: Annotated[int, setting(2, 1000, integer=True)]
    caution: Annotated[float, setting(0, 1)]
    sure: Annotated[float, setting(0.5, 1)]
    fewest: Annotated[int, setting(2, 1000, integer=True)]


@cache
def rules() -> Rules:
    """Returns the configured rules. Raises InputError for a missing or unknown key, or a value out of range."""
    return read(Rules, read_plain(configs_dir() / "statistics" / "rules.yaml"), "statistics")
