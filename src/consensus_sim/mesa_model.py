"""A scenario by name as a Mesa model, the form that Mesa's `batch_run` and SolaraViz need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from consensus_sim.experiments.compare.study import load_model
from consensus_sim.model.mesa_adapter import MesaCommunity

if TYPE_CHECKING:
    from consensus_sim.community import Community


class MesaModel(MesaCommunity):
    """The Mesa model of one replicate of a scenario, as `load_model` builds it.

    community, weeks, overrides: as for `compare`
    scenario_name: the scenario (`Model.scenario` is a thing of Mesa's own)
    replicate: number of the replicate; scenarios with the same number use common random numbers
    rng: seed of all replicates, 0 to 10**13; None, which Mesa passes where nothing was chosen, is 1
    """

    def __init__(
        self,
        community: Community | str = "teaching",
        scenario_name: str = "council",
        *,
        replicate: int = 0,
        rng: int | None = None,
        weeks: int | None = None,
        overrides: Sequence[str] = (),
    ) -> None:
        seed = 1 if rng is None else rng
        super().__init__(
            load_model(community, scenario_name, seed=seed, replicate=replicate, weeks=weeks, overrides=overrides)
        )
