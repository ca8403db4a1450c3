"""Start of `python -m consensus_sim.tools.panel_draw`."""

from __future__ import annotations

import sys

from consensus_sim.tools.panel_draw import main

if __name__ == "__main__":
    sys.exit(main())
