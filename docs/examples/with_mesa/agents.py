"""The model with Mesa's own tools: agents, data collector, batch run.

python agents.py
"""

import mesa
import numpy as np

from consensus_sim import MesaModel


class Watched(MesaModel):
    """A Mesa model that also collects the trust of every resident, week by week."""

    agent_reporters = {"trust": "trust", "age": "age"}


def main() -> None:
    """Simulate half a year of the points scenario, then compare it with no intervention over three replicates."""
    model = Watched("teaching", "points", weeks=26)
    elders = model.agents.select(lambda resident: "elder" in resident.groups)
    print(f"{len(model.agents)} residents, {len(elders)} elders, trust {elders.agg('trust', np.mean):.3f}")
    elders.do(lambda resident: setattr(resident, "efficacy", min(1.0, resident.efficacy + 0.1)))

    model.run_model()
    print(model.datacollector.get_model_vars_dataframe()[["trust", "participations"]].tail(3))
    print(model.datacollector.get_agent_vars_dataframe().groupby("Step")["trust"].describe().tail(3))

    parameters = {"scenario_name": ["before", "points"], "replicate": range(3), "weeks": 26}
    rows = mesa.batch_run(MesaModel, parameters, display_progress=False)
    for name in ("before", "points"):
        skills = [row["skill"] for row in rows if row["scenario_name"] == name]
        print(f"{name}: mean skill {np.mean(skills):.3f} in {len(skills)} replicates")


if __name__ == "__main__":
    main()
