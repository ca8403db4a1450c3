"""Specs: what is refused and how, what comes back, what makes a community another one."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from consensus_sim.community import Community, available, build_community, load_community, read_spec
from consensus_sim.community.spec_files import merged, spec_file
from consensus_sim.errors import InputError

PARTS = ("places", "population", "network")


def arrays(community: Community) -> dict[str, np.ndarray]:
    """All arrays of a community by name."""
    return {
        f"{part}.{name}": value
        for part in PARTS
        for name in getattr(community, part).__dataclass_fields__
        if isinstance(value := getattr(getattr(community, part), name), np.ndarray)
    }


def test_both_communities_come_with_the_package() -> None:
    """The shared base is no community."""
    assert available() == ["case_study", "teaching"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scael": 2}, r"community: unknown key 'scael' \(did you mean 'scale'\?\); allowed: scale, .*"),
        (
            {"network.homofily": 2},
            r"community.network: unknown key 'homofily' \(did you mean 'homophily'\?\).*",
        ),
        ({"scale": 0}, r"community.scale: found 0; allowed: a whole number from 1 to 500"),
        ({"scale": 1.5}, r"community.scale: found 1.5; allowed: a whole number from 1 to 500"),
        ({"scale": "two"}, r"community.scale: found 'two'; allowed: a whole number from 1 to 500"),
        ({"seed": -1}, r"community.seed: found -1; allowed: a whole number from 0 to 9007199254740992"),
        ({"scale": True}, r"community.scale: found true; allowed: .*"),
        ({"label": {"zh": "某"}}, None),
        ({"label.zh": ""}, r"community.label.zh: found ''; allowed: a text"),
        (
            {"area.value": float("nan")},
            r"community.area.value: found nan; allowed: 0.0001 to 10000 km2",
        ),
        ({"area.unit": "ha"}, r"community.area.unit: found 'ha'; allowed: km2"),
        (
            {"area.sauce": "F2"},
            r"community.area: unknown key 'sauce' \(did you mean 'source'\?\); allowed: .*",
        ),
        (
            {"marginals.party.value": 1.2},
            r"community.marginals.party.value: found 1.2; allowed: 0 to 1 share of adults",
        ),
        (
            {"marginals.age_0_14": 0.2},
            r"(community.marginals: age_0_14 \+ .*: found 1\.\d+; allowed: .* add up to 1\n?){2}",
        ),
        (
            {"estates.willow_court.housing": "squat"},
            r".*willow_court.housing: found 'squat'; allowed: commodity, .*",
        ),
        ({"estates.willow_court.units": None}, r".*willow_court.units: found null; allowed: a number, as .*"),
        ({"estates.willow_court.households": 89}, r".*dwellings: found 88; allowed: .* households \(89\)"),
        (
            {"estates.willow_court.residents": 80},
            r".*residents: found 80; allowed: at least one a household \(86\)",
        ),
        (
            {"estates.willow_court.residents": 250},
            r"community.totals.residents: found 400, but .* 410; allowed: .*",
        ),
        ({"estates": {}}, None),
        (
            {"venues.pub": {"x": 1, "y": 1}},
            r"community.venues: found 'pub'.*; allowed: committee_office, parlour, park",
        ),
        ({"households.types.single_old.old": 0}, r".*single_old: found no core adult .*"),
        (
            {"households.types.single_old.share": 0.5},
            r"community.households.types: the shares add up to 1.4500; .*",
        ),
        (
            {"households.types.single_old.couple": True},
            r".*single_old.couple: found true with 1 core adults.*",
        ),
        (
            {"households.types.single_old.child": 1},
            r".*single_old: found children or parents of an old core.*",
        ),
        (
            {"ages.parent_gap": [30, 20]},
            r"community.ages.parent_gap: found \[30, 20\]; allowed: \[from, to\], from no larger than to",
        ),
        ({"ages.parent_gap": 20}, r"community.ages.parent_gap: found 20; allowed: \[from, to\], .*"),
        ({"network": None}, r"community.network: found null; allowed: a mapping with the keys .*"),
    ],
)
def test_wrong_specs_are_refused(change: dict[str, Any], message: str | None) -> None:
    """The whole message is tested, a line an error: key, what was found, what is allowed. None: the change is fine."""
    if message is None:
        assert load_community("teaching", overrides=change).n_residents == 400
        return
    with pytest.raises(InputError) as caught:
        load_community("teaching", overrides=change)
    import re

    assert re.fullmatch(message, str(caught.value)), str(caught.value)


def test_a_missing_key_is_named() -> None:
    """A spec without its network."""
    spec = spec_file("teaching")
    del spec["network"]["isolates"]
    with pytest.raises(InputError, match="community.network: the key 'isolates' is missing"):
        build_community(spec)


def test_unknown_names_and_files_are_refused(tmp_path: Path) -> None:
    """A name with a near match, a missing file, a file that is no mapping, a circle of defaults."""
    with pytest.raises(InputError, match="found 'teching' .did you mean 'teaching'.*; allowed: case_study, teaching"):
        load_community("teching")
    with pytest.raises(InputError, match="mine.yaml: cannot be read"):
        load_community(str(tmp_path / "mine.yaml"))
    for content, message in (
        ("- a\n- b\n", r"found a list; allowed: a YAML mapping"),
        ("a: [1\n", "mine.yaml:2: .*allowed: YAML"),
        ("defaults: [mine]\n", "defaults: found 'mine'"),
        ("defaults: [nowhere]\n", "defaults: found 'nowhere'"),
    ):
        (tmp_path / "mine.yaml").write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match=message) as caught:
            load_community(str(tmp_path / "mine.yaml"))
        assert "\n" not in str(caught.value)


def test_a_users_own_file_starts_from_the_base(tmp_path: Path) -> None:
    """A YAML file anywhere, with the package's base below it."""
    own = (Path(__file__).parents[2] / "configs" / "community" / "teaching.yaml").read_text(encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(own.replace("name: teaching", "name: mine"), encoding="utf-8")
    mine = load_community(str(tmp_path / "mine.yaml"))
    assert mine.name == "mine" and mine.n_residents == 400


def test_the_spec_survives_plain_data(case_study: Community) -> None:
    """Reading a spec's plain data gives the same spec; every quantity has unit and source."""
    assert read_spec(case_study.spec.as_dict()) == case_study.spec
    table = case_study.marginals()
    assert list(table.columns) == ["name", "group", "target", "achieved", "unit", "source"]
    assert table["source"].str.len().min() > 1 and not table["source"].str.contains("without").any()


def test_building_changes_nothing_of_the_callers_spec() -> None:
    """The plain data that is passed in stays as it is."""
    spec = spec_file("teaching")
    before = copy.deepcopy(spec)
    build_community(spec)
    assert spec == before
    assert merged(spec, {"network.isolates": 0.2})["network"]["isolates"] == 0.2
    assert spec == before


def test_same_seed_same_arrays_other_seed_others() -> None:
    """Bit for bit; and every random column differs under another seed."""
    one, again = load_community("teaching"), load_community("teaching")
    other = load_community("teaching", overrides={"seed": 2})
    first, second, third = arrays(one), arrays(again), arrays(other)
    assert all((first[name] == second[name]).all() for name in first)
    assert one.fingerprint == again.fingerprint != other.fingerprint
    for name in ("age", "female", "tenant", "party", "employment"):
        assert (first[f"population.{name}"] != third[f"population.{name}"]).any()
    assert (first["places.building_x"] == third["places.building_x"]).all()


def test_the_fingerprint_follows_whatever_shapes_the_community(teaching: Community) -> None:
    """Any number, and the scale."""
    prints = {teaching.fingerprint}
    for change in ({"scale": 2}, {"network.isolates": 0.2}, {"weights.party_newcomer": 0.5}, {"seed": 3}):
        prints.add(load_community("teaching", overrides=change).fingerprint)
    assert len(prints) == 5


def test_arrays_are_read_only(teaching: Community) -> None:
    """Nobody can change a community that others share."""
    for name, value in arrays(teaching).items():
        assert not value.flags.writeable, name


def test_importing_is_light() -> None:
    """The package's description comes without compilers and data frames."""
    import subprocess
    import sys

    heavy = "{'numba', 'pandas', 'networkx', 'scipy'}"
    code = f"import sys, consensus_sim.community; print({heavy} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_a_scale_beyond_the_columns_is_refused() -> None:
    """Micro-grids are numbered in 16 bits: 140 of them allow 234 copies."""
    many = {"estates.willow_court.micro_grids": 80, "estates.river_towers.micro_grids": 60}
    with pytest.raises(InputError, match="community.scale: found 235; allowed: at most 234"):
        load_community("teaching", scale=235, overrides={**many, "totals.micro_grids": None})
