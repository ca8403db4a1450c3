"""Compares scenarios on one community: the main job, for the command and for the library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from consensus_sim.errors import InputError, not_allowed, phrase
from consensus_sim.experiments.runner import Command, Findings, of_forecast
from consensus_sim.settings import LONGEST_NAME, known

if TYPE_CHECKING:
    import pandas as pd

    from consensus_sim.community import Community
    from consensus_sim.forecast.forecast import Forecast
    from consensus_sim.forecast.simulator import Simulator
    from consensus_sim.model.model import CommunityModel
    from consensus_sim.study.scenario import Scenario


_POLICY = ("calendar", "experiment", "hydra", "intervention", "scenario")
_MODEL = (*_POLICY, "behaviour", "channel", "community", "parameters", "posterior", "topic")
_READ = {
    "load_scenario": _POLICY,
    "load_model": _MODEL,
    "compare": (*_MODEL, "engine", "least_difference", "monte_carlo", "reference", "usual_reference"),
}
"""What each function reads of the config; an override of anything else would have no effect."""


def compare(
    community: Community | str,
    scenarios: Sequence[str],
    *,
    replicates: int | Literal["auto"] = 20,
    precision: float | None = None,
    seed: int = 1,
    weeks: int | None = None,
    reference: str | None = None,
    workers: int | None = None,
    overrides: Sequence[str] = (),
    config_dir: str | Path | None = None,
    progress: bool = True,
) -> Forecast:
    """Simulates `scenarios` on `community`, `replicates` times each, with common random numbers.

    community: a `Community`, or the name of one ("case_study", "teaching")
    scenarios: names of scenarios, built-in ones or files of yours in `config_dir`
    replicates: runs of each scenario, at least 1, or "auto": as many as `precision` takes
    precision: with replicates="auto", the largest Monte Carlo standard error of a headline mean or difference, in parts
        of the metric's scale (docs/results.md); `Forecast.precision` reports the value reached
    seed: seed of all random numbers, 0 to 10**13
    weeks: length of the run, 1 to 522 (None: as configured, 56)
    reference: the scenario that the others are measured against (None: "council" where it is compared, else the first)
    workers: number of processes (1: this process; None: as the engine is configured, all cores); the numbers do not
        depend on it
    overrides: settings as on the command line, such as "intervention.points.attendance=4"; one that has no effect here
        is refused
    config_dir: folder with your own files, such as intervention/mine.yaml and scenario/mine.yaml
    progress: show a bar where somebody watches

    Raises InputError with one line for anything that cannot be used, ReplicatesFailedError if a replicate fails.
    """
    from consensus_sim.forecast.simulator import Simulator
    from consensus_sim.runs.engines import Processes, Serial, build_engine

    if isinstance(scenarios, str) or not isinstance(scenarios, Sequence):
        raise not_allowed("scenarios", scenarios, phrase("a_list_of_names"))
    arguments: dict[str, object] = {
        "scenarios": scenarios,
        "replicates": replicates,
        "precision": replicates,
        "seed": seed,
    }
    arguments |= {"calendar.weeks": weeks, "reference": reference, "engine": workers}
    config = _config("compare", community, overrides, config_dir, arguments)
    config |= {"scenarios": list(scenarios), "replicates": replicates, "precision": precision, "seed": seed}
    if reference is not None:
        config["reference"] = reference
    if weeks is not None:
        config["calendar"]["weeks"] = weeks
    if workers is None:
        engine = build_engine(config["engine"])
    else:
        engine = Serial() if workers == 1 else Processes(workers)
    simulator = Simulator(engine, progress=progress)
    return forecast_of(config, simulator, None if isinstance(community, str) else community)


def forecast_of(config: Mapping[str, Any], simulator: Simulator, community: Community | None = None) -> Forecast:
    """The forecast of the study that `config` describes, on `community` (None: the one of the config)."""
    from consensus_sim.study.study import read_study

    study = read_study(config, community=None if community is None else community.spec.as_dict())
    return simulator.forecast(study, community or simulator.community(config["community"]))


def load_model(
    community: Community | str,
    scenario: str,
    *,
    seed: int = 1,
    replicate: int = 0,
    weeks: int | None = None,
    overrides: Sequence[str] = (),
    config_dir: str | Path | None = None,
) -> CommunityModel:
    """The model of one run of `scenario` before its first week: `model.step()` simulates a week, `model.run()` all.

    It is replicate `replicate` of a comparison with `seed`. Arguments else as for `compare`.
    """
    from consensus_sim.runs.replicate import build_model
    from consensus_sim.study.precision import MOST_REPLICATES
    from consensus_sim.study.study import read_study, whole

    arguments = {"scenarios": scenario, "seed": seed, "calendar.weeks": weeks}
    config = _config("load_model", community, overrides, config_dir, arguments)
    config |= {"scenarios": [scenario], "seed": seed}
    if weeks is not None:
        config["calendar"]["weeks"] = weeks
    if isinstance(community, str):
        from consensus_sim.community import build_community

        study, community = read_study(config), build_community(config["community"])
    else:
        study = read_study(config, community=community.spec.as_dict())
    if community.places.n_copies > 1:
        raise not_allowed("load_model", phrase("copies", count=community.places.n_copies), phrase("one_copy"))
    number = whole("replicate", replicate, 0, MOST_REPLICATES - 1)
    return build_model(community, study.scenario(scenario), study, number)


def _config(
    function: str,
    community: Community | str | None,
    overrides: Sequence[str],
    config_dir: str | Path | None,
    arguments: Mapping[str, object],
) -> dict[str, Any]:
    """The composed config of `function`. Refuses overrides that would have no effect: of what it does not read, of the
    spec of a `community` that is built, and of what the caller gives as one of the `arguments` (key -> value).
    """
    from consensus_sim.community import Community
    from consensus_sim.study.config import compose

    named = isinstance(community, str)
    if not (named or isinstance(community, Community) or (community is None and function == "load_scenario")):
        raise InputError("no_community", found=str(community))
    if isinstance(overrides, str) or not all(isinstance(change, str) for change in overrides):
        raise not_allowed("overrides", overrides, phrase("a_list_of_changes"))
    if not isinstance(config_dir, str | Path | None):
        raise not_allowed("config_dir", config_dir, phrase("a_path", most=LONGEST_NAME))
    for change in overrides:
        key = change.lstrip("+~").partition("=")[0]
        group = key.partition(".")[0].partition("@")[0].partition("/")[0]
        for argument, value in {**arguments, **({"community": community} if named else {})}.items():
            if value is not None and (key == argument or (argument == "engine" and group == argument)):
                name = {"calendar.weeks": "weeks", "engine": "workers"}.get(argument, argument)
                name = "scenario" if name == "scenarios" and function != "compare" else name
                raise InputError("argument_instead", found=change, argument=name)
        if group == "community" and not named and community is not None:
            raise InputError("community_given", found=change)
        if group not in _READ[function] and not _is_unknown(group):
            raise InputError("override_unread", found=change, function=function, names=list(_READ[function]))
    chosen = [f"community={community}"] if named else []
    return compose([*chosen, *overrides], config_dir=config_dir)


def _is_unknown(group: str) -> bool:
    """Whether no config has `group`: composing says so, with what is near."""
    from consensus_sim.study.config_source import sections

    return group not in sections()


def load_scenario(name: str, *, overrides: Sequence[str] = (), config_dir: str | Path | None = None) -> Scenario:
    """The scenario called `name` with all settings of its levers, checked. Arguments as for `compare`."""
    from consensus_sim.study.study import Plan, check_levers, scenario_of

    plan = Plan(_config("load_scenario", None, overrides, config_dir, {}))
    scenario = scenario_of(known("scenario", name, plan.scenarios), plan)
    check_levers([scenario], plan)
    return scenario


def of_short_tables(forecast: Forecast) -> dict[str, pd.DataFrame]:
    """Variance and drivers of the metrics of the short tables, over all adults."""
    from consensus_sim.catalogue import contrast_metrics

    found = {"variance": forecast.variance(), "drivers": forecast.drivers()}
    short = {name: (t["group"] == "all") & t["metric"].isin(contrast_metrics()) for name, t in found.items()}
    return {name: table[short[name]].reset_index(drop=True) for name, table in found.items()}


def run(command: Command) -> Findings:
    """Compares the scenarios of the config."""
    from consensus_sim.experiments.compare.text import print_comparison, write_page

    config = command.config
    forecast = forecast_of(config, command.simulator)
    return of_forecast(
        forecast,
        show=lambda language, console: print_comparison(forecast, config, console),
        page=lambda folder, facts: write_page(forecast, config, folder, facts),
        published=lambda: of_short_tables(forecast),
    )
