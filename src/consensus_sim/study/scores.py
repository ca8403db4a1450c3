"""Scores of parameter draws: the metrics of scenario `council` at every draw of a posterior's table.

They are a covariate for means over replicates: a sample of draws that happens to lie high in `council` lies high in
other scenarios, too (`forecast.adjusted`). The file has the table's name and lies in the folder `scores` beside it. Its
first line names the posterior and the community that it was made with, so that a stale file is never used.
`python -m consensus_sim.tools.score_table` makes it.
"""

from __future__ import annotations

import io
import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDER = "scores"
POSTERIOR, COMMUNITY = "posterior", "community"
"""Keys of the first line: the digest of the posterior, and the fingerprint of the community."""


@dataclass(frozen=True, eq=False)
class Scores:
    """Metrics of `council` at every parameter draw.

    community: fingerprint of the community; metrics: their names; values: (metrics, draws), NaN where undefined
    """

    community: str
    metrics: tuple[str, ...]
    values: NDArray[np.float64]

    def of(self, metric: str) -> NDArray[np.float64]:
        """Returns the scores of `metric` (draws,); NaN for a metric without any."""
        if metric in self.metrics:
            return self.values[self.metrics.index(metric)]
        return np.full(self.values.shape[1], np.nan)


def scores_file(table: Path) -> Path:
    """Returns where the scores of the draws in the file `table` lie."""
    return table.parent / FOLDER / table.name


def read_scores(table: Path, digest: str, draws: int) -> Scores | None:
    """Returns the scores of the posterior in `table`; None without a file, or with a warning if it is stale.

    digest, draws: fingerprint of the posterior, and its number of draws
    """
    import pandas as pd

    place = scores_file(table)
    if not place.is_file():
        return None
    first, _, rest = place.read_text(encoding="utf-8").partition("\n")
    try:
        origin: dict[str, Any] = json.loads(first.removeprefix("#"))
        values = pd.read_csv(io.StringIO(rest), dtype=np.float64)
    except ValueError:
        origin, values = {}, pd.DataFrame()
    if origin.get(POSTERIOR) != digest or len(values) != draws:
        again = "python -m consensus_sim.tools.score_table makes it again"
        warnings.warn(f"{place}: not made with this posterior, so means are not adjusted; {again}", stacklevel=2)
        return None
    return Scores(str(origin.get(COMMUNITY)), tuple(map(str, values)), np.ascontiguousarray(values.to_numpy().T))


def write_scores(table: Path, scores: Scores, digest: str, **origin: object) -> Path:
    """Writes `scores` of the posterior in `table`, whose fingerprint is `digest`; returns the file."""
    import pandas as pd

    place = scores_file(table)
    place.parent.mkdir(exist_ok=True)
    first = json.dumps({POSTERIOR: digest, COMMUNITY: scores.community, **origin})
    frame = pd.DataFrame(scores.values.T, columns=list(scores.metrics))
    text = frame.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    place.write_text(f"# {first}\n{text}", encoding="utf-8", newline="\n")
    return place
