"""The progress bar with time left, on standard error; not drawn without a terminal."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
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

from consensus_sim.errors import Phrase, one_line, phrase


class Bar:
    """Progress of an ensemble, drawn at every update and without a thread: worker processes are forked."""

    def __init__(self, what: Phrase, total: int, *, shown: bool = True) -> None:
        """`what`: words before the bar; `total`: number of replicates; `shown` False: draw nothing."""
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(words(phrase("elapsed"))),
            TimeElapsedColumn(),
            TextColumn(words(phrase("time_left"))),
            TimeRemainingColumn(),
            console=Console(file=sys.stderr),
            auto_refresh=False,
            transient=True,
            disable=not (shown and sys.stderr.isatty()),
        )
        self._task = self._progress.add_task(words(what), total=total)

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def tick(self, finished: int = 0) -> None:
        """Adds `finished` replicates and redraws the bar."""
        self._progress.advance(self._task, finished)
        self._progress.refresh()


def say(said: Phrase) -> None:
    """Prints one line on standard error, so that standard output holds tables only."""
    print(words(said), file=sys.stderr, flush=True)


_language = ["en"]


def speak(language: str) -> None:
    """Sets the language of all later messages of this process."""
    _language[:] = [language]


def words(said: Phrase) -> str:
    """Returns `said` in the language of this process, in one line."""
    return one_line(said.text(_language[0]))


EVERY = 4.0
"""Seconds between two signs of life, where somebody is to see one at least every five."""


@contextlib.contextmanager
def signs_of_life(said: Callable[[int], Phrase]) -> Iterator[None]:
    """Say what `said` gives for the seconds since the begin, again and again as long as the block runs, also where no
    terminal watches. Begin no worker process by forking meanwhile: a thread does it.
    """
    began, ended = time.monotonic(), threading.Event()

    def speak() -> None:
        while not ended.wait(EVERY):
            say(said(round(time.monotonic() - began)))

    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
