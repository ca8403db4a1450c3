"""Sentences on how exact a forecast's means are, and whether a requested precision is reached."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from consensus_sim.catalogue import metric, text
from consensus_sim.forecast.monte_carlo_error import rounded

if TYPE_CHECKING:
    from consensus_sim.forecast.monte_carlo_error import Error, Reached

NAMED = 5
"""Errors reported one by one, at most; provenance.json holds them all."""


def precision_words(found: Reached, labels: Mapping[str, str], language: str) -> list[str]:
    """Sentences in `language`; none if nothing is printed. labels: scenario -> its label."""
    if not found.errors:
        return []
    unknown = [error for error in found.errors if math.isnan(error.error)]
    known = [error for error in found.errors if not math.isnan(error.error)]
    if not known:
        return [text("precision.none", language, replicates=found.replicates)]
    sentences = []
    counts = {"replicates": found.replicates, "target": f"{found.target:g}" if found.target is not None else ""}
    if found.missing:
        named = [_one(error, labels, language) for error in found.missing]
        where = _several(named, language)
        sentences.append(
            text("precision.missed", language, **counts, count=len(named), total=len(found.errors), where=where)
        )
    elif found.target is not None:
        sentences.append(text("precision.met", language, **counts))
    if unknown and not found.missing:
        where = _several([_where(error, labels, language) for error in unknown], language)
        sentences.append(text("precision.unknown", language, replicates=found.replicates, where=where))
    if found.beyond:
        beyond = found.beyond[0]
        size = _size(beyond, beyond.table, labels, language)
        sentences.append(text("precision.beyond", language, target=counts["target"], rows=f"{found.rows:.0f}", **size))
    if not found.missing:
        sentences.append(text("precision.given", language, **_size(known[0], known[0].error, labels, language)))
    return sentences


def _size(error: Error, size: float, labels: Mapping[str, str], language: str) -> dict[str, str]:
    """Size of an error in the unit of its metric and on its scale, and the mean that it belongs to."""
    found = metric(error.metric)
    unit = f" {found.unit_label(language)}" if found.has_plain_unit else ""
    return {
        "where": _where(error, labels, language),
        "error": found.show_error(size, language) + unit,
        "relative": f"{rounded(size / error.scale):g}",
    }


def _where(error: Error, labels: Mapping[str, str], language: str) -> str:
    """Mean that an error belongs to, in words."""
    names = {"metric": metric(error.metric).label(language), "scenario": labels[error.scenario]}
    if not error.reference:
        return text("precision.level", language, **names)
    return text("precision.difference", language, reference=labels[error.reference], **names)


def _one(error: Error, labels: Mapping[str, str], language: str) -> str:
    """An error with its size."""
    where = _where(error, labels, language)
    if math.isnan(error.error):
        return text("precision.one_unknown", language, where=where)
    return text("precision.one", language, where=where, relative=f"{rounded(error.relative):g}")


def _several(named: list[str], language: str) -> str:
    """The first few of `named`, and the number of others."""
    first = text("precision.join", language).join(named[:NAMED])
    rest = len(named) - NAMED
    return text("precision.more", language, named=first, count=rest) if rest > 0 else first
