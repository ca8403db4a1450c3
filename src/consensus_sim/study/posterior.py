"""Parameter draws from the posterior: a table of weighted draws, read, checked, and sampled.

The table is a CSV file with a column `weight` and one for each parameter (`trust.gain`); beside it lies a YAML file of
the same name that says how it was made and at which centres (`centre`).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consensus_sim.data_files import read_plain
from consensus_sim.errors import InputError, not_allowed, one_line, one_of, phrase, unknown_column
from consensus_sim.parameters import Behaviour
from consensus_sim.paths import configs_dir
from consensus_sim.settings import number_phrase
from consensus_sim.study.draws import Draws
from consensus_sim.study.scores import Scores, read_scores

KEY = "posterior.file"
WEIGHT = "weight"
PLACE, SHIPPED = "file", "shipped"
"""Keys of `about`: the name of the table's file, and whether it comes with the package."""
PREFIX = "behaviour."
SILENT, WEAK = 0.9, 0.7
"""Ratios of posterior to prior standard deviation from which the data identify a parameter not at all, or weakly."""
PRIOR_POINTS = 1000
"""Number of quantiles over which a prior's standard deviation is computed."""


@dataclass(frozen=True, eq=False)
class ParameterSets:
    """Weighted parameter draws, each with a value of every parameter that was drawn.

    names: full names; values: (draws, parameters); weights: (draws,), adding up to one; digest: of the files
    centre: value at the centre when calibrated, by full name; kept: parameters that keep their value, since the user
    has set them or they are not drawn; about: how the draws were made; complete: whether they have every parameter
    that is drawn; scores: of the draws, if there are any (`study.scores`)
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    weights: NDArray[np.float64]
    digest: str
    centre: Mapping[str, float]
    kept: frozenset[str] = frozenset()
    about: Mapping[str, Any] = field(default_factory=dict)
    complete: bool = False
    scores: Scores | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ParameterSets) and (self.digest, self.kept) == (other.digest, other.kept)

    def __hash__(self) -> int:
        return hash((self.digest, self.kept))

    @cached_property
    def _cumulative(self) -> NDArray[np.float64]:
        return np.cumsum(self.weights)

    def drawn(self, seed: int, numbers: Draws) -> Draws:
        """Returns the row of each of the draws `numbers` (m,) of a study with `seed`, the same for every scenario.

        It is the first row whose cumulative weight exceeds a scrambled radical inverse. Each draw alone is by weight;
        draws 0, 1, 2, ... together cover the rows evenly: each of 512 rows of equal weight comes once before any is
        repeated.
        """
        from consensus_sim.randomness import radical_inverses

        u = radical_inverses(seed, "posterior", numbers)
        rows = np.searchsorted(self._cumulative, u * self._cumulative[-1], side="right")
        return np.minimum(rows, len(self.weights) - 1)

    def draws(self, seed: int, numbers: Draws) -> Draws:
        """Returns a number for each of the draws `numbers` (m,), equal for equal parameters.

        It is the row, or the draw's own number where other parameters are drawn from their priors.
        """
        return self.drawn(seed, numbers) if self.complete else numbers

    @property
    def worth(self) -> float:
        """Effective number of draws (Kish 1965); infinite where other parameters are drawn from their priors."""
        return float(1 / np.sum(self.weights**2)) if self.complete else np.inf

    def behaviour(self, behaviour: Behaviour, seed: int, number: int) -> Behaviour:
        """Returns `behaviour` with the values of draw `number`.

        A parameter that the table lacks is drawn from its prior; one that the user has set keeps its value.
        """
        row = self.values[self.drawn(seed, np.array([number]))[0]]
        known = {name: float(value) for name, value in zip(self.names, row, strict=True) if name not in self.kept}
        if not self.complete:
            prior = {p.name: p.value for p in behaviour.drawn(seed, number) if p.name not in self.names}
            known = {**prior, **known}
        return behaviour.with_values(known)

    @property
    def file(self) -> str:
        """Name of the file of the draws."""
        return str(self.about.get(PLACE, "table"))

    @property
    def own_file(self) -> str | None:
        """Name of the file if it is the user's own; None for a table that comes with the package."""
        return None if self.about.get(SHIPPED) else self.file

    @property
    def moved(self) -> frozenset[str]:
        """Full names of the calibrated parameters: all of the table where its file names none; without those that the
        user has set since.
        """
        listed = self.about.get("calibrated")
        names = self.names if listed is None else [PREFIX + str(name) for name in listed]
        return frozenset(names) & frozenset(self.names) - self.kept

    @property
    def fitted(self) -> frozenset[tuple[str, float]] | None:
        """Targets of the calibration, as statistic and value; None where the file names none."""
        targets = self.about.get("targets")
        return None if targets is None else frozenset((t["statistic"], float(t["value"])) for t in targets.values())

    def at(self, behaviour: Behaviour, quantiles: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns values of all parameters of `behaviour` (runs, parameters) at `quantiles` of their marginals.

        The marginal is that of the draws for parameters in `moved`, the value for those that the user has set, else
        the prior. Correlations between parameters are ignored.
        """
        moved, columns = self.moved, []
        for number, parameter in enumerate(behaviour):
            q = quantiles[:, number]
            if parameter.name in moved:
                own = self.values[:, self.names.index(parameter.name)]
                columns.append(np.quantile(own, q, weights=self.weights, method="inverted_cdf"))
            elif parameter.name in self.kept:
                columns.append(np.full(len(q), parameter.value))
            else:
                columns.append(parameter.at(q))
        return np.column_stack(columns)

    def spread_ratios(self, behaviour: Behaviour) -> dict[str, float]:
        """Returns posterior over prior standard deviation of every parameter of `behaviour`, by short name.

        Both are on the scale of the prior's quantiles, as in calibration. The ratio is 1 for parameters that were not
        calibrated or whose value the user has set.
        """
        points = (np.arange(PRIOR_POINTS) + 0.5) / PRIOR_POINTS
        moved, ratios = self.moved, {}
        for parameter in behaviour:
            ratio = 1.0
            if parameter.name in moved:
                values = self.values[:, self.names.index(parameter.name)]
                prior = np.asarray(parameter.at(points), np.float64)
                # where many quantiles have one value (whole numbers), the middle of them stands for all
                posterior, whole = (
                    (np.searchsorted(prior, at, "left") + np.searchsorted(prior, at, "right")) / 2
                    for at in (values, prior)
                )
                spread = self.weights @ (posterior - self.weights @ posterior) ** 2
                ratio = float(np.sqrt(spread / np.var(whole))) if np.var(whole) else 1.0
            ratios[parameter.name.removeprefix(PREFIX)] = ratio
        return ratios

    def checked(self, behaviour: Behaviour) -> ParameterSets:
        """Returns these draws for `behaviour`, with `kept`: parameters that the user has moved from the calibrated
        centre, and those that are never drawn.

        Raises InputError if the table has a parameter that `behaviour` lacks, or a value outside its range.
        """
        present = {p.name: p for p in behaviour}
        kept = set()
        for number, name in enumerate(self.names):
            if name not in present:
                short = [parameter.removeprefix(PREFIX) for parameter in present]
                said = unknown_column(f"{KEY}: {self.file}", name.removeprefix(PREFIX), short)
                raise InputError("calibrate_again", error=said)
            parameter = present[name]
            centre = self.centre.get(name)
            if not parameter.varies or (centre is not None and not np.isclose(parameter.value, centre, 1e-9, 1e-12)):
                kept.add(name)
                continue
            low, high = float(self.values[:, number].min()), float(self.values[:, number].max())
            slack = 1e-4 * max(1.0, abs(parameter.low), abs(parameter.high))
            if low < parameter.low - slack or high > parameter.high + slack:
                least, most = parameter.low, parameter.high
                raise InputError("outside_range", name=name, low=low, high=high, least=least, most=most)
        return replace(
            self, kept=frozenset(kept), complete={n for n, p in present.items() if p.varies} <= {*self.names}
        )


def posterior_file(name: str) -> Path:
    """Returns the CSV file of the posterior called `name`: of configs/posterior, or a path of the user's own."""
    shipped = configs_dir() / "posterior"
    for place in (shipped / f"{name}.csv", Path(name)):
        if place.is_file() and place.suffix == ".csv":
            return place
    if name.endswith(".csv"):
        raise InputError("no_such_file", where=KEY, found=name)
    raise one_of(KEY, name, sorted(path.stem for path in shipped.glob("*.csv")), phrase("path_of_csv"))


def is_shipped(name: str) -> bool:
    """Returns whether `name` is that of a table of configs/posterior."""
    return (configs_dir() / "posterior" / f"{name}.csv").is_file()


def read_posterior(name: str) -> ParameterSets:
    """Returns the parameter draws in `posterior_file(name)`. Raises InputError for a file that cannot be used."""
    place = posterior_file(name)
    about_file = place.with_suffix(".yaml")
    try:
        sets = _read(place, place.read_bytes(), about_file.read_bytes() if about_file.is_file() else b"{}")
        return replace(sets, scores=read_scores(place, sets.digest, len(sets.weights)))
    except OSError as error:
        where, allowed = f"{KEY}: {place.name}", phrase("a_posterior_file")
        raise InputError("cannot_read", where=where, why=one_line(error), allowed=allowed) from None


@lru_cache(maxsize=8)
def _read(place: Path, content: bytes, about_content: bytes) -> ParameterSets:
    """Returns the parameter draws of a table and the file about it, both as bytes: an edit of either is noticed."""
    import pandas as pd

    about_file = place.with_suffix(".yaml")
    try:
        table = pd.read_csv(io.BytesIO(content))
    except ValueError as error:
        where, allowed = f"{KEY}: {place.name}", phrase("a_posterior_file")
        raise InputError("cannot_read", where=where, why=one_line(error), allowed=allowed) from None
    about = read_plain(about_file) if about_file.is_file() else {}
    if WEIGHT not in table or len(table) == 0 or len(table.columns) < 2:
        raise InputError("columns_needed", where=f"{KEY}: {place.name}", name=WEIGHT)
    for column in table.columns:
        numeric = pd.api.types.is_numeric_dtype(table[column]) and not pd.api.types.is_bool_dtype(table[column])
        if not numeric or not np.isfinite(table[column]).all():
            raise InputError("column_not_numeric", where=f"{KEY}: {place.name}", name=column)
    weights = table[WEIGHT].to_numpy(np.float64)
    if (weights < 0).any() or weights.sum() <= 0:
        raise InputError("weights_not_usable", where=f"{KEY}: {place.name}")
    names = [name for name in table.columns if name != WEIGHT]
    about = _checked_about(about_file.name, about, names)
    centre = {PREFIX + name: float(value) for name, value in about["centre"].items()}
    digest = hashlib.blake2b(content + repr(sorted(centre.items())).encode(), digest_size=16).hexdigest()
    values = table[names].to_numpy(np.float64)
    full, shipped = tuple(PREFIX + name for name in names), place.is_relative_to(configs_dir())
    return ParameterSets(
        full, values, weights / weights.sum(), digest, centre, about={**about, PLACE: place.name, SHIPPED: shipped}
    )


def _checked_about(file: str, about: Any, names: list[str]) -> dict[str, Any]:
    """Returns the checked content of the YAML file beside a table; `centre` is always a mapping."""
    if not isinstance(about, Mapping):
        raise not_allowed(f"{KEY}: {file}", about, phrase("settings_named", names=["centre", "calibrated"]))
    centre, calibrated, targets = about.get("centre") or {}, about.get("calibrated"), about.get("targets")
    if not isinstance(centre, Mapping):
        raise not_allowed(f"{KEY}: {file}: centre", centre, phrase("parameter_and_value"))
    for name, value in centre.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise not_allowed(f"{KEY}: {file}: centre.{name}", value, number_phrase(None, None, whole=False))
    if calibrated is not None and not isinstance(calibrated, list):
        raise not_allowed(f"{KEY}: {file}: calibrated", calibrated, phrase("a_list_of_parameters"))
    for name in calibrated or ():
        if name not in names:
            raise one_of(f"{KEY}: {file}: calibrated", name, names)
    if targets is not None and not (isinstance(targets, Mapping) and all(map(_is_figure, targets.values()))):
        raise not_allowed(f"{KEY}: {file}: targets", targets, phrase("figures_by_name"))
    return {**about, "centre": centre}


def _is_figure(one: Any) -> bool:
    """Returns whether `one` has a statistic and a numeric value."""
    value = one.get("value") if isinstance(one, Mapping) else None
    return isinstance(value, int | float) and not isinstance(value, bool) and isinstance(one.get("statistic"), str)
