"""Sentences on where the intervals of a forecast come from: parameters or chance, calibrated or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from consensus_sim.catalogue import headline_tables, label_of, metric, parameter_label, text

if TYPE_CHECKING:
    import pandas as pd

    from consensus_sim.study.draws import Draws

SHOWN = 3
"""Metrics whose variance is split, at most."""


def certainty(
    parameters: str, draws: Draws | None, variance: pd.DataFrame, drivers: pd.DataFrame, reference: str, language: str,
    own_sets: str | None = None,
) -> list[str]:  # fmt: skip
    """The sentences, in `language`.

    parameters: "centre", "prior" or "posterior"; draws: as `Study.draws` gives them; variance, drivers: as in
    variance.csv and drivers.csv; reference: label of the scenario that the others are measured against; own_sets: the
    user's file that a posterior comes from (None: the package's)
    """
    from consensus_sim.forecast.variance import ENOUGH, FEW
    from consensus_sim.study.rules import rules

    sets = 0 if draws is None else len(np.unique(draws))
    if own_sets is None:
        found = [text(f"certainty.{parameters}", language, sets=sets)]
    else:
        found = [text("certainty.own_sets", language, sets=sets, file=own_sets)]
    differences = variance[(variance["reference"] != "") & (variance["group"] == "all")]
    listed = [name for names in headline_tables().values() for name in names]
    for name in [name for name in dict.fromkeys(listed) if (differences["metric"] == name).any()][:SHOWN]:
        rows = differences[(differences["metric"] == name) & (differences["sets"] >= 2)]
        share, low, high = (rows[column].median() for column in ("share_parameters", "low", "high"))
        if share == share and low == low:
            words = {"share": f"{share:.0%}", "low": f"{low:.0%}", "high": f"{high:.0%}"}
            label = metric(name).label(language)
            found.append(text("certainty.split", language, metric=label, reference=reference, **words))
        names = ("unidentified", "unidentified_low", "unidentified_high")
        share, low, high = (rows[column].median() for column in names)
        if share == share and low == low:
            words = {"share": f"{share:.0%}", "low": f"{low:.0%}", "high": f"{high:.0%}"}
            found.append(text("certainty.unidentified", language, metric=metric(name).label(language), **words))
    if draws is not None:
        if len(draws) - sets < FEW:
            found.append(text("certainty.few", language, needed=rules().repeated * FEW))
        found += _named(drivers, language, listed)
        if sets < ENOUGH:
            found.append(text("certainty.not_named", language, needed=ENOUGH + ENOUGH // (rules().repeated - 1)))
    found.append(text("certainty.consensus", language))
    found.append(text("certainty.packages", language))
    return found


def _named(drivers: pd.DataFrame, language: str, listed: list[str]) -> list[str]:
    """The parameters that stand out, for the metrics of the short tables, over all scenarios."""
    from consensus_sim.study.posterior import SILENT

    sentences = []
    for name in dict.fromkeys(listed):
        rows = drivers[(drivers["metric"] == name) & (drivers["reference"] == "")]
        if len(rows):
            strength = rows.assign(size=rows["rank_correlation"].abs()).groupby("parameter")["size"].mean()
            silent = set(rows.loc[rows["sd_ratio"] >= SILENT, "parameter"])
            largest = [str(parameter) for parameter in strength.sort_values(ascending=False).index[:SHOWN]]
            named = [
                text("certainty.at_prior", language, label=label_of("parameter", parameter, language), name=parameter)
                if parameter in silent
                else parameter_label(parameter, language)
                for parameter in largest
            ]
            names = text("clauses", language).join(named)
            sentences.append(text("certainty.drivers", language, metric=metric(name).label(language), names=names))
    return sentences[:SHOWN]
