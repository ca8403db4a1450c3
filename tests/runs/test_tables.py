"""Packed replicates: what goes in comes out, many become one table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus_sim.runs.tables import assemble, pack, unpack

TEXTS = st.lists(st.text(max_size=5), max_size=30)


@given(texts=TEXTS)
def test_text_comes_back(texts):
    places, names = unpack(pack({"t": {"word": np.array(texts, dtype=object)}}))["t"]["word"]
    assert [names[place] for place in places] == texts


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "float32", "bool"])
def test_numbers_come_back_with_their_type(dtype):
    values = np.arange(7).astype(dtype)
    found, names = unpack(pack({"t": {"x": values}}))["t"]["x"]
    assert names is None and found.dtype == values.dtype
    assert np.array_equal(found, values)


def test_only_headline_values_keep_double_precision():
    values = {"x": np.array([1 / 3])}
    found = unpack(pack({"weekly": values, "metrics": values}))
    assert found["weekly"]["x"][0].dtype == np.float32
    assert found["metrics"]["x"][0][0] == 1 / 3


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="different lengths"):
        pack({"t": {"x": np.arange(3), "y": np.arange(4)}})


def test_assembled_tables_hold_every_row_in_order():
    parts = [
        ("before", 0, pack({"t": {"x": np.array([1, 2]), "w": np.array(["a", "b"])}})),
        ("before", 1, pack({"t": {"x": np.array([], dtype=float), "w": np.array([])}})),
        ("full", 0, pack({"t": {"x": np.array([3]), "w": np.array(["b"])}})),
    ]
    table = assemble(parts)["t"].to_pandas()
    assert table["scenario"].tolist() == ["before", "before", "full"]
    assert table["replicate"].tolist() == [0, 0, 0]
    assert table["x"].tolist() == [1, 2, 3]
    assert table["w"].tolist() == ["a", "b", "b"]


def test_an_empty_first_replicate_does_not_set_the_types():
    empty = pack({"t": {"x": np.array([], dtype=float), "w": np.array([])}})
    full = pack({"t": {"x": np.array([3]), "w": np.array(["b"])}})
    table = assemble([("before", 0, empty), ("full", 0, full)])["t"].to_pandas()
    assert table["x"].tolist() == [3] and table["x"].dtype == np.int64
    assert table["w"].tolist() == ["b"]
    assert len(assemble([("before", 0, empty)])["t"]) == 0


def test_replicates_whose_columns_differ_are_refused():
    parts = [("a", 0, pack({"t": {"x": np.arange(2)}})), ("b", 0, pack({"t": {"y": np.arange(2)}}))]
    with pytest.raises(ValueError, match="columns of scenario b differ"):
        assemble(parts)


@given(orders=st.lists(st.permutations(["2024Q1", "2024Q2", "2025Q1", "last_13_weeks"]), min_size=1, max_size=4))
def test_periods_are_ordered_whichever_comes_up_first(orders):
    parts = [("before", number, pack({"t": {"quarter": np.array(names)}})) for number, names in enumerate(orders)]
    found = assemble(parts)["t"].to_pandas()["quarter"]
    assert found.tolist() == [name for names in orders for name in names]
    assert found.cat.ordered and list(found.cat.categories) == ["2024Q1", "2024Q2", "2025Q1", "last_13_weeks"]
