"""Makes small changes to the sources, one at a time, and counts those that some test notices: `make mutants`.

A seed draws the changes, the kinds (`changes.KINDS`) in turn. Each meets the tests of the file of the same name, then
those of its folder and those that import it, then the kept numbers of tests/baseline. equivalent.txt names changes that
no test can notice, with the reason. Start from tests that pass; the exit code is 1 where too little is noticed.

    make mutants PATHS="council interventions" NUMBER=40 SEED=2

No existing tool fits compiled kernels. mutmut (3) leaves decorated functions alone, so every kernel. cosmic-ray (8)
writes into the files, has one command for all of them, and changes no order of arguments, statement or stream. Neither
knows that numba keeps machine code by the time of its own file alone, so that kernels of other files would go on with
the old code. Here each process is given the changed source as it reads the file; no file is touched, and machine code
that may hold the changed file is compiled again.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from tests.mutants.changes import SOURCES, Change, draw

ROOT = SOURCES.parents[1]
TESTS = ROOT / "tests"
PATHS = ("dynamics", "council", "interventions", "model", "study", "runs", "outcomes", "forecast", "report")
FOUND = ("test", "baseline", "none", "equivalent")
ELSEWHERE = {"baseline", "course", "experiments", "faults"}
"""Folders whose tests are no neighbours of any source."""
READ_SOURCES = ("test_streams.py", "docs/test_model_docs.py")
HOOK = """
import builtins, importlib.util, io, os, sys
from importlib.machinery import SourceFileLoader
NAME, PATH, TEXT = (os.environ["MUTANT_" + each] for each in ("NAME", "PATH", "TEXT"))
read = io.open
def changed(file, *mode, **options):
    return read(TEXT if isinstance(file, (str, os.PathLike)) and os.fspath(file) == PATH else file, *mode, **options)
io.open = builtins.open = changed
class Changed(SourceFileLoader):
    def get_code(self, name):
        return compile(read(TEXT, "rb").read(), PATH, "exec", dont_inherit=True)
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == NAME:
            return importlib.util.spec_from_file_location(name, PATH, loader=Changed(name, PATH))
sys.meta_path.insert(0, Finder)
"""


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(SOURCES.parent).with_suffix("").parts)


def tests_of(path: Path) -> list[list[Path]]:
    """Test files for a source: its own, its neighbours, those of kept numbers."""
    place, (package, _, name) = TESTS / path.relative_to(SOURCES).parent, module_of(path).rpartition(".")
    own = sorted({*place.glob(f"test_{name}.py"), *place.glob(f"test_rules_of_{name}*.py")})
    wanted = re.compile(rf"{package}\.{name}\b|from {package} import .*\b{name}\b")
    named = [each for each in TESTS.rglob("test_*.py") if wanted.search(each.read_text(encoding="utf-8"))]
    near = {*named, *(TESTS / each for each in READ_SOURCES), *(place.glob("test_*.py") if place != TESTS else ())}
    return [own, sorted(each for each in near - {*own} if each.parent.name not in ELSEWHERE), [TESTS / "baseline"]]


@cache
def users_of(module: str) -> frozenset[str]:
    """Names of the modules that import `module`, directly or not, and its own."""
    imports = {module_of(each): each.read_text(encoding="utf-8") for each in SOURCES.rglob("*.py")}
    found, new = {module}, {module}
    while new:
        wanted = re.compile("|".join(rf"^from {re.escape(each)} import" for each in new), re.MULTILINE)
        new = {name for name, text in imports.items() if name not in found and wanted.search(text)}
        found |= new
    return frozenset(each.rpartition(".")[2] for each in found)


def environment(change: Change, folder: Path) -> dict[str, str]:
    """What makes a process import the sources with `change`; `folder` holds what it reads."""
    from consensus_sim.kernels import HOLDING_KERNELS, cache_dir

    (folder / "sitecustomize.py").write_text(HOOK)
    (folder / "changed.py").write_bytes(change.source())
    module = module_of(change.path)
    found = {"PYTHONPATH": f"{folder}{os.pathsep}{SOURCES.parent}", "MUTANT_NAME": module}
    found |= {"MUTANT_PATH": str(change.path), "MUTANT_TEXT": str(folder / "changed.py")}
    if module.split(".")[1] in (*HOLDING_KERNELS, "randomness", "kernels"):
        stale = (*(f"{name}." for name in users_of(module)), ".lock")
        shutil.copytree(  # numba replaces files and never writes into one, so a link is as good as a copy
            cache_dir(), folder / "kernels", copy_function=os.link,
            ignore=lambda _, names: [name for name in names if name.startswith(stale) or name.endswith(stale)],
        )  # fmt: skip
        found["NUMBA_CACHE_DIR"] = str(folder / "kernels")
    return found


def first_failure(change: Change | None, tests: list[str]) -> str:
    """The first of `tests` that fails with `change`; empty if none does."""
    command = [sys.executable, "-m", "pytest", "-x", "-n", "0", "-p", "no:cacheprovider", "--tb=no", "-rfE", *tests]
    if not tests:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "PYTHONPATH": str(SOURCES.parent), **(environment(change, Path(folder)) if change else {})}
        options = {"cwd": ROOT, "env": env, "stdout": subprocess.PIPE, "text": True, "start_new_session": True}
        process = subprocess.Popen(command, **options)
        try:
            output, _ = process.communicate(timeout=1200)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return "(hangs)"
    named = re.search(r"^(?:FAILED|ERROR) (\S+?)(?:\[.*)?(?: - .*)?$", output, re.MULTILINE)
    return "" if process.returncode in (0, 5) else named[1] if named else "(stops)"


@cache
def passes(test: str) -> bool:
    """Whether a test passes without any change: one that does not proves nothing."""
    return test.startswith("(") or not first_failure(None, [test])


def judge(change: Change) -> tuple[str, str]:
    """What notices a change, of `FOUND`, and the test that does."""
    for found, files in zip(("test", "test", "baseline"), tests_of(change.path), strict=True):
        test = first_failure(change, [str(each.relative_to(ROOT)) for each in files])
        if test and not passes(test):
            raise SystemExit(f"{test} fails without any change")
        if test:
            return found, test
    return "none", ""


def main() -> int:
    """Do what the command line asks for; returns the exit code: 1 if too little is noticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("--number", 20), ("--seed", 1), ("--jobs", 2)):
        parser.add_argument(name, type=int, default=default)
    parser.add_argument("paths", nargs="*", default=PATHS, help="folders or files of src/consensus_sim")
    asked = parser.parse_args()
    files = [path for name in asked.paths for path in sorted({SOURCES / name, *(SOURCES / name).rglob("*.py")})]
    drawn = draw([path for path in files if path.suffix and path.name != "__init__.py"], asked.number, asked.seed)
    known = {line.partition("  # ")[0] for line in (TESTS / "mutants/equivalent.txt").read_text("utf-8").splitlines()}
    count: Counter[str] = Counter()

    def tell(change: Change) -> None:
        found, test = ("equivalent", "") if change.describe() in known else judge(change)
        count[found] += 1
        print(f"{found:10} {change.kind:10} {change.describe()}  # {test}", flush=True)

    with ThreadPoolExecutor(asked.jobs) as jobs:
        list(jobs.map(tell, drawn))
    changed = max(1, len(drawn) - count["equivalent"])
    noticed, own = (count["test"] + count["baseline"]) / changed, count["test"] / changed
    print(*(f"{found} {count[found]}" for found in FOUND), sep="; ", end="; ")
    print(f"noticed {noticed:.0%}, by a test that is no kept number {own:.0%}")
    return int(noticed < 0.92 or own < 0.85)


if __name__ == "__main__":
    sys.exit(main())
