"""The progress bar with time left, on standard error; silent where nobody watches."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class Bar:
    """Progress of an ensemble. Drawn when it is told something, without a thread: worker processes are forked."""

    def __init__(self, what: str, total: int, *, shown: bool = True) -> None:
        """`what`: text before the bar; `total`: number of replicates; `shown` False: draw nothing."""
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("elapsed"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(file=sys.stderr),
            auto_refresh=False,
            transient=True,
            disable=not (shown and sys.stderr.isatty()),
        )
        self._task = self._progress.add_task(what, total=total)

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def tick(self, finished: int = 0) -> None:
        """`finished` more replicates are done; draw the bar anew."""
        self._progress.advance(self._task, finished)
        self._progress.refresh()


def say(text: str) -> None:
    """One line for the person at the terminal, on standard error, so that tables on standard output stay clean."""
    print(text, file=sys.stderr, flush=True)


EVERY = 4.0
"""Seconds between two signs of life, where somebody is to see one at least every five."""


@contextlib.contextmanager
def signs_of_life(text: str) -> Iterator[None]:
    """Say `text` with the seconds since the begin, {seconds}, again and again as long as the block runs, also where no
    terminal watches. Begin no worker process by forking meanwhile: a thread does it.
    """
    began, ended = time.monotonic(), threading.Event()

    def speak() -> None:
        while not ended.wait(EVERY):
            say(text.format(seconds=round(time.monotonic() - began)))

    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
