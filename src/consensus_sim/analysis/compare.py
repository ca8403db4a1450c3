"""Compare scenarios on one community: the library's way to the main job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from consensus_sim.errors import InputError, not_allowed, phrase
from consensus_sim.settings import LONGEST_NAME, known

if TYPE_CHECKING:
    from consensus_sim.community import Community
    from consensus_sim.forecast.forecast import Forecast
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
    """Play `scenarios` on `community`, `replicates` times each under common random numbers.

    community: a `Community`, or the name of one ("case_study", "teaching")
    scenarios: names of scenarios, built-in ones or files of yours in `config_dir`
    replicates: runs of each scenario, at least 1, or "auto": as many as `precision` takes
    precision: with replicates="auto", the largest Monte Carlo standard error of a headline mean or difference, in parts
        of the metric's scale (docs/results.md); `Forecast.precision` says what was reached
    seed: root of all chance, 0 to 10**13
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
    from consensus_sim.forecast.run import first_start, run_ensemble
    from consensus_sim.runs.engines import Processes, Serial, build_engine
    from consensus_sim.runs.store import ReplicateStore
    from consensus_sim.study.study import read_study

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
    if isinstance(community, str):
        study, cold = read_study(config), first_start()
        from consensus_sim.community import build_community

        community = build_community(config["community"])
    else:
        study, cold = read_study(config, community=community.spec.as_dict()), first_start()
    store = ReplicateStore(study, community)
    return run_ensemble(study, community, engine, store, cold=cold, progress=progress)


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
    """The model of one run of `scenario` before its first week: `model.step()` plays a week, `model.run()` all of them.

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
