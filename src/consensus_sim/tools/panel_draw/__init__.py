"""Draw a real panel from a register within quotas, by the sortition-algorithms package (an optional extra).

The model's own draw (`seating`) is small and fast and simulates thousands of meetings; a panel that will really
sit deserves the package's published algorithms (Flanigan, Goelz, Gupta, Hennig & Procaccia 2021, Nature 596,
doi 10.1038/s41586-021-03788-6). As a program:

    consensus-sim-panel --register people.csv --quotas quotas.csv --seats 25 --seed 7 --output panel.csv

The register has one row a person: an identifier column and one column for every feature of the quotas. The
quotas have the columns feature, value, min, max. The same files and the same seed give the same panel.

`tables` reads and writes the files, `checks` compares register and quotas, `thinning` reduces a large register
by lot, `draw` draws the panel, `command` is the program.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Load the program, which takes a moment, and run it; returns its exit code."""
    try:
        from consensus_sim.tools.panel_draw import command
    except KeyboardInterrupt:
        print("consensus-sim-panel: interrupted; nothing was written", file=sys.stderr)
        return 130
    return command.main(sys.argv[1:])
