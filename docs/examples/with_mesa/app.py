"""Mesa's live view of the model in the browser: `solara run app.py`.

It needs Solara: pip install "mesa[viz]", and with Mesa 3.3 (Python 3.11) also "ipyvuetify<2".
"""

from mesa.visualization import Slider, SolaraViz, make_plot_component

from consensus_sim import MesaModel

page = SolaraViz(
    MesaModel(weeks=56),
    components=[make_plot_component("trust"), make_plot_component("participations")],
    model_params={
        "scenario_name": {"type": "Select", "label": "Scenario", "value": "council", "values": ["before", "council"]},
        "replicate": Slider("Replicate", value=0, min=0, max=20, step=1),
        "weeks": 56,
    },
    name="Neighbourhood deliberation",
)
