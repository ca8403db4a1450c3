"""Keyed chance of the synthesis, and drawing people until a share is met."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.community.spec import ROOT
from consensus_sim.errors import InputError

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.integer[Any]]


class Draw:
    """The chance of one copy of the community: one stream per decision, one number per entity."""

    def __init__(self, seed: int, copy: int) -> None:
        from consensus_sim import randomness

        self._seed, self._copy, self._randomness = seed, copy, randomness

    def key(self, name: str, sub: int = 0) -> np.uint64:
        """The key of the decision `name`; `sub` distinguishes estates."""
        return self._randomness.key(self._seed, f"community.{name}", self._copy, sub)

    def uniforms(self, name: str, n: int, sub: int = 0) -> Floats:
        """Numbers uniform in [0, 1) for the entities 0..n-1 of the decision `name`."""
        values: Floats = self._randomness.uniforms(self.key(name, sub), n)
        return values

    def normals(self, name: str, n: int) -> Floats:
        """Standard normal numbers for the entities 0..n-1 of the decision `name`."""
        values: Floats = self._randomness.normals(self.key(name), n)
        return values

    def share(self, path: str, weight: Floats, target: float, size: Ints | None = None, sub: int = 0) -> Bools:
        """Draw entities, chance by `weight`, until their summed `size` is nearest to `target`.

        Weighted sampling without replacement by exponential clocks (Efraimidis & Spirakis 2006, Inf.
        Process. Lett. 97(5):181-185 [M]). Entities of weight 0 are never drawn. `path` is the share's key
        in the spec, whose last word names the stream. Raises `InputError` if fewer qualify than the share
        needs, or more have it already, by over 1 % and one.
        """
        if size is None:
            size = np.ones(len(weight), np.int64)
        eligible = np.flatnonzero(weight > 0)
        slack = 0.01 * size.sum() + 1
        if target - size[eligible].sum() > slack:
            most = int(size[eligible].sum())
            raise InputError("share_too_large", where=f"{ROOT}.{path}", count=round(target), most=most)
        if target < -slack:
            raise InputError("share_too_small", where=f"{ROOT}.{path}", count=round(-target))
        chance = self.uniforms(path.rpartition(".")[2], len(weight), sub)[eligible]
        order = eligible[np.argsort(-np.log1p(-chance) / weight[eligible], kind="stable")]
        filled = np.concatenate([[0], np.cumsum(size[order])])
        drawn = np.zeros(len(weight), bool)
        drawn[order[: int(np.argmin(np.abs(filled - target)))]] = True
        return drawn
