"""A scenario by name as a Mesa model: batch runs, the live view, and the examples in docs/examples/with_mesa."""

from __future__ import annotations

import inspect
import runpy
from pathlib import Path

import mesa
import numpy as np
import pytest

from consensus_sim import InputError, MesaModel, load_model

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples" / "with_mesa"


def test_it_is_the_replicate_that_load_model_builds():
    model = MesaModel("teaching", "points", replicate=2, rng=5, weeks=8, overrides=["intervention.points.attendance=4"])
    plain = load_model(
        "teaching", "points", replicate=2, seed=5, weeks=8, overrides=["intervention.points.attendance=4"]
    )
    model.run_model()
    plain.run()
    assert model.community_model.seed == plain.seed
    np.testing.assert_array_equal(model.community_model.residents.points, plain.residents.points)
    np.testing.assert_array_equal(model.community_model.residents.trust, plain.residents.trust)


def test_an_unknown_scenario_is_refused_in_words():
    with pytest.raises(InputError, match="pionts"):
        MesaModel("teaching", "pionts")


def test_batch_run_simulates_every_combination_and_replicates_are_paired():
    parameters = {"scenario_name": ["before", "points"], "replicate": range(2), "weeks": 5}
    rows = mesa.batch_run(MesaModel, parameters, display_progress=False)
    assert sorted((row["scenario_name"], row["replicate"]) for row in rows) == [
        (name, number) for name in ("before", "points") for number in range(2)
    ]
    for row in rows:
        model = load_model("teaching", row["scenario_name"], replicate=row["replicate"], weeks=5).run()
        assert row["trust"] == model.recorder.weekly["trust"][-1]


def test_no_argument_is_called_as_mesa_calls_its_own():
    # the live view of Mesa 3.5 puts its own Scenario in place of an argument of that name
    assert "scenario" not in inspect.signature(MesaModel).parameters


def test_the_example_of_agents_runs(capsys):
    runpy.run_path(str(EXAMPLES / "agents.py"), run_name="__main__")
    printed = capsys.readouterr().out
    assert "400 residents" in printed and "points: mean skill" in printed


@pytest.mark.filterwarnings("ignore")
def test_the_live_view_shows_weekly_metrics_and_follows_a_step():
    solara = pytest.importorskip("solara", reason="Mesa's live view needs mesa[viz]")
    import ipyvuetify
    import ipywidgets

    page = runpy.run_path(str(EXAMPLES / "app.py"))["page"]
    (model,) = page.args
    _, shown = solara.render(solara.AppLayout(children=[page]), handle_error=False)
    try:
        before = [image.value for image in shown.find(ipywidgets.Image).widgets]
        (step,) = [each for each in shown.find(ipyvuetify.Btn).widgets if "Step" in each.children]
        step.click()
        assert model.steps == 1
        after = [image.value for image in shown.find(ipywidgets.Image).widgets]
        assert len(before) == len(after) == 2 and before != after
    finally:
        shown.close()
