"""Start of `consensus-sim` and of `python -m consensus_sim`: loads the command line, which takes a moment."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Load the command line and run it; Ctrl-C gives one line even while it loads."""
    try:
        from consensus_sim import cli
    except KeyboardInterrupt:
        from consensus_sim.errors import phrase

        language = "zh" if "report.language=zh" in sys.argv else "en"
        print(f"consensus-sim: {phrase('interrupted_before').text(language)}", file=sys.stderr)
        sys.exit(130)
    cli.main()


if __name__ == "__main__":
    main()
