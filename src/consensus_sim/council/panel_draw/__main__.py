"""Start of `python -m consensus_sim.council.panel_draw`."""

from __future__ import annotations

import sys

from consensus_sim.council.panel_draw import main

if __name__ == "__main__":
    sys.exit(main())
