"""How well the items of the capability survey hang together: Cronbach's alpha of each dimension (F46, G7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from consensus_sim.errors import InputError, phrase

if TYPE_CHECKING:
    import pandas as pd

KEYS = ["scenario", "replicate", "half_year", "dimension"]


def cronbach_alpha(answers: Any) -> pd.DataFrame:
    """Cronbach's alpha of every survey and dimension, by pingouin, with its 95 % interval (Feldt et al. 1987).

    answers: table survey_answers of a forecast (`forecast.tables["survey_answers"]`), as pandas or Arrow
    Returns one row a scenario, replicate, half-year and dimension: items, n (respondents), alpha, low, high. A survey
    of fewer than three respondents, or in which all answer alike, has no row.
    Raises InputError if pingouin is not installed or the table has other columns.
    """
    try:
        import pingouin
    except ImportError:
        what = phrase("cronbach")
        raise InputError("extra_missing", what=what, library="pingouin", extra="reliability") from None
    import pandas as pd

    frame = answers.to_pandas() if hasattr(answers, "to_pandas") else pd.DataFrame(answers)
    keys = [key for key in KEYS if key in frame or key in ("half_year", "dimension")]
    missing = [name for name in (*keys, "respondent", "indicator", "item", "answer") if name not in frame]
    if missing:
        raise InputError("answers_incomplete", name=missing[0])
    rows = []
    for key, part in frame.groupby(keys, observed=True, sort=False):
        items = part.pivot_table(index="respondent", columns=["indicator", "item"], values="answer", observed=True)
        if len(items) < 3 or items.shape[1] < 2 or not items.sum(axis=1).var() > 0:
            continue
        alpha, (low, high) = pingouin.cronbach_alpha(data=items.astype(float))
        rows.append((*key, items.shape[1], len(items), float(alpha), float(low), float(high)))
    return pd.DataFrame(rows, columns=[*keys, "items", "n", "alpha", "low", "high"])
