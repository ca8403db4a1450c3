"""Options that the commands in experiments/ share."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def study_options(script: str, doc: str | None, *names: str) -> argparse.ArgumentParser:
    """Parser with the common options `names`, and with --out.

    script: path of a command, experiments/NAME/run.py, in whose repository folders lie; doc: its docstring, whose
    beginning describes it
    """
    results = Path(script).resolve().parents[2] / "results"
    common: dict[str, dict[str, Any]] = {
        "replicates": {"type": int, "default": 200, "help": "runs of each scenario (default: %(default)s)"},
        "community": {"default": "case_study", "help": "community (default: %(default)s)"},
        "seed": {"type": int, "default": 1, "help": "root of all random draws (default: %(default)s)"},
        "weeks": {"type": int, "help": "length of a run (default: configured)"},
        "only": {"nargs": "*", "help": "some of what is compared (default: all)"},
        "workers": {"type": int, "help": "processes (default: all cores)"},
        "work": {"type": Path, "default": results, "help": "folder of finished runs (default: results)"},
    }
    options = argparse.ArgumentParser(description=(doc or "").split("\n\n")[0])
    for name in names:
        options.add_argument(f"--{name}", **common[name])
    out = "folder to write (default: results/reference)"
    options.add_argument("--out", type=Path, default=results / "reference", help=out)
    return options
