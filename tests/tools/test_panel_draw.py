"""Drawing a real panel from a register: quotas hold, the draw repeats, bad input is reported clearly and at once."""

from __future__ import annotations

import csv
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from consensus_sim.errors import InputError, phrase
from consensus_sim.tools.panel_draw import checks, draw, tables, thinning
from consensus_sim.tools.panel_draw.draw import draw_panel

QUOTAS = {"网格": {str(g): (2, 3) for g in range(4)}, "vulnerable": {"yes": (1, 10), "no": (0, 9)}}
NAME = phrase("panel_register", path="people.csv")
GRIDS = {f"g{g}": (1, 3) for g in range(13)}
COMMUNITY = {
    "sex": {"f": (12, 13), "m": (12, 13)},
    "age": {a: (8, 9) for a in ("18-35", "36-59", "60+")},
    "grid": GRIDS,
}
DRAWS = 10_000
ERROR_RATE = 0.001
"""Probability that a fair draw fails a test of chances; the seeds are fixed, so that a test that passes always does."""


@pytest.fixture
def register(tmp_path: Path) -> Path:
    """80 people in four grids, one in eight vulnerable, two to an address."""
    path = tmp_path / "people.csv"
    lines = ["id,name,网格,vulnerable,address"]
    lines += [f"p{i},居民{i},{i % 4},{'yes' if i % 8 == 3 else 'no'},{i // 2}" for i in range(80)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def quota_file(tmp_path: Path) -> Path:
    return save_quotas(tmp_path / "quotas.csv", QUOTAS)


@pytest.fixture(scope="module")
def community(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """16,020 people in 13 grids, one to five to an address."""
    path, rng = tmp_path_factory.mktemp("community") / "people.csv", random.Random(1)
    rows, household = ["id,name,sex,age,grid,address"], 0
    while len(rows) <= 16_020:
        household += 1
        for _ in range(rng.randint(1, 5)):
            sex, age = rng.choice("fm"), rng.choice(list(COMMUNITY["age"]))
            rows.append(f"{len(rows)},居民{len(rows)},{sex},{age},g{household % 13},{household}")
    path.write_text("\n".join(rows[:16_021]), encoding="utf-8")
    return path


def save_quotas(path: Path, quotas: dict) -> Path:
    lines = ["feature,value,min,max"]
    lines += [f"{f},{v},{low},{high}" for f, values in quotas.items() for v, (low, high) in values.items()]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "consensus_sim.tools.panel_draw", *map(str, arguments)]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, encoding="utf-8", timeout=120)


def read(text: str | bytes, tmp_path: Path, encoding: str | None = None) -> tables.Table:
    path = tmp_path / "people.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return tables.read_table(path, NAME, encoding)


# --- the draw -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["maximin", "nash", "legacy"])
def test_the_panel_meets_its_quotas(register: Path, algorithm: str):
    pytest.importorskip("sortition_algorithms")
    rows = draw_panel(register, 10, QUOTAS, 7, algorithm=algorithm, one_per=["address"])
    assert len(rows) == 10
    for feature, values in QUOTAS.items():
        seats = Counter(row[feature] for row in rows)
        assert all(low <= seats[value] <= high for value, (low, high) in values.items())
    assert len({row["address"] for row in rows}) == 10
    assert rows[0].keys() == {"id", "name", "网格", "vulnerable", "address"}


def test_the_same_seed_draws_the_same_panel(register: Path, quota_file: Path):
    pytest.importorskip("sortition_algorithms")
    drawn = [draw_panel(register, 10, quota_file, s, algorithm="legacy") for s in (7, 7, 8)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_the_program_writes_the_panel(register: Path, quota_file: Path, tmp_path: Path):
    pytest.importorskip("sortition_algorithms")
    output = tmp_path / "panel.csv"
    given = ("--register", register, "--quotas", quota_file, "--seats", 10, "--seed", 7, "--algorithm", "legacy")
    done = run(*given, "--output", output)
    assert done.returncode == 0, done.stderr
    with output.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.DictReader(file)) == draw_panel(register, 10, QUOTAS, 7, algorithm="legacy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["panel.csv", "people.csv", "quotas.csv"]


@pytest.mark.parametrize("blank", [40, 80])
def test_everybody_without_an_address_is_a_household_of_their_own(register: Path, blank: int):
    """Were the blank ones a household, 40 people would share a seat and 80 could not fill ten."""
    pytest.importorskip("sortition_algorithms")
    head, *rows = register.read_text(encoding="utf-8").splitlines()
    rows = [row.rpartition(",")[0] + "," if i < blank else row for i, row in enumerate(rows)]
    register.write_text("\n".join([head, *rows]), encoding="utf-8")
    said: list[str] = []
    rows = draw_panel(
        register, 10, QUOTAS, 7, one_per=["address"], algorithm="legacy", say=lambda words: said.append(words.text())
    )
    assert len(rows) == 10
    assert any(f"blank address: {blank} people" in words and "lines 2, 3" in words for words in said)


def test_a_feature_may_be_called_household(tmp_path: Path):
    pytest.importorskip("sortition_algorithms")
    path = tmp_path / "people.csv"
    path.write_text(
        "id,Household,address\n" + "\n".join(f"{i},{'small' if i % 3 else 'large'},{i // 2}" for i in range(30))
    )
    quotas = {"Household": {"small": (3, 3), "large": (2, 2)}}
    rows = draw_panel(path, 5, quotas, 7, one_per=["address"], algorithm="legacy")
    assert Counter(row["Household"] for row in rows) == {"small": 3, "large": 2}


def test_a_partly_blank_address_is_unknown():
    people = [
        {"building": b, "room": r} for b, r in (("1", "2"), ("1", "2"), ("1", ""), ("1", ""), ("", ""), ("1", "3"))
    ]
    numbers = checks.households(people, ["building", "room"])
    assert numbers[0] == numbers[1] and len(set(numbers)) == 5


def test_what_one_person_per_address_means_is_said(register: Path):
    register.write_text(register.read_text(encoding="utf-8").replace(",30\n", ",31\n"), encoding="utf-8")
    table = tables.read_table(register, NAME)
    (words,) = checks.address_phrases(table, checks.households(table.rows, ["address"]), ["address"], 10)
    assert "4 people, each has a probability of at most 1 in 4" in words.text()
    assert "average over the register is 1 in 8.0" in words.text()
    assert "1/4" in words.text("zh")


def test_a_quota_that_only_clashes_with_another_is_refused(register: Path):
    """Every vulnerable person lives in grid 3, which may have 3 seats at most."""
    pytest.importorskip("sortition_algorithms")
    quotas = {**QUOTAS, "vulnerable": {"yes": (4, 10), "no": (0, 6)}}
    with pytest.raises(InputError, match="no panel from this register meets all quotas") as caught:
        draw_panel(register, 10, quotas, 7)
    assert caught.value.text("en").count("\n") == 0
    assert "vulnerable 'yes' min 3, max 10" in str(caught.value) or "网格 '3' min 2, max 4" in str(caught.value)
    assert "改为" in caught.value.text("zh")


# --- thinning -------------------------------------------------------------------------------------------------------


def population(seed: int = 1, people: int = 240) -> tuple[thinning.Codes, np.ndarray, dict]:
    """People of two features and their households of one to five, the features' values of unequal size."""
    rng = np.random.default_rng(seed)
    codes = np.column_stack([rng.choice(2, people, p=[0.7, 0.3]), rng.choice(3, people, p=[0.5, 0.3, 0.2])])
    households = np.repeat(np.arange(people), rng.integers(1, 6, people))[:people]
    return codes, households, {"a": {"0": (0, 4), "1": (0, 4)}, "b": {"0": (0, 4), "1": (0, 4), "2": (0, 4)}}


def profile_numbers(codes: thinning.Codes) -> np.ndarray:
    return np.unique(codes, axis=0, return_inverse=True)[1].ravel()


def draws(codes, households, kept, seed: int = 2) -> np.ndarray:
    """One row a draw: whether each person is kept."""
    rng = np.random.default_rng(seed)
    found = np.zeros((DRAWS, len(codes)), dtype=bool)
    for row in found:
        row[thinning.thin(codes, households, kept, rng)] = True
    return found


def p_values(found: np.ndarray, profiles: np.ndarray) -> list[float]:
    """Chi-square test of equal chances within every profile, given how many of it each draw kept."""
    values = []
    for profile in np.unique(profiles):
        kept = found[:, profiles == profile]
        n, sizes, times = kept.shape[1], kept.sum(axis=1), kept.sum(axis=0)
        variance = (sizes * (n - sizes)).sum() / (n * (n - 1))
        values.append(stats.chi2.sf(((times - times.mean()) ** 2).sum() / variance, n - 1))
    return values


def test_people_of_a_profile_have_equal_chances():
    codes, _, quotas = population()
    alone, kept = np.arange(len(codes)), thinning.probabilities(codes, quotas, 3)
    profiles = profile_numbers(codes)
    found = draws(codes, alone, kept)
    limit = ERROR_RATE / (profiles.max() + 1)
    assert min(p_values(found, profiles)) > limit
    counts = np.array([found[:, profiles == p].sum(axis=1) for p in np.unique(profiles)])
    share = np.bincount(profiles) * 48 / len(codes)
    assert (np.abs(counts - share[:, None]) < 1).all() and (counts.sum(axis=0) == 48).all()
    unfair = kept * np.where(np.arange(len(codes)) % 2, 1.05, 0.95)  # the test sees a tenth more for every second
    assert min(p_values(draws(codes, alone, unfair), profiles)) < limit / 1000


def test_members_of_large_households_have_the_chance_of_everybody():
    codes, households, quotas = population()
    kept = thinning.probabilities(codes, quotas, 3)
    assert np.bincount(households, kept).max() <= 1.0
    found = draws(codes, households, kept)
    for row in found[:200]:
        assert len(set(households[row])) == row.sum()
    z = (found.sum(axis=0) - DRAWS * kept) / np.sqrt(DRAWS * kept * (1 - kept))
    assert np.abs(z).max() < stats.norm.isf(ERROR_RATE / 2 / len(codes))
    size = np.bincount(households)[households]
    for members in range(1, 6):
        times = found[:, size == members].sum()
        assert times / DRAWS == pytest.approx(kept[size == members].sum(), rel=0.02)


def test_so_have_they_where_a_household_exceeds_its_share():
    """150 of 240 are kept: of a household of two or more, several stay, and the draw seats one."""
    codes, households, quotas = population()
    kept = np.full(len(codes), 150 / 240)
    found = draws(codes, households, kept)
    z = (found.sum(axis=0) - DRAWS * kept) / np.sqrt(DRAWS * kept * (1 - kept))
    assert np.abs(z).max() < stats.norm.isf(ERROR_RATE / 2 / len(codes))


@pytest.mark.parametrize("rare", [3, 30, 300])
def test_a_rare_value_that_the_quotas_need_keeps_a_choice(rare: int):
    people = 16_000
    codes = np.column_stack([np.arange(people) % 2, (np.arange(people) < rare).astype(int)])
    quotas = {"sex": {"f": (12, 13), "m": (12, 13)}, "vulnerable": {"no": (0, 23), "yes": (2, 25)}}
    kept = thinning.probabilities(codes, quotas, 25)
    assert kept[:rare].sum() == pytest.approx(min(rare, max(8, rare / 40)), rel=1e-3)
    assert kept.sum() <= 400 + 1e-9 and kept.max() <= 1.0 and np.unique(kept[rare:].round(9)).size == 1


@pytest.mark.parametrize(("seats", "kept"), [(1, 16), (25, 400), (50, 500), (200, 800)])
def test_the_people_kept_are_few_enough_for_the_package(seats: int, kept: int):
    codes, quotas = np.zeros((16_020, 1), dtype=int), {"a": {"x": (seats, seats)}}
    places = thinning.thin(
        codes, np.arange(16_020), thinning.probabilities(codes, quotas, seats), np.random.default_rng(1)
    )
    assert len(places) == kept == thinning.pool_size(seats)


def test_a_draw_that_holds_no_panel_is_repeated():
    """Of 20 people in a home, who alone are old, one can be seated; the second old person lives elsewhere."""
    people = [{"age": "old" if i < 21 else "young"} for i in range(2_000)]
    households = [0] * 20 + list(range(1, 1_981))
    quotas = {"age": {"old": (2, 2), "young": (8, 8)}}
    for seed in range(1, 6):
        places = thinning.thin_register(people, households, quotas, 10, seed)
        assert 20 in places and len(places) <= 160
        assert places == thinning.thin_register(people, households, quotas, 10, seed)


def test_a_panel_that_is_not_there_is_not_found():
    codes, homes = np.array([[0], [0], [1], [1]]), np.arange(4)
    assert thinning.holds_panel(codes, homes, {"a": {"x": (1, 1), "y": (1, 1)}}, 2)
    assert not thinning.holds_panel(codes, homes, {"a": {"x": (3, 3), "y": (0, 1)}}, 3)
    assert not thinning.holds_panel(codes, np.zeros(4, dtype=int), {"a": {"x": (1, 1), "y": (1, 1)}}, 2)


def test_a_whole_community_is_drawn_with_progress(community: Path, tmp_path: Path):
    """The greedy algorithm here; maximin takes 20 s more for the same 400 people."""
    pytest.importorskip("sortition_algorithms")
    quotas = save_quotas(tmp_path / "quotas.csv", COMMUNITY)
    given = ("--register", community, "--quotas", quotas, "--seats", 25, "--seed", 7, "--one-per", "address")
    panels = []
    for number in range(2):
        output = tmp_path / f"panel{number}.csv"
        done = run(*given, "--algorithm", "legacy", "--output", output)
        assert done.returncode == 0, done.stderr
        panels.append(output.read_bytes())
    assert panels[0] == panels[1]
    assert "from 16020 to 400 people" in done.stderr and "drawing by legacy from 400 people: 0 s" in done.stderr
    rows = list(csv.DictReader(panels[0].decode("utf-8-sig").splitlines()))
    assert len(rows) == len({row["address"] for row in rows}) == 25
    for feature, values in COMMUNITY.items():
        seats = Counter(row[feature] for row in rows)
        assert all(low <= seats[value] <= high for value, (low, high) in values.items())


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_whatever_ends_it_ends_the_interpreter_it_started(community: Path, tmp_path: Path, number, code: int):
    pytest.importorskip("sortition_algorithms")
    children = Path("/proc/self/task")
    if not children.is_dir():
        pytest.skip("needs /proc")
    quotas, output = save_quotas(tmp_path / "quotas.csv", COMMUNITY), tmp_path / "panel.csv"
    stderr = tmp_path / "stderr"
    with stderr.open("w") as file:
        program = subprocess.Popen(
            command("--register", community, "--quotas", quotas, "--seats", 25, "--seed", 7, "--output", output),
            stderr=file,
        )
    try:
        wait_for(lambda: "400 people: 0 s" in stderr.read_text(encoding="utf-8"))
        listed = Path(f"/proc/{program.pid}/task/{program.pid}/children")
        wait_for(lambda: listed.read_text())
        (child,) = listed.read_text().split()
        time.sleep(1.0)
        program.send_signal(number)
        assert program.wait(30) == code
        wait_for(lambda: not Path(f"/proc/{child}").exists() or ") Z " in Path(f"/proc/{child}/stat").read_text())
    finally:
        program.kill()
        program.wait()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["quotas.csv", "stderr"]
    if number == signal.SIGINT:
        assert (
            stderr.read_text(encoding="utf-8").splitlines()[-1]
            == "consensus-sim-panel: interrupted; nothing was written"
        )


def wait_for(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


# --- files ----------------------------------------------------------------------------------------------------------


def test_output_that_cannot_hold_a_character_is_no_failure(tmp_path: Path):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    arguments = ["--register", tmp_path / "名册.csv", "--quotas", "q.csv", "--seats", 1, "--seed", 1]
    arguments += ["--output", tmp_path / "panel.csv", "--language", "zh"]
    done = subprocess.run(command(*arguments), capture_output=True, encoding="ascii", timeout=60, env=environment)
    assert done.returncode == 2 and done.stderr.startswith("consensus-sim-panel: ??") and not done.stdout


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-32"])
def test_files_as_spreadsheets_save_them_are_read(register: Path, encoding: str):
    before = tables.read_table(register, NAME)
    register.write_bytes(register.read_text(encoding="utf-8").encode(encoding))
    after = tables.read_table(register, NAME)
    assert (after.head, after.rows) == (before.head, before.rows)
    assert after.encoding == encoding.removesuffix("-sig")


@pytest.mark.parametrize("name", ["朱镕基", "陶喆", "王婷、李·伟（楼长）"])
def test_a_rare_character_does_not_make_chinese_unknown(tmp_path: Path, name: str):
    text = f"id,姓名\n1,{name}\n2,张三"
    assert read(text.encode("gb18030"), tmp_path).rows[0]["姓名"] == name


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("id,name\n1,陳大文\n2,林美惠", "big5"),
        ("id,name\n1,René\n2,Müller", "latin-1"),
        ("id,name\n1,Žižek\n2,“Škoda”", "cp1252"),
        ("id,name\n1,王\n2,李", "utf-16-le"),
        ("id,name\n1,田中太郎\n2,鈴木", "shift_jis"),
    ],
)
def test_other_encodings_are_asked_for(tmp_path: Path, text: str, encoding: str):
    with pytest.raises(InputError, match="the encoding is not recognised.*--encoding big5") as caught:
        read(text.encode(encoding), tmp_path)
    assert "people.csv" in str(caught.value) and "--encoding" in caught.value.text("zh")
    names = [line.split(",")[1] for line in text.splitlines()[1:]]
    table = read(text.encode(encoding), tmp_path, encoding)
    assert [row["name"] for row in table.rows] == names and table.encoding == encoding


def test_an_encoding_that_does_not_fit_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="not text in 'ascii'"):
        read("id,name\n1,René".encode("latin-1"), tmp_path, "ascii")
    for unknown in ("klingon", "base64", "rot13"):
        with pytest.raises(InputError, match=f"--encoding: found '{unknown}'"):
            read("id,name\n1,x", tmp_path, unknown)


def test_line_breaks_and_separators_within_cells_stay(tmp_path: Path):
    table = read('id,address\r\n1,"Building 3\r\nRoom 101"\r\n2,a\u2028b\u0085c\r\n3,"say ""hi"""\r\n', tmp_path)
    assert [row["address"] for row in table.rows] == ["Building 3\r\nRoom 101", "a\u2028b\u0085c", 'say "hi"']
    assert table.lines == [2, 4, 5]


def test_lines_are_those_of_the_file(tmp_path: Path):
    table = read('\nid,a\n\n1,x\n,,\n , \n2,"y\nz"\n\r\n3,x'.replace(",,\n", ",\n"), tmp_path)
    assert table.lines == [4, 7, 10]


@pytest.mark.parametrize(
    ("text", "line"),
    [('id,a\n1,x\n2,"open\n3,y\n4,z', 3), ('id,a\n1,"open\n2,"y"\n', 2), ('id,a\n\n1,"x"y\n', 3)],
)
def test_an_open_quotation_mark_is_one_clear_line(tmp_path: Path, text: str, line: int):
    for more in ("", "\n9,y" * 60_000):
        with pytest.raises(InputError, match=f"people.csv, line {line}: found a quotation mark") as caught:
            read(text + more, tmp_path)
        assert "\n" not in str(caught.value)


# --- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"register": "missing.csv"}, "register missing.csv: cannot be read (No such file or directory)"),
        ({"quotas": "missing.csv"}, "quotas missing.csv: cannot be read (No such file or directory)"),
        ({"seats": 0}, "seats: found 0; allowed: a whole number from 1 up"),
        ({"seats": 13}, "quotas, 网格: found 13 seats; allowed: 8 to 12"),
        ({"seed": 0}, "seed: found 0; allowed: a whole number from 1 up"),
        ({"algorithm": "maximum"}, "algorithm: found 'maximum' (did you mean 'maximin'?)"),
        ({"id_column": "ID"}, "people.csv): found 'ID'"),
        ({"one_per": ["adress"]}, "people.csv): found 'adress' (did you mean 'address'?)"),
        ({"quotas": {**QUOTAS, "age": {"old": (0, 10)}}}, "people.csv): found 'age'"),
        ({"quotas": {}}, "quotas: found none"),
        ({"quotas": {"vulnerable": {"yes": (3, 2), "no": (7, 8)}}}, "found min 3, max 2; allowed: 0 <= min <= max"),
        (
            {"quotas": {"vulnerable": {"yes": (0, 10)}}},
            "people.csv, lines 2, 3, 4, 6, 7, 8, 9, 10 and 62 more, vulnerable: found 'no'; allowed: yes",
        ),
        (
            {"quotas": {"vulnerable": {"yes": (11, 30), "no": (0, 19)}}, "seats": 20},
            "found 10 people with vulnerable 'yes'; the quotas need at least 11 of them for 20 seats",
        ),
        ({"seats": 10**30}, "allowed: at least as many as"),
    ],
)  # fmt: skip
def test_bad_input_is_reported(register: Path, change: dict, words: str):
    given = {"register": register, "seats": 10, "quotas": QUOTAS, "seed": 7, **change}
    with pytest.raises(InputError) as caught:
        draw_panel(**given)
    assert words in str(caught.value)
    assert caught.value.text("zh") != str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("feature,value,min\ngrid,1,0", "found no column 'max'"),
        ("feature,value,min,max\ngrid,1,0,many", "line 2, max: found 'many'; allowed: a whole number from 0 up"),
        ("feature,value,min,max\ngrid,1,0,1\ngrid,1,0,2", "line 3, grid: found '1' a second time"),
        ("feature,value,min,max\n\ngrid,1,0", "line 3: found 3 cells; allowed: 4"),
        ("feature,feature,min,max\ngrid,1,0,1", "found column 'feature' twice"),
        ("feature,value,min,max\n", "found no rows"),
        ("feature,value,min,max\ngrid,,0,1", "line 2, value: found a blank cell"),
    ],
)
def test_bad_quota_files(tmp_path: Path, text: str, words: str):
    path = tmp_path / "quotas.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=r"^quotas ") as caught:
        checks.read_quotas(path)
    assert words in str(caught.value)


def test_all_that_is_wrong_with_a_register_is_reported_at_once(tmp_path: Path):
    path = tmp_path / "people.csv"
    path.write_text("id,sex,age\n1,f,old\n\n1,m,\n,x,young\n4,F,\n5,f,old", encoding="utf-8")
    quotas = {"sex": {"f": (1, 2), "m": (0, 1)}, "age": {"old": (1, 2), "young": (0, 1)}}
    with pytest.raises(InputError) as caught:
        draw_panel(path, 6, quotas, 7)
    said = str(caught.value).splitlines()
    for words in (
        "line 5, id: found a blank cell",
        "lines 2, 4, id: found '1' more than once",
        "line 5, sex: found 'x'",
        "line 6, sex: found 'F'; allowed: f, m",
        "lines 4, 6, age: found a blank cell (2 in all), which means unknown; allowed: old, young",
        "found 5 people; allowed: at least as many as the 6 seats",
        "quotas, sex: found 6 seats; allowed: 1 to 3",
    ):
        assert sum(words in line for line in said) == 1, words
    assert len(caught.value.text("zh").splitlines()) == len(said)


def test_what_is_wrong_with_either_file_is_reported_together(tmp_path: Path):
    (tmp_path / "people.csv").write_text("id,sex\n1\n", encoding="utf-8")
    (tmp_path / "quotas.csv").write_text("feature,value,min,max\nsex,f,a,b\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        draw_panel(tmp_path / "people.csv", 2, tmp_path / "quotas.csv", 7)
    assert [line.split(":")[1].strip() for line in str(caught.value).splitlines()] == [
        "found 'a'; allowed",
        "found 'b'; allowed",
        "found 1 cells; allowed",
    ]


def test_of_very_many_errors_the_first_are_shown_with_their_number(register: Path):
    people = register.read_text(encoding="utf-8").splitlines()
    register.write_text("\n".join([people[0], *(f"p{i},x,grid {i},no,1" for i in range(80))]), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        draw_panel(register, 10, QUOTAS, 7)
    said = str(caught.value).splitlines()
    assert len(said) == tables.MOST_ERRORS + 1 and said[-1] == "and 61 more errors, 81 in all"


def test_user_errors_leave_with_2_and_write_nothing(register: Path, quota_file: Path, tmp_path: Path):
    output = tmp_path / "panel.csv"
    given = ("--register", register, "--quotas", quota_file, "--seats", 12, "--seed", 7, "--output", output)
    for language, words in (("en", "found 9 people"), ("zh", "读到 9 人")):
        register.write_text("\n".join(register.read_text(encoding="utf-8").splitlines()[:10]), encoding="utf-8")
        done = run(*given, "--language", language)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1 and words in done.stderr
        assert not output.exists()


def test_no_file_is_written_over_unasked(register: Path, quota_file: Path, tmp_path: Path):
    pytest.importorskip("sortition_algorithms")
    there = tmp_path / "mine.csv"
    there.write_text("mine", encoding="utf-8")
    before = register.read_bytes()
    given = ("--register", register, "--quotas", quota_file, "--seats", 10, "--seed", 7, "--algorithm", "legacy")
    for output, expected in (
        (register, "is a file that is read"),
        (tmp_path / "missing" / "p.csv", "there is no folder"),
        (tmp_path, "is a folder"),
        (there, "is there already"),
        (tmp_path / ("x" * 300), "cannot be written"),
    ):
        done = run(*given, "--output", output)
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and expected in done.stderr
    assert register.read_bytes() == before and there.read_text(encoding="utf-8") == "mine"
    with pytest.raises(InputError, match="is there already"):
        tables.write_rows([{"id": "p1"}], there)
    assert run(*given, "--output", there, "--overwrite").returncode == 0
    assert there.read_bytes().startswith(b"\xef\xbb\xbfid,name")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.csv", "people.csv", "quotas.csv"]


def test_wrong_options_are_one_line(register: Path):
    given = ("--register", register, "--quotas", register, "--output", "panel.csv")
    for words, expected in (
        ((), "--help"),
        ((*given, "--seats", "ten", "--seed", 1), "--seats: found 'ten'; allowed: a whole number from 1 up"),
        ((*given, "--seats", 10, "--seed", 1, "--language", "fr"), "--language: found 'fr'; allowed: en, zh"),
    ):
        done = run(*words)
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and expected in done.stderr


def test_contradicting_quotas_are_reported_with_their_file(register: Path, tmp_path: Path):
    file = tmp_path / "q.csv"
    file.write_text("feature,value,min,max\nvulnerable,yes,9,3\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"quotas .*q\.csv, vulnerable 'yes': found min 9, max 3"):
        draw_panel(register, 10, file, 7)


def test_an_output_folder_that_is_missing_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="cannot be written"):
        tables.write_rows([{"id": "p1"}], tmp_path / "missing" / "panel.csv")


def test_without_the_extra_the_message_says_how_to_get_it(register: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "sortition_algorithms", None)
    with pytest.raises(InputError, match=r"pip install 'consensus-sim\[sortition\]'"):
        draw.draw_panel(register, 10, QUOTAS, 7)
