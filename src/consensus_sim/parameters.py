"""Behaviour parameters: read from `configs/behaviour/`, checked, and handed to the kernels as named tuples.

A parameter in the file is a mapping with `value`, `low`, `high`, `distribution` (of the prior between them), `unit`,
`source`, `grade`, `identified`, `calibrate` (whether data may move it), `drawn` (whether forecasts draw it), `symbol`
and `meaning`. The value has to lie in [low, high]; 0 switches a mechanism off and is always allowed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar, overload

from pydantic import ConfigDict

from consensus_sim.errors import InputError, not_allowed, phrase, raise_all, unknown_key
from consensus_sim.settings import STRICT, Text, choice, mapping, number, read, shown, switch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DISTRIBUTIONS = ("uniform", "log-uniform", "triangular", "beta", "fixed")
"""Priors between low and high. Triangular and beta have their mode at the value; beta is the PERT distribution; fixed
is the value alone.
"""
GRADES = ("V", "V2", "M", "D", "J")
Group = TypeVar("Group", bound=tuple)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One uncertain number of the model with its prior range and where it comes from."""

    name: str
    value: float
    low: float
    high: float
    unit: str
    source: str
    grade: str
    identified: str
    symbol: str = ""
    meaning: str = ""
    integer: bool = False
    distribution: str = "uniform"
    calibrate: bool = False
    drawn: bool = True

    @property
    def varies(self) -> bool:
        """True if draws of it differ: it is no design choice, and forecasts draw it."""
        return self.drawn and self.distribution != "fixed"

    @overload
    def at(self, quantile: float) -> float: ...
    @overload
    def at(self, quantile: NDArray[np.float64]) -> NDArray[np.float64]: ...
    def at(self, quantile: float | NDArray[np.float64]) -> float | NDArray[np.float64]:
        """The value at `quantile` in [0, 1] of the prior; an array of quantiles gives an array of values.

        uniform, log-uniform: over [low, high]; triangular: mode at the value; beta: PERT, the beta distribution on
        [low, high] with shape parameters 1 + 4 (value - low) / width and 1 + 4 (high - value) / width
        fixed: the value, whatever the quantile: what is decided on is not uncertain
        not `drawn`: the value, too, though it is uncertain (`Behaviour.whole` draws it from its prior)
        """
        drawn: Any
        if not self.varies:
            drawn = quantile * 0.0 + self.value
        elif self.distribution == "uniform" or self.low == self.high:
            drawn = self.low + quantile * (self.high - self.low)
        else:
            drawn = _prior(self.distribution, self.low, self.high, self.value).ppf(quantile)
        if self.integer:
            drawn = drawn.round() if hasattr(drawn, "round") else round(drawn)
        found: float | NDArray[np.float64] = drawn if getattr(drawn, "ndim", 0) else float(drawn)
        return found


@lru_cache(maxsize=1024)
def _prior(distribution: str, low: float, high: float, value: float) -> Any:
    """A prior that is not uniform as a frozen distribution of scipy, which takes a millisecond to make."""
    from scipy import stats

    width = high - low
    mode = (min(max(value, low), high) - low) / width
    if distribution == "log-uniform":
        return stats.loguniform(low, high)
    if distribution == "triangular":
        return stats.triang(mode, low, width)
    return stats.beta(1 + 4 * mode, 1 + 4 * (1 - mode), low, width)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An entry of a behaviour file, as written there; `Parameter` is what becomes of it."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    value: float = number()
    low: float = number()
    high: float = number()
    distribution: Annotated[str, choice(*DISTRIBUTIONS)] = "uniform"
    unit: Text
    symbol: str = ""
    source: Text
    grade: str = choice(*GRADES)
    identified: Text
    calibrate: Annotated[bool, switch()] = False
    drawn: Annotated[bool, switch()] = True
    meaning: str = ""
    integer: Annotated[bool, switch()] = False


def read_parameter(name: str, found: object) -> Parameter:
    """Checks one entry of a behaviour file; `name` is its full key, such as `behaviour.trust.gain`.

    Raises:
    ------
    InputError: fields missing or unknown, not a number, or a value outside its range.
    """
    entry = read(Entry, found, name)
    if entry.low > entry.high:
        raise not_allowed(f"{name}.low", entry.low, phrase("number_high", high=shown(entry.high), unit=""))
    if entry.value != 0 and not entry.low <= entry.value <= entry.high:
        low, high = shown(entry.low), shown(entry.high)
        raise not_allowed(f"{name}.value", entry.value, phrase("prior_range", low=low, high=high, unit=entry.unit))
    if entry.distribution == "log-uniform" and entry.low <= 0:
        raise InputError("log_uniform_above_zero", where=name, found=entry.low)
    if entry.calibrate and (entry.distribution == "fixed" or not entry.drawn):
        raise InputError("fixed_and_calibrated", where=name)
    if entry.integer and entry.value != round(entry.value):
        raise not_allowed(f"{name}.value", entry.value, phrase("whole_number", unit=""))
    return Parameter(name=name, **vars(entry))


class Behaviour:
    """All behaviour parameters, by group: `behaviour.values("trust", TrustParameters).gain`."""

    def __init__(
        self, parameters: Mapping[str, Mapping[str, Parameter]], changed: Mapping[str, float] | None = None
    ) -> None:
        """`changed`: values by full name in place of those that `parameters` have."""
        self._base = {group: dict(entries) for group, entries in parameters.items()}
        self._changed = dict(changed or {})

    @cached_property
    def parameters(self) -> dict[str, dict[str, Parameter]]:
        """All parameters, by group and name, with their present values."""
        if not self._changed:
            return self._base
        return {
            group: {key: replace(p, value=self._value(p)) for key, p in entries.items()}
            for group, entries in self._base.items()
        }

    def _value(self, parameter: Parameter) -> float:
        return float(self._changed.get(parameter.name, parameter.value))

    def value(self, group: str, key: str) -> float:
        """The value of one parameter."""
        return self._value(self._base[group][key])

    @classmethod
    def from_config(cls, config: Mapping[str, Any], name: str = "behaviour") -> Behaviour:
        """Read and check the content of a behaviour file (groups -> parameters -> fields)."""
        groups: dict[str, dict[str, Parameter]] = {}
        errors: list[InputError] = []
        for group, entries in mapping(name, config).items():
            if not isinstance(entries, Mapping):
                raise not_allowed(f"{name}.{group}", entries, phrase("group_of_parameters"))
            groups[group] = {}
            for key, entry in entries.items():
                try:
                    groups[group][key] = read_parameter(f"{name}.{group}.{key}", entry)
                except InputError as error:
                    errors.append(error)
        raise_all(errors)
        return cls(groups)

    def __iter__(self) -> Any:
        """All parameters, group after group."""
        return (parameter for entries in self.parameters.values() for parameter in entries.values())

    def values(self, group: str, kind: type[Group]) -> Group:
        """The values of `group` as the named tuple `kind`, whose fields must be exactly the group's parameters."""
        if group not in self._base:
            raise unknown_key("behaviour", group, self._base)
        entries, fields = self._base[group], kind._fields  # type: ignore[attr-defined]
        for key in entries:
            if key not in fields:
                raise unknown_key(f"behaviour.{group}", key, fields)
        for key in fields:
            if key not in entries:
                raise InputError("missing_key", where=f"behaviour.{group}", name=key, needed=list(fields))
        values = ((entries[key].integer, self._value(entries[key])) for key in fields)
        numbers: list[Any] = [int(value) if integer else value for integer, value in values]
        return kind(*numbers)

    def numbers(self, group: str) -> dict[str, float]:
        """The values of `group` by name."""
        if group not in self._base:
            raise unknown_key("behaviour", group, self._base)
        return {key: self._value(entry) for key, entry in self._base[group].items()}

    @property
    def whole(self) -> Behaviour:
        """The same with every parameter drawn that is uncertain, for screenings: only design choices stay fixed."""
        entries = {group: {key: replace(p, drawn=True) for key, p in own.items()} for group, own in self._base.items()}
        return Behaviour(entries, self._changed)

    def drawn(self, seed: int, number: int) -> Behaviour:
        """Set `number` of the parameters drawn from their priors: equal for all scenarios of a study."""
        from consensus_sim.randomness import key, uniform

        return self.with_values(
            {p.name: p.at(float(uniform(key(seed, f"prior:{p.name}", sub=number), 0))) for p in self}
        )

    def with_values(self, values: Mapping[str, float]) -> Behaviour:
        """The same parameters with `values` by full name (`behaviour.trust.gain`); the others keep theirs."""
        return Behaviour(self._base, {**self._changed, **values})

    def fingerprint(self) -> str:
        """A digest of all values."""
        text = ";".join(f"{p.name}={p.value!r}" for p in self)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
