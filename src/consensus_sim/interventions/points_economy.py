"""Exchange of points and its funding: the catalogue with its price level, and the purse by source (F35, F70, G6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from consensus_sim.dynamics.ledger import claimed_worth, serve, wanted_items
from consensus_sim.errors import InputError
from consensus_sim.settings import STRICT, setting

SOURCES = ("sponsors", "public", "budget")
"""Sources of money, in the order in which they are spent: those that may end first go first."""


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the catalogue: `price` in points, `worth` in CNY (None: that of its points), `share` of the points
    brought that it attracts.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    price: int = setting(1, 100_000, "points")
    worth: float | None = setting(0.01, 100_000, "CNY", optional=True)
    share: float = setting(0, 1, "share of demand")


def check_items(where: str, items: Mapping[str, Item]) -> None:
    """Raise InputError for shares of demand that do not add up to 1; no items at all are allowed."""
    total = sum(item.share for item in items.values())
    if items and abs(total - 1.0) > 1e-6:
        raise InputError("shares_add_up", where=where, total=f"{total:g}")


class Catalogue:
    """The items on offer and the level of their prices in points, 1 at the start.

    With no items there is one, a point's `value` in CNY for one point. Prices are whole points, at least 1, so a cheap
    item moves in steps. What an item costs in CNY does not change with its price in points.
    """

    def __init__(self, items: Mapping[str, Item], value: float) -> None:
        self.level = 1.0
        self.stock(items, value)

    def stock(self, items: Mapping[str, Item], value: float) -> None:
        """Lay out `items`, or one of a point, at the price level there is; an item without a worth of its own has
        `value` CNY for each point of its price.
        """
        lines = dict(items) or {"point": Item(1, None, 1.0)}
        self.names = tuple(lines)
        self.base = np.array([item.price for item in lines.values()], np.int64)
        self.worth = np.array([item.price * value if item.worth is None else item.worth for item in lines.values()])
        share = np.array([item.share for item in lines.values()])
        self.share = share / share.sum()
        self.start_value = float((self.share * self.worth / self.base).sum())  # CNY a point at the prices of the start
        self.handed_out = np.zeros(len(lines), np.int64)
        self.reprice(self.level)

    def reprice(self, level: float) -> None:
        """Set the price level."""
        self.level = level
        self.prices = np.maximum(1, np.floor(self.base * level + 0.5)).astype(np.int64)
        self._claimed = self.share * self.worth / self.prices
        self.point_value = float(self._claimed.sum())

    def revise(self, claims: float, income: float, step: float, ceiling: float) -> None:
        """Prices rise by `step` where `claims` exceed `income` (CNY a quarter), up to `ceiling` times those of the
        start; else they fall back by as much, down to those of the start.
        """
        if step > 0:
            moved = self.level * (1.0 + step) if claims > income else self.level / (1.0 + step)
            self.reprice(min(ceiling, max(1.0, moved)))

    def wished(self, lot: NDArray[np.float64]) -> NDArray[np.int64]:
        """The item that each holder comes for, drawn by the shares of demand with `lot` in [0, 1); shape of `lot`."""
        return np.minimum(np.searchsorted(np.cumsum(self.share), lot, side="right"), len(self.names) - 1)

    def wanted(
        self, points: NDArray[Any], share: float, item: NDArray[np.int64], lot: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Whole items that holders of `points` ask for when they bring `share` of them in the mean; who cannot pay for
        one saves on. Shapes (n,).
        """
        found: NDArray[np.int64] = wanted_items(points, float(share), self.prices, item, lot)
        return found

    def claims(self, points: NDArray[Any], share: float) -> float:
        """Worth in CNY of what holders of `points` (n,) will bring in a quarter at present prices, `share` of theirs in
        the mean; who cannot pay for an item claims none of it.
        """
        return float(claimed_worth(points, self.prices, self._claimed)) * share

    def served(
        self, wanted: NDArray[np.int64], item: NDArray[np.int64], queue: NDArray[np.int64], money: float
    ) -> NDArray[np.int64]:
        """Items that each gets when people come in the order `queue` until `money` (CNY) does not reach; (n,)."""
        given: NDArray[np.int64] = serve(wanted, item, self.worth, queue, float(money))
        return given

    def hand_out(self, given: NDArray[np.int64], item: NDArray[np.int64]) -> float:
        """Count what was given; its worth in CNY."""
        count = np.bincount(item, given, len(self.names)).astype(np.int64)
        self.handed_out += count
        return float((count * self.worth).sum())


class Purse:
    """Money by source since the start, CNY: `came_in` = `paid` + `left` + `lapsed`, each (n_sources,)."""

    def __init__(self) -> None:
        self.came_in, self.paid, self.left, self.lapsed = np.zeros((4, len(SOURCES)))

    @property
    def all_left(self) -> float:
        """Money that can still be spent, CNY."""
        return float(sum(self.left.tolist()))

    def fill(self, income: Sequence[float]) -> None:
        """A quarter begins: what is left lapses, `income` (n_sources,) comes in."""
        self.lapsed += self.left
        self.left[:] = income
        self.came_in += income

    def withdraw(self, source: str) -> None:
        """`source` has ended: what is left of it lapses."""
        place = SOURCES.index(source)
        self.lapsed[place] += self.left[place]
        self.left[place] = 0.0

    def pay(self, amount: float) -> None:
        """Spend `amount` <= `all_left`, source after source."""
        for place in range(len(SOURCES)):
            last = place == len(SOURCES) - 1
            part = amount if last else min(amount, float(self.left[place]))
            self.left[place] -= part
            self.paid[place] += part
            amount -= part
