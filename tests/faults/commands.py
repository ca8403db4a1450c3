"""Runs commands in forked processes, so that a command starts at once and can be killed often.

Each line of standard input is a JSON list: a folder to run in, then the words of the command. The answer is two lines:
the number of the process, and, when it has ended, its exit code (-9 if it was killed). What a command says goes to the
file `said.txt` in its folder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn


class Commands:
    """Starts commands in a process of their own (`serve`), and sees them end."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._answer() == "ready"

    def _answer(self) -> str:
        assert self._server.stdout is not None
        return self._server.stdout.readline().strip()

    def begin(self, folder: Path, words: list[str]) -> int:
        """Starts the command `words` in `folder`; the number of its process."""
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps([str(folder), *words]) + "\n")
        self._server.stdin.flush()
        return int(self._answer())

    def end(self) -> int:
        """Waits for the command that was started last; its exit code, negative if it was killed."""
        return int(self._answer())

    def close(self) -> None:
        """Ends the process that starts commands."""
        self._server.communicate(timeout=60)


def serve() -> None:
    """Loads all that a command needs, then runs commands until standard input ends."""
    import consensus_sim.cli  # noqa: F401
    from consensus_sim import compare

    with tempfile.TemporaryDirectory() as folder:
        compare("teaching", ["before"], replicates=2, weeks=8, workers=1, progress=False).save(Path(folder) / "first")
    print("ready", flush=True)
    for line in sys.stdin:
        folder, *words = json.loads(line)
        number = os.fork()
        if number == 0:
            run(folder, words)
        print(number, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]), flush=True)


def run(folder: str, words: list[str]) -> NoReturn:
    """Is the command `consensus-sim` with `words`, in `folder`, from here on."""
    from consensus_sim.cli import main

    code: object = 99
    try:
        os.chdir(folder)
        said = os.open("said.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(said, 1)
        os.dup2(said, 2)
        sys.argv = ["consensus-sim", *words]
        main()
    except SystemExit as ended:
        code = ended.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 99)


if __name__ == "__main__":
    serve()
