"""Chance as a function: every draw is a hash of (seed, stream, week, entity) and of nothing else.

`key` folds seed, stream, week and an optional sub-index into 64 bits; `uniform(key, entity)` hashes the entity onto
it with the splitmix64 finaliser (Steele, Lea & Flood 2014, OOPSLA, doi 10.1145/2660193.2660195). Nothing is consumed,
so draws depend neither on order nor on the number of workers, and two scenarios with one seed use common random numbers
wherever they do not differ. Compiled functions are also callable from Python.
"""

from __future__ import annotations

import hashlib
from functools import cache, lru_cache
from math import cos, exp, log, pi, sin, sqrt

import numpy as np
from numpy.typing import NDArray

from consensus_sim.errors import not_allowed, phrase
from consensus_sim.kernels import kernel

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLY_1 = np.uint64(0xBF58476D1CE4E5B9)
_MULTIPLY_2 = np.uint64(0x94D049BB133111EB)
_MASK = (1 << 64) - 1
_INT_1, _INT_2 = int(_MULTIPLY_1), int(_MULTIPLY_2)


_WEEK, _SUB = np.uint64(0xA0761D6478BD642F), np.uint64(0xE7037ED1A0B428DB)


@cache
def stream(name: str) -> int:
    """The 64-bit number of the stream called `name`: stable over versions, machines and the order of code."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def _mix_int(z: int) -> int:
    """The splitmix64 finaliser on a Python integer."""
    z = ((z ^ (z >> 30)) * _INT_1) & _MASK
    z = ((z ^ (z >> 27)) * _INT_2) & _MASK
    return z ^ (z >> 31)


@lru_cache(maxsize=4096)
def _under(seed: int, name: str) -> np.uint64:
    """Stream `name` under `seed`: the part of a key that all weeks share.

    Raises InputError for a seed that 64 bits do not hold: it would stand for the same draws as a smaller one.
    """
    if not 0 <= seed <= _MASK:
        raise not_allowed("seed", seed, phrase("whole_number_low_high", low=0, high=_MASK, unit=phrase("nothing")))
    return np.uint64(_mix_int(_mix_int((seed * 0xD1342543DE82EF95 + int(_GOLDEN)) & _MASK) ^ stream(name)))


def key(seed: int, name: str, week: int = 0, sub: int = 0) -> np.uint64:
    """Returns the 64-bit key of stream `name` under `seed` in `week`; `sub` distinguishes several uses in one week."""
    return np.uint64(_fold(_under(seed, name), week, sub))


def keys(seed: int, name: str, week: int, subs: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The keys of `key` for each of `subs` (m,): (m,)."""
    return _folds(_under(seed, name), week, subs)


def keys_of_weeks(seed: int, name: str, weeks: int, sub: int = 0) -> NDArray[np.uint64]:
    """The keys of `key` for the weeks 0..`weeks` - 1: (weeks,)."""
    return _folds_of_weeks(_under(seed, name), weeks, sub)


def radical_inverses(seed: int, name: str, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Points `numbers` (m,) >= 0 of the van der Corput sequence in base 2, scrambled: (m,) in [0, 1) with 53 bits.

    Each binary digit is flipped by a random bit that depends on the digits before it (nested scrambling; Owen 1995, in
    Monte Carlo and Quasi-Monte Carlo Methods, pp. 299-317). So each point alone is uniform, and any 2^k points from a
    multiple of 2^k on lie one in each of 2^k intervals of equal length.
    """
    found = np.zeros(len(numbers))
    for digit in range(53):
        flips = (keys(seed, name, digit, numbers & ((1 << digit) - 1)) >> np.uint64(63)).astype(np.int64)
        found += ((numbers >> digit & 1) ^ flips) * 0.5 ** (digit + 1)
    return found


@kernel(inline="always")
def mix(z: np.uint64) -> np.uint64:
    """The splitmix64 finaliser: a bijection of 64 bits in which every input bit moves half of the output bits."""
    z = (z ^ (z >> np.uint64(30))) * _MULTIPLY_1
    z = (z ^ (z >> np.uint64(27))) * _MULTIPLY_2
    return z ^ (z >> np.uint64(31))


@kernel
def _fold(under: np.uint64, week: int, sub: int) -> np.uint64:
    """The key of `week` and `sub` under the part `under` that all weeks share."""
    of_week = mix(under + (np.uint64(week) + np.uint64(1)) * _WEEK)
    return mix(of_week + (np.uint64(sub) + np.uint64(1)) * _SUB)


@kernel
def _folds(under: np.uint64, week: int, subs: NDArray[np.int64]) -> NDArray[np.uint64]:
    """`_fold` for each of `subs` (m,)."""
    out = np.empty(subs.shape[0], np.uint64)
    for row in range(subs.shape[0]):
        out[row] = _fold(under, week, subs[row])
    return out


@kernel
def _folds_of_weeks(under: np.uint64, weeks: int, sub: int) -> NDArray[np.uint64]:
    """`_fold` for each week."""
    out = np.empty(weeks, np.uint64)
    for week in range(weeks):
        out[week] = _fold(under, week, sub)
    return out


@kernel(inline="always")
def bits_of(key: np.uint64, entity: int) -> np.uint64:
    """64 random bits for `entity` >= 0 under `key`."""
    return mix(np.uint64(key) + (np.uint64(entity) + np.uint64(1)) * _GOLDEN)


@kernel(inline="always")
def uniform(key: np.uint64, entity: int) -> float:
    """A number uniform in [0, 1) with 53 bits for `entity` >= 0 under `key`."""
    return float(bits_of(key, entity) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@kernel(inline="always")
def child(key: np.uint64, entity: int) -> np.uint64:
    """A fresh key for `entity` under `key`: streams within a stream."""
    return mix(mix(np.uint64(key) + (np.uint64(entity) + np.uint64(1)) * _GOLDEN) + _MULTIPLY_1)


@kernel
def normal(key: np.uint64, entity: int) -> float:
    """A standard normal number (Box & Muller 1958) for `entity` under `key`."""
    inner = child(key, entity)
    return sqrt(-2.0 * log(1.0 - uniform(inner, 0))) * cos(2.0 * pi * uniform(inner, 1))


@kernel
def normal_pair(key: np.uint64, entity: int) -> tuple[float, float]:
    """Two independent standard normal numbers (Box & Muller 1958) for `entity` under `key`."""
    radius = sqrt(-2.0 * log(1.0 - uniform(key, 2 * entity)))
    angle = 2.0 * pi * uniform(key, 2 * entity + 1)
    return radius * cos(angle), radius * sin(angle)


@kernel
def poisson(key: np.uint64, entity: int, mean: float) -> int:
    """A Poisson count of mean `mean` (small: up to some dozens) for `entity` under `key`, by inversion."""
    remaining, count = uniform(key, entity), 0
    mass = exp(-mean)
    while remaining >= mass and count < 1000:
        remaining -= mass
        count += 1
        mass *= mean / count
    return count


@kernel
def poissons(key: np.uint64, n: int, mean: float) -> NDArray[np.int64]:
    """Poisson counts of mean `mean` for the entities 0..n-1 under `key`; shape (n,)."""
    out = np.empty(n, np.int64)
    for entity in range(n):
        out[entity] = poisson(key, entity, mean)
    return out


@kernel
def uniforms(key: np.uint64, n: int) -> NDArray[np.float64]:
    """Numbers uniform in [0, 1) for the entities 0..n-1 under `key`; shape (n,)."""
    out = np.empty(n)
    for entity in range(n):
        out[entity] = uniform(key, entity)
    return out


@kernel
def uniforms_of(keys: NDArray[np.uint64], n: int) -> NDArray[np.float64]:
    """Numbers uniform in [0, 1) for the entities 0..n-1 under each of `keys` (m,); (m, n)."""
    out = np.empty((keys.shape[0], n))
    for row in range(keys.shape[0]):
        for entity in range(n):
            out[row, entity] = uniform(keys[row], entity)
    return out


@kernel
def normals(key: np.uint64, n: int) -> NDArray[np.float64]:
    """Standard normal numbers for the entities 0..n-1 under `key`; shape (n,)."""
    out = np.empty(n)
    for entity in range(n):
        out[entity] = normal(key, entity)
    return out


@kernel
def uniforms_at(key: np.uint64, entities: NDArray[np.int64]) -> NDArray[np.float64]:
    """Numbers uniform in [0, 1) for the given entities under `key`; shape of `entities`."""
    out = np.empty(entities.shape[0])
    for row in range(entities.shape[0]):
        out[row] = uniform(key, entities[row])
    return out
