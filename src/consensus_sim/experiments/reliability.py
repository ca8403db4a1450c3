"""Internal consistency of the capability survey: Cronbach's alpha of each dimension (F46, G7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from consensus_sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

KEYS = ["scenario", "replicate", "half_year", "dimension"]


def alpha_interval(scores: np.ndarray, confidence: float = 0.95) -> tuple[float, float, float]:
    """Cronbach's alpha of `scores` and its confidence interval.

    alpha = k / (k - 1) (1 - sum of the items' variances / variance of the sum) (Cronbach 1951). Under normal errors
    (1 - true alpha) / (1 - alpha) follows an F distribution with n - 1 and (n - 1)(k - 1) degrees of freedom
    (Feldt, Woodruff and Salih 1987).

    scores: n respondents by k items, at least two of each
    Returns alpha, the lower and the upper bound.
    """
    from scipy.stats import f

    n, k = scores.shape
    alpha = k / (k - 1) * (1 - scores.var(axis=0, ddof=1).sum() / scores.sum(axis=1).var(ddof=1))
    tail = (1 - confidence) / 2
    low, high = 1 - (1 - alpha) * f.ppf([1 - tail, tail], n - 1, (n - 1) * (k - 1))
    return float(alpha), float(low), float(high)


def cronbach_alpha(answers: pd.DataFrame | pa.Table) -> pd.DataFrame:
    """Cronbach's alpha of every survey and dimension, with its 95 % confidence interval (`alpha_interval`).

    answers: table survey_answers of a forecast (`forecast.tables["survey_answers"]`), as pandas or Arrow
    Returns one row a scenario, replicate, half-year and dimension: items, n (respondents), alpha, low, high.
    Respondents with a missing answer are left out. A survey of fewer than three respondents, or in which all have the
    same sum, has no row.
    Raises InputError if the table has other columns.
    """
    import pandas as pd

    frame = answers if isinstance(answers, pd.DataFrame) else answers.to_pandas()
    keys = [key for key in KEYS if key in frame or key in ("half_year", "dimension")]
    needed = [*keys, "respondent", "indicator", "item", "answer"]
    missing = [name for name in needed if name not in frame]
    if missing:
        raise InputError("missing_column", table="survey_answers", name=missing[0], needed=needed)
    rows = []
    for key, part in frame.groupby(keys, observed=True, sort=False):
        items = part.pivot_table(index="respondent", columns=["indicator", "item"], values="answer", observed=True)
        scores = items.dropna().to_numpy(float)
        if len(scores) < 3 or scores.shape[1] < 2 or not scores.sum(axis=1).var() > 0:
            continue
        rows.append((*key, scores.shape[1], len(scores), *alpha_interval(scores)))
    return pd.DataFrame(rows, columns=[*keys, "items", "n", "alpha", "low", "high"])
