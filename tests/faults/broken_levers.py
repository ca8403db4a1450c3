"""Levers that break on purpose, as a user's own lever may."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from dataclasses import dataclass
from typing import Any

from consensus_sim.interventions.base import Intervention, setting
from consensus_sim.randomness import key


@dataclass(kw_only=True)
class Raises(Intervention):
    """Raises an error in about `share` of the replicates, always the same ones, until there is a file `mended`."""

    share: float = setting(0, 1, "share of replicates")
    mended: str = ""

    def on_week_end(self, model: Any) -> None:
        if self.mended and os.path.exists(self.mended):
            return
        if int(key(model.seed, "broken lever")) / 2**64 < self.share:
            raise RuntimeError("this lever is broken")


@dataclass(kw_only=True)
class Kills(Intervention):
    """Kills its worker, as the system does when memory runs out: once (file `once` is made then), or always."""

    share: float = setting(0, 1, "share of replicates")
    once: str = ""

    def on_week_end(self, model: Any) -> None:
        if multiprocessing.parent_process() is None or int(key(model.seed, "kill")) / 2**64 >= self.share:
            return
        if self.once:
            try:
                os.close(os.open(self.once, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(kw_only=True)
class Slow(Intervention):
    """Takes `seconds` more a week in a worker (`here`: wherever it is), so that there is time to interrupt it."""

    seconds: float = setting(0, 10, "seconds a week")
    here: bool = False

    def on_week_end(self, model: Any) -> None:
        if self.here or multiprocessing.parent_process() is not None:
            time.sleep(self.seconds)
