"""Forecasts scored against observed figures, beside naive rivals.

The score is the continuous ranked probability score (CRPS; Gneiting & Raftery 2007), in the unit of the figure: for a
single number it is the absolute error. Smaller is better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from consensus_sim.errors import InputError, phrase
from consensus_sim.experiments.design import Design, Periods, read_periods
from consensus_sim.experiments.runner import LANGUAGES, Command, Findings
from consensus_sim.experiments.targets import Target, check_told, read_targets, target_files
from consensus_sim.runs.work import Sets
from consensus_sim.settings import STRICT, read

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]
RIVALS = ("no_change", "last_value", "trend", "prior")
NAN = float("nan")


def crps(observed: float, sample: Matrix) -> float:
    """CRPS of a `sample` of forecasts against `observed`; NaN of an empty sample."""
    try:
        import scoringrules
    except ImportError:
        what = phrase("scoring")
        raise InputError("extra_missing", what=what, library="scoringrules", extra="analysis") from None
    sample = sample[~np.isnan(sample)]
    return float(scoringrules.crps_ensemble(observed, sample)) if len(sample) else NAN


def rivals_of(target: Target) -> dict[str, float]:
    """Forecasts of the naive rivals from the target's `history`, NaN where it is too short.

    no_change: the first value known stays; last_value: the latest stays; trend: the latest change repeats, within the
    range of the figure
    """
    h = target.history
    return {
        "no_change": h[0] if h else NAN,
        "last_value": h[-1] if h else NAN,
        "trend": float(np.clip(2 * h[-1] - h[-2], *target.range)) if len(h) > 1 else NAN,
    }


def score(
    targets: Sequence[Target], forecast: Mapping[str, Matrix], prior: Mapping[str, Matrix] | None = None
) -> pd.DataFrame:
    """One row per target with a value: the forecast's interval, whether it covers, its CRPS and those of the rivals.

    forecast, prior: statistic -> value of each run; observation error is not added, so the intervals are those of the
    model
    better_than: rivals that the forecast beats; worse_than: those that beat it
    """
    import pandas as pd

    rows = []
    for target in targets:
        if target.use == "sign" or target.statistic not in forecast:
            continue
        sample = forecast[target.statistic]
        sample = sample[~np.isnan(sample)]
        q05, q50, q95 = np.quantile(sample, [0.05, 0.5, 0.95]) if len(sample) else (NAN, NAN, NAN)
        own = crps(target.value, sample)
        naive = {name: abs(value - target.value) for name, value in rivals_of(target).items()}
        naive["prior"] = crps(target.value, prior[target.statistic]) if prior is not None else NAN
        better = [name for name in RIVALS if own < naive[name]]
        worse = [name for name in RIVALS if naive[name] <= own]
        rows.append(
            {
                "target": target.name, "source": target.source, "unit": target.unit, "value": target.value,
                "q05": q05, "q50": q50, "q95": q95, "runs": len(sample), "covered": bool(q05 <= target.value <= q95),
                "crps": own, **{f"crps_{name}": naive[name] for name in RIVALS}, "better_than": " ".join(better),
                "worse_than": " ".join(worse),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The node `validation`: which scenario each period of the targets is read from, and until when."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    periods: Periods


def run(command: Command) -> Findings:
    """Runs each period of the targets with the configured parameters and with the prior, and scores both.

    Beside the columns of `score` the table has `fitted`: whether the parameters were fitted to the figure, and it is no
    test of a forecast (None where their table does not say). experiment=calibrate publishes the case study's scores.
    """
    from consensus_sim.experiments.validate.text import draw_scores, print_scores, verdicts
    from consensus_sim.runs.replicate import behaviour_of
    from consensus_sim.study.study import read_study

    config = command.config
    settings = read(Settings, config.get("validation"), "validation")
    community = command.community
    study = read_study(config, community=community.spec.as_dict())
    periods = read_periods("validation.periods", settings.periods, study)
    targets = read_targets(target_files(config.get("targets")), [p.name for p in periods])
    targets = [target for target in targets if target.use != "sign"]
    if not targets:
        raise InputError("no_target_to_score")
    wanted = {target.period for target in targets}
    centre = replace(study, parameters="centre", posterior=None)
    asked = tuple(target.statistic for target in targets)
    design = Design(community, centre, tuple(p for p in periods if p.name in wanted), asked)
    found: dict[str, dict[str, Matrix]] = {}
    for parameters in dict.fromkeys((study.parameters, "prior")):
        posterior = study.posterior if parameters == "posterior" else None
        own = replace(study, parameters=parameters, posterior=posterior)
        drawn = [list(behaviour_of(own, number)) for number in range(study.replicates)]
        sets = Sets(tuple(p.name for p in drawn[0]), np.array([[p.value for p in one] for one in drawn]))
        if not found:
            check_told(targets, design.available(sets))
        found[parameters] = design.statistics(sets, command.simulator)
    table = score(targets, found[study.parameters], found["prior"] if study.parameters != "prior" else None)
    fitted = frozenset[tuple[str, float]]() if study.posterior is None else study.posterior.fitted
    table["fitted"] = [None if fitted is None else (one.statistic, one.value) in fitted for one in targets]

    def write(folder: Path) -> None:
        for language in LANGUAGES:
            text = "\n".join(verdicts(table, language)) + "\n"
            (folder / f"verdicts_{language}.txt").write_text(text, encoding="utf-8")

    return Findings(
        study=study,
        tables={"validation": table},
        show=lambda language, console: print_scores(table, language, console),
        draw=lambda language: {"validation": draw_scores(table, language)},
        write=write,
        published=dict,
    )
