"""One tool's run of the reduced workload in its own process: `python one_tool.py TOOL INPUTS.npz OUT.npz [shared]`.

A tool is a module in tools/ with `prepare(inputs, shared) -> state` and `run(state) -> records`: `records` (steps, 3)
holds the share who attended, the mean skill and the variance of opinion; with `shared` the tool takes its chance from
the common keys, else it may draw as its users would. Two steps are run first, so that compiled code is there; only
`run` is timed.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from time import perf_counter

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
import reduced_workload


def main(tool: str, inputs_file: str, out: str, *options: str) -> None:
    """Run `tool` on the inputs and write its records and seconds to `out`; status 3 if a package is missing."""
    inputs = reduced_workload.load(Path(inputs_file))
    shared = "shared" in options
    try:
        module = importlib.import_module(f"tools.{tool}")
    except ImportError as error:
        sys.exit(print(error, file=sys.stderr) or 3)
    if getattr(module, "COMPILED", False):
        module.run(module.prepare(inputs._replace(keys=inputs.keys[:2]), shared))
    state = module.prepare(inputs, shared)
    started = perf_counter()
    records = module.run(state)
    np.savez(out, seconds=perf_counter() - started, records=records)


if __name__ == "__main__":
    main(*sys.argv[1:])
