"""The config beside the results is what was composed, whatever its texts look like."""

from __future__ import annotations

import pytest
from omegaconf import OmegaConf

from consensus_sim.forecast.provenance import config_text
from consensus_sim.study.config import compose

TEXTS = [
    "1e3",
    "12",
    "1_000",
    ".5",
    "nan",
    "inf",
    "0x1F",
    "true",
    "null",
    "~",
    "",
    "2024-03-04",
    "week 3",
    "a: b",
    "第一周",
]


@pytest.mark.parametrize("text", [*TEXTS, "two\nlines", "-", "'quoted'", "# no comment", "1:30", "yes"])
def test_a_text_is_read_back_as_text(text):
    assert OmegaConf.to_container(OmegaConf.create(config_text({"a": {"b": text}}))) == {"a": {"b": text}}


def test_a_composed_config_is_read_back_and_a_value_that_occurs_twice_is_written_twice():
    config = compose()
    text = config_text(config)
    assert OmegaConf.to_container(OmegaConf.create(text)) == config
    shared = [1, 2]
    assert "&" not in config_text({"a": shared, "b": shared})
