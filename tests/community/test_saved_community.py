"""A community in a folder, and in a pickle."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from consensus_sim.community import Community, load_community, open_community, save_community
from consensus_sim.errors import InputError


def assert_same(one: Community, other: Community) -> None:
    """All that a community holds, array by array."""
    assert (one.name, one.label, one.spec, one.fingerprint) == (
        other.name,
        other.label,
        other.spec,
        other.fingerprint,
    )
    for part in ("places", "population", "network"):
        for name in getattr(one, part).__dataclass_fields__:
            left, right = getattr(getattr(one, part), name), getattr(getattr(other, part), name)
            if isinstance(left, np.ndarray):
                assert left.dtype == right.dtype and (left == right).all(), name
            else:
                assert left == right and type(left) is type(right), name


@pytest.mark.parametrize("mmap", [True, False])
def test_round_trip(teaching: Community, tmp_path: Path, mmap: bool) -> None:
    """The same community comes back, read-only, mapped from the files if asked."""
    folder = save_community(teaching, tmp_path / "saved")
    back = open_community(folder, mmap=mmap)
    assert_same(teaching, back)
    assert isinstance(back.population.age, np.memmap) == mmap
    assert not back.population.age.flags.writeable and not back.network.weight.flags.writeable
    assert (back.marginals() == teaching.marginals()).all(axis=None)
    assert back.graph.number_of_edges() == teaching.network.n_ties


def test_pickle(teaching: Community) -> None:
    """Also after the graph was asked for, which stays behind; arrays are read-only again."""
    assert teaching.graph is not None
    back = pickle.loads(pickle.dumps(teaching))
    assert_same(teaching, back)
    assert "graph" not in back.__dict__
    assert not back.population.age.flags.writeable


def test_saving_replaces_and_leaves_no_drafts(teaching: Community, tmp_path: Path) -> None:
    """A second community in the same folder; nothing else remains."""
    save_community(teaching, tmp_path / "saved")
    other = load_community("teaching", overrides={"seed": 2})
    save_community(other, tmp_path / "saved")
    assert_same(other, open_community(tmp_path / "saved"))
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]


def test_other_folders_are_left_alone(teaching: Community, tmp_path: Path) -> None:
    """A folder with other files is neither overwritten nor opened."""
    (tmp_path / "thesis.txt").write_text("dear")
    with pytest.raises(InputError, match="found other files"):
        save_community(teaching, tmp_path)
    with pytest.raises(InputError, match="holds no whole community"):
        open_community(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "dear"
    beside = save_community(teaching, tmp_path / "saved") / "notes.txt"
    beside.write_text("dear, too")
    with pytest.raises(InputError, match="found other files"):
        save_community(teaching, tmp_path / "saved")
    assert beside.read_text() == "dear, too"
    with pytest.raises(InputError, match="cannot be written"):
        save_community(teaching, tmp_path / "thesis.txt" / "saved")


def test_damaged_or_old_communities_are_refused(teaching: Community, tmp_path: Path) -> None:
    """A lost array, a cut file, another version."""
    folder = save_community(teaching, tmp_path / "saved")
    (folder / "population.age.npy").unlink()
    with pytest.raises(InputError, match="holds no whole community"):
        open_community(folder)
    save_community(teaching, folder)
    (folder / "network.weight.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(InputError, match="holds no whole community"):
        open_community(folder)
    save_community(teaching, folder)
    meta = json.loads((folder / "community.json").read_text(encoding="utf-8"))
    (folder / "community.json").write_text(json.dumps({**meta, "synthesis": 0}), encoding="utf-8")
    with pytest.raises(InputError, match="found a community of synthesis 0"):
        open_community(folder)


def test_files_of_two_communities_do_not_make_one(teaching: Community, tmp_path: Path) -> None:
    """One array of another seed, of the same size and type."""
    folder = save_community(teaching, tmp_path / "one")
    other = save_community(load_community("teaching", overrides={"seed": 2}), tmp_path / "two")
    (folder / "population.age.npy").write_bytes((other / "population.age.npy").read_bytes())
    with pytest.raises(InputError, match="do not belong together"):
        open_community(folder)


def test_notes_beside_a_saved_community_are_never_removed(teaching: Community, tmp_path: Path) -> None:
    """Saving again in a folder that holds more than the community is refused, and changes nothing."""
    folder = save_community(teaching, tmp_path / "saved")
    (folder / "notes.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(InputError, match=r"found other files: notes\.txt"):
        save_community(load_community("teaching", overrides={"seed": 2}), folder)
    assert (folder / "notes.txt").read_text(encoding="utf-8") == "dear"
    assert_same(teaching, open_community(folder))


def test_a_save_that_was_killed_while_replacing_is_repeated(teaching: Community, tmp_path: Path) -> None:
    """Killed after some of the old files were removed: what is left is refused, and saving again mends it."""
    folder = save_community(teaching, tmp_path / "saved")
    for path in folder.glob("*.npy"):
        path.unlink()
    with pytest.raises(InputError, match="holds no whole community"):
        open_community(folder)
    assert_same(teaching, open_community(save_community(teaching, folder)))
