"""Drawing a real panel from a register: quotas hold, the draw repeats, bad input is one clear line."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from consensus_sim.council import panel_draw
from consensus_sim.errors import InputError

QUOTAS = {"网格": {str(g): (2, 3) for g in range(4)}, "vulnerable": {"yes": (1, 10), "no": (0, 9)}}


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
    path = tmp_path / "quotas.csv"
    lines = ["feature,value,min,max"]
    lines += [f"{f},{v},{low},{high}" for f, values in QUOTAS.items() for v, (low, high) in values.items()]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "consensus_sim.council.panel_draw", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("algorithm", ["maximin", "nash", "legacy"])
def test_the_panel_meets_its_quotas(register: Path, algorithm: str):
    pytest.importorskip("sortition_algorithms")
    rows = panel_draw.draw_panel(register, 10, QUOTAS, 7, algorithm=algorithm, one_per=["address"])
    assert len(rows) == 10
    for feature, values in QUOTAS.items():
        seats = Counter(row[feature] for row in rows)
        assert all(low <= seats[value] <= high for value, (low, high) in values.items())
    assert len({row["address"] for row in rows}) == 10
    assert rows[0].keys() == {"id", "name", "网格", "vulnerable", "address"}


def test_the_same_seed_draws_the_same_panel(register: Path, quota_file: Path):
    pytest.importorskip("sortition_algorithms")
    drawn = [panel_draw.draw_panel(register, 10, quota_file, s, algorithm="legacy") for s in (7, 7, 8)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_the_program_writes_the_panel(register: Path, quota_file: Path, tmp_path: Path):
    pytest.importorskip("sortition_algorithms")
    output = tmp_path / "panel.csv"
    done = run("--register", register, "--quotas", quota_file, "--seats", 10, "--seed", 7, "--output", output)
    assert done.returncode == 0, done.stderr
    with output.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.DictReader(file)) == panel_draw.draw_panel(register, 10, QUOTAS, 7)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["panel.csv", "people.csv", "quotas.csv"]


def test_a_register_saved_by_a_chinese_spreadsheet_is_read(register: Path):
    head, rows = panel_draw.read_table(register, "register")
    register.write_bytes(register.read_text(encoding="utf-8").encode("gb18030"))
    assert panel_draw.read_table(register, "register") == (head, rows)
    register.write_bytes("\n".join([",".join(head), *(",".join(r.values()) for r in rows)]).encode("utf-8-sig"))
    assert panel_draw.read_table(register, "register") == (head, rows)


def test_a_quota_that_only_clashes_with_another_is_refused(register: Path):
    """Every vulnerable person lives in grid 3, which may have 3 seats at most."""
    pytest.importorskip("sortition_algorithms")
    quotas = {**QUOTAS, "vulnerable": {"yes": (4, 10), "no": (0, 6)}}
    with pytest.raises(InputError, match="no panel from this register meets them all") as caught:
        panel_draw.draw_panel(register, 10, quotas, 7)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"register": "missing.csv"}, "register missing.csv: cannot be read (No such file or directory)"),
        ({"quotas": "missing.csv"}, "quotas missing.csv: cannot be read (No such file or directory)"),
        ({"seats": 0}, "seats: found 0; allowed: 1 or more"),
        ({"seats": 13}, "quotas, 网格: allow 8 to 12 seats in all; found 13 seats"),
        ({"seed": 0}, "seed: found 0; allowed: 1 or more"),
        ({"algorithm": "maximum"}, "algorithm: found 'maximum' (did you mean 'maximin'?)"),
        ({"id_column": "ID"}, "register, column: found 'ID'"),
        ({"one_per": ["adress"]}, "register, column: found 'adress' (did you mean 'address'?)"),
        ({"quotas": {**QUOTAS, "age": {"old": (0, 10)}}}, "quotas, feature (a column of the register): found 'age'"),
        ({"quotas": {}}, "quotas: found none"),
        ({"quotas": {"vulnerable": {"yes": (3, 2)}}}, "found min 3, max 2; allowed: 0 <= min <= max"),
        ({"quotas": {"vulnerable": {"yes": (0, 10)}}}, "row 2, vulnerable: found 'no'; allowed: yes"),
        (
            {"quotas": {"vulnerable": {"yes": (11, 30), "no": (0, 19)}}, "seats": 20},
            "quotas, vulnerable 'yes': need 11 of 20 seats, the register holds 10 such people",
        ),
    ],
)  # fmt: skip
def test_bad_input_is_one_clear_line(register: Path, change: dict, words: str):
    given = {"register": register, "seats": 10, "quotas": QUOTAS, "seed": 7, **change}
    with pytest.raises(InputError) as caught:
        panel_draw.draw_panel(**given)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("feature,value,min\ngrid,1,0", "found no column 'max'"),
        ("feature,value,min,max\ngrid,1,0,many", "row 2: found '0' and 'many' as min and max"),
        ("feature,value,min,max\ngrid,1,0,1\ngrid,1,0,2", "row 3: found grid '1' a second time"),
        ("feature,value,min,max\ngrid,1,0", "row 2: found 3 cells; the header has 4"),
        ("feature,feature,min,max\ngrid,1,0,1", "found column 'feature' twice"),
        ("feature,value,min,max\n", "found no rows"),
    ],
)
def test_bad_quota_files(tmp_path: Path, text: str, words: str):
    path = tmp_path / "quotas.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=r"^quotas ") as caught:
        panel_draw.read_quotas(path)
    assert words in str(caught.value)


def test_the_same_person_twice_is_refused(register: Path):
    register.write_text(register.read_text(encoding="utf-8") + "\np0,x,0,no,9", encoding="utf-8")
    with pytest.raises(InputError, match="register, row 82: found id 'p0'"):
        panel_draw.draw_panel(register, 10, QUOTAS, 7)


def test_user_errors_leave_with_2_and_write_nothing(register: Path, quota_file: Path, tmp_path: Path):
    output = tmp_path / "panel.csv"
    done = run("--register", register, "--quotas", quota_file, "--seats", 40, "--seed", 7, "--output", output)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "found 40 seats" in done.stderr
    assert not output.exists()


def test_the_register_is_never_written_over(register: Path, quota_file: Path, tmp_path: Path):
    before = register.read_bytes()
    given = ("--register", register, "--quotas", quota_file, "--seats", 10, "--seed", 7, "--output")
    for output, told in ((register, "is a file that is read"), (tmp_path / "missing" / "p.csv", "there is no folder")):
        done = run(*given, output)
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and told in done.stderr
    assert register.read_bytes() == before


def test_wrong_options_are_one_line(register: Path):
    for words in ((), ("--seats", "ten")):
        done = run(*words)
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and "--help" in done.stderr


def test_contradicting_quotas_are_told_with_their_file(register: Path, tmp_path: Path):
    file = tmp_path / "q.csv"
    file.write_text("feature,value,min,max\nvulnerable,yes,9,3\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"quotas .*q\.csv, vulnerable 'yes': found min 9, max 3"):
        panel_draw.draw_panel(register, 10, file, 7)


def test_an_output_folder_that_is_missing_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="cannot be written"):
        panel_draw.write_rows([{"id": "p1"}], tmp_path / "missing" / "panel.csv")


def test_without_the_extra_the_message_says_how_to_get_it(register: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "sortition_algorithms", None)
    with pytest.raises(InputError, match=r"pip install 'consensus-sim\[sortition\]'"):
        panel_draw.draw_panel(register, 10, QUOTAS, 7)
