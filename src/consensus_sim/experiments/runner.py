"""The runner of every experiment: checks the command, simulates, writes the folder of results, prints and publishes.

An experiment is a folder here: `study.py` has a function `run`, from a `Command` to `Findings`; `text.py` and
`figure.py` have its words and figures.
"""

from __future__ import annotations

import datetime
import importlib
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from consensus_sim.errors import InputError
from consensus_sim.interventions.loading import as_written, is_own, load_named
from consensus_sim.runs.engines import build_engine
from consensus_sim.settings import STRICT, FilePath, Label, Text, accepted, choice, read, setting, switch

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from rich.console import Console

    from consensus_sim.community import Community
    from consensus_sim.forecast.forecast import Forecast
    from consensus_sim.forecast.simulator import Simulator
    from consensus_sim.study.scenario import Study

LANGUAGES = ("zh", "en")
EXPERIMENTS = (
    "compare", "city", "calibrate", "validate", "sensitivity", "robustness", "disputes", "patterns", "response",
    "choose", "levers", "factorial", "plan", "core", "spread", "rough_size", "pictures",
)  # fmt: skip
"""What the setting `analysis` may be: folders of this package; or a function of the user's own (`experiment_of`)."""
PUBLISHED_DPI = 110


@dataclass(frozen=True)
class Command:
    """Input of an experiment: the composed config as plain values, and the simulator."""

    config: Mapping[str, Any]
    simulator: Simulator

    @property
    def community(self) -> Community:
        """Community of the config, built at each access."""
        return self.simulator.community(self.config["community"])


def _nothing(*given: object) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Results of an experiment, and how they are written, printed and published.

    study: what was simulated, for the provenance; tables: by name, each written as <name>.csv
    show: prints them, in a language; draw: figures by name in a language, each written as figures/<name>.png; called
        only where figures are asked for
    write: writes whatever else belongs to the results into a folder; facts: what provenance.json says beside where the
        numbers come from; page: writes pages for people into a folder, given the content of provenance.json
    published: the tables that `publish=true` writes, by name (None: `tables`), which may take further runs; plates: the
        figures that it writes, by name in a language; digits: of the numbers in published tables
    """

    study: Study
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    show: Callable[[str, Console], object] = _nothing
    draw: Callable[[str], Mapping[str, Figure]] = _nothing
    write: Callable[[Path], object] = _nothing
    facts: Mapping[str, Any] = field(default_factory=dict)
    page: Callable[[Path, Mapping[str, Any]], object] = _nothing
    published: Callable[[], Mapping[str, pd.DataFrame]] | None = None
    plates: Callable[[str], Mapping[str, Figure]] = _nothing
    digits: int = 6

    def save(self, folder: Path, config: Mapping[str, Any], started: datetime.datetime) -> Path:
        """Writes the results to `folder`, or `folder-2`, ... where that is taken, whole or not at all; its place."""
        from consensus_sim.forecast.forecast import NUMBERS, write_origin
        from consensus_sim.saving import save_whole

        def write(place: Path) -> None:
            for name, table in self.tables.items():
                table.to_csv(place / f"{name}.csv", index=False, float_format=NUMBERS, lineterminator="\n")
            self.write(place)
            if config["report"].get("figures"):
                for name, figure in self.draw(config["report"]["language"]).items():
                    save_figure(figure, place / "figures" / f"{name}.png", config["report"]["dpi"])
            self.page(place, write_origin(place, self.study, config, started, self.facts))

        return save_whole(folder, write)

    def publish(self, folder: Path, community: str) -> None:
        """Writes the published tables and figures to `folder`: <name>.csv for the case study's community, else
        <name>_<community>.csv.
        """
        from consensus_sim.saving import write_whole

        ending = "" if community == "case_study" else f"_{community}"
        for name, table in (self.tables if self.published is None else self.published()).items():
            text = table.to_csv(index=False, float_format=f"%.{self.digits}g", lineterminator="\n")
            write_whole(folder / f"{name}{ending}.csv", text.encode())
        for language, end in (("en", "png"), ("zh", "zh.png")):
            for name, figure in self.plates(language).items():
                save_figure(figure, folder / f"{name}{ending}.{end}", PUBLISHED_DPI)


Experiment = Callable[[Command], Findings]


def of_forecast(forecast: Forecast, **rest: Any) -> Findings:
    """Findings whose results begin with the tables of `forecast`; `rest`: the other fields."""
    exact = forecast.precision()
    facts = {} if exact is None else {"monte_carlo_error": exact.facts()}
    return Findings(study=forecast.study, write=forecast.write_tables, facts=facts, **rest)


def labels(forecast: Forecast) -> list[tuple[str, dict[str, str]]]:
    """(name, label by language) of every scenario, in the study's order."""
    return [(scenario.name, scenario.label) for scenario in forecast.study.scenarios]


def save_figure(figure: Figure, place: Path, dpi: int) -> None:
    """Writes `figure` to `place`, in a folder that is made if it is missing."""
    from consensus_sim.report.typeface import styled

    place.parent.mkdir(parents=True, exist_ok=True)
    with styled():
        figure.savefig(place, dpi=dpi)


def run_experiment(config: Mapping[str, Any], folder: Path) -> Path:
    """Runs the `analysis` of `config`, writes its results to `folder` and prints them; returns their place.

    config: the composed config as plain values; folder: results/<experiment>/<time>[/<job>]
    Raises InputError for errors that the user can correct, including a results folder that cannot be written.
    """
    from rich.console import Console

    from consensus_sim.forecast.run import announce_first_start
    from consensus_sim.forecast.simulator import Simulator, writing

    started = datetime.datetime.now(datetime.UTC)
    announce_first_start()
    check_config(config)
    run, results = experiment_of(config.get("analysis", "compare")), Path(config["results"])
    engine, store = build_engine(config["engine"]), config["store"]
    simulator = Simulator(engine, results / ".replicates", reuse=store["reuse"])
    check_writable(results)
    found = run(Command(config, simulator))
    with writing(results):
        place = found.save(folder, config, started)
        if config.get("publish"):
            found.publish(results / "reference", config["community"]["name"])
    simulator.finish(keep=store["keep"])
    found.show(config["report"]["language"], Console())
    print(f"results: {os.path.relpath(place)}")
    if (place / "report.html").is_file():
        print(f"report: {os.path.relpath(place / 'report.html')}")
    return place


def experiment_of(name: str) -> Experiment:
    """Function that runs the experiment `name`: one of `EXPERIMENTS`, or a function of a file of the user's beside the
    experiment's YAML file, `my_file.py:run`.
    """
    if is_own(name):
        run = load_named("analysis", name)
        if not callable(run):
            raise InputError("experiment_no_function", where="analysis", found=str(as_written(name)))
        return run
    found: Experiment = importlib.import_module(f"consensus_sim.experiments.{name}.study").run
    return found


MOST_LETTERS = 100
Name = Annotated[
    str,
    Field(strict=True),
    accepted(
        lambda name: name.replace("-", "").replace("_", "").isalnum() and len(name.encode()) <= MOST_LETTERS,
        "a_folder_name",
        most=MOST_LETTERS,
    ),
]
"""A name that a folder of results can have."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Reports for readers, written in addition to the tables (configs/report)."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    language: str = choice(*LANGUAGES)
    figures: bool = switch()
    html: bool = switch()
    dpi: int = setting(50, 600, "dots per inch")
    assumptions: dict[Annotated[str, choice(*LANGUAGES)], list[Text]] | None = None


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """Storage and reuse of finished replicates."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    reuse: bool = switch()
    keep: bool = switch()


@dataclass(frozen=True, kw_only=True)
class Run:
    """The settings of a command that belong to no part of the model."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    analysis: str = choice(*EXPERIMENTS)
    experiment_name: Name
    question: Label
    results: FilePath
    debug: bool = switch()
    publish: bool = switch()
    store: Keeping
    report: Report


def check_config(config: Mapping[str, Any]) -> None:
    """Checks the settings that belong to no part of the model: all errors of them together."""
    named = {each.name: config.get(each.name) for each in fields(Run)}
    name = config.get("analysis", "compare")
    read(Run, {**named, "analysis": EXPERIMENTS[0] if is_own(name) else name}, "")


def check_writable(results: Path) -> None:
    """Refuses a results folder that cannot be written, before anything is simulated; leaves no trace."""
    from consensus_sim.forecast.simulator import writing

    with writing(results):
        nearest = next(folder for folder in (results, *results.absolute().parents) if folder.exists())
        with tempfile.TemporaryFile(dir=nearest):
            pass
