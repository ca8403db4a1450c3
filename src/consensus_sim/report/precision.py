"""Sentences on how exact a forecast's means are: whether a precision that was asked for is reached, and what is not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from consensus_sim.catalogue import metric, text
from consensus_sim.forecast.monte_carlo_error import rounded

if TYPE_CHECKING:
    from consensus_sim.forecast.monte_carlo_error import Error, Reached

NAMED = 5
"""Errors that are told one by one, at most; provenance.json holds them all."""


def precision_words(found: Reached, labels: Mapping[str, str], language: str) -> list[str]:
    """The sentences, in `language`; none where nothing is printed. labels: scenario -> what people call it."""
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
        told = {"count": len(named), "total": len(found.errors), "where": _several(named, language)}
        sentences.append(text("precision.missed", language, **counts, **told))
    elif found.target is not None:
        sentences.append(text("precision.met", language, **counts))
    if unknown and not found.missing:
        where = _several([_where(error, labels, language) for error in unknown], language)
        sentences.append(text("precision.unknown", language, replicates=found.replicates, where=where))
    if found.beyond:
        beyond = found.beyond[0]
        told = {"relative": f"{rounded(beyond.table / beyond.scale):g}", "where": _where(beyond, labels, language)}
        shown = metric(beyond.metric).show_error(beyond.table, language)
        rows = {"rows": f"{found.rows:.0f}", "error": shown}
        sentences.append(text("precision.beyond", language, target=counts["target"], **rows, **told))
    if not found.missing:
        largest = known[0]
        told = {"relative": f"{rounded(largest.relative):g}", "where": _where(largest, labels, language)}
        shown = metric(largest.metric).show_error(largest.error, language)
        sentences.append(text("precision.given", language, error=shown, **told))
    return [*sentences, text("precision.scale", language)]


def _where(error: Error, labels: Mapping[str, str], language: str) -> str:
    """Which mean an error belongs to."""
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
    """The first few of `named`, and how many more there are."""
    told = text("precision.join", language).join(named[:NAMED])
    rest = len(named) - NAMED
    return text("precision.more", language, named=told, count=rest) if rest > 0 else told
