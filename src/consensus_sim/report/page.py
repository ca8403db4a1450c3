"""Report of a comparison: figures as files, and one self-contained page that holds everything."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from consensus_sim.catalogue import check_language, label_of, metric, metric_names, text, texts, themes
from consensus_sim.errors import not_allowed, one_of
from consensus_sim.report import Scenarios
from consensus_sim.report.answer import headlines, verdicts
from consensus_sim.report.tables import Cell, Numbers, legend
from consensus_sim.settings import number_phrase
from consensus_sim.study.rules import rules

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from consensus_sim.community import Community

TEMPLATES = Path(__file__).with_name("templates")
SECTIONS = ("question", "answer", "figures", "tables", "certainty", "definitions", "community", "limits", "provenance")
LEAST_DPI, MOST_DPI = 50, 600
FEW = 20
"""Replicates below which the 5th to 95th percentile is no more than the range of the replicates themselves."""
BY_GROUP = "reach_quarter"
"""The metric that is reported for every group of residents."""
WEEKS_A_YEAR, MONTHS_A_YEAR = 52, 12

Fact: TypeAlias = "str | int | float | bool | None | Sequence[Fact] | Mapping[str, Fact]"
"""Value of the provenance, possibly nested."""


@dataclass(frozen=True)
class Results:
    """Results of a comparison, and the scenarios in the order in which they are shown.

    tables: by name; figures are drawn from weekly and grids if these are present
    summary, contrasts: as in summary.csv and contrasts.csv
    reference: name of the scenario with which the others are compared
    """

    tables: Mapping[str, pd.DataFrame]
    summary: pd.DataFrame
    contrasts: pd.DataFrame
    community: Community
    scenarios: Scenarios
    reference: str

    @property
    def several(self) -> bool:
        """True if scenarios are compared, instead of one shown alone."""
        return len(self.scenarios) > 1

    def label(self, language: str) -> str:
        """Label of the reference."""
        return dict(self.scenarios)[self.reference][language]


@dataclass(frozen=True)
class Notes:
    """Question, sentences and provenance of a study, in the language of the report.

    assumptions: of this study
    certainty: where the intervals come from (`report.certainty`)
    precision: how exact the tables are (`report.precision`); technical: the same, for the appendix
    own: what the user's own scenarios set
    provenance: everything needed to reproduce the numbers
    """

    question: str
    assumptions: Sequence[str] = ()
    certainty: Sequence[str] = ()
    precision: Sequence[str] = ()
    technical: Sequence[str] = ()
    own: Sequence[str] = ()
    provenance: Mapping[str, Fact] | None = None

    @property
    def facts(self) -> Mapping[str, Fact]:
        """The provenance, empty if none was given."""
        return self.provenance or {}


@dataclass(frozen=True)
class Output:
    """Settings of the group `report`: language, whether figures and page are written, and dots per inch of figures."""

    language: str = "en"
    figures: bool = True
    html: bool = True
    dpi: int = 150

    def __post_init__(self) -> None:
        """Raises InputError for an unknown language or a `dpi` out of range."""
        check_language(self.language)
        if not LEAST_DPI <= self.dpi <= MOST_DPI:
            raise not_allowed("report.dpi", self.dpi, number_phrase(LEAST_DPI, MOST_DPI, whole=False))


@dataclass(frozen=True)
class Picture:
    """A figure as a PNG, its description for those who cannot see it, and its caption."""

    name: str
    png: bytes
    alt: str
    caption: str

    @property
    def data(self) -> str:
        """The PNG in base64."""
        return base64.b64encode(self.png).decode("ascii")

    @property
    def width(self) -> int:
        """Width in pixels, from the PNG's header."""
        return int.from_bytes(self.png[16:20], "big")

    @property
    def height(self) -> int:
        """Height in pixels, from the PNG's header."""
        return int.from_bytes(self.png[20:24], "big")


@dataclass(frozen=True)
class Row:
    """Row of a table: one metric or group, a cell for each scenario, standard errors of means and differences."""

    label: str
    unit: str
    cells: list[Cell]
    errors: list[str]


@dataclass(frozen=True)
class Table:
    """Table of the page; `head` is the heading of its first column."""

    caption: str
    head: str
    rows: list[Row]


def write_report(results: Results, notes: Notes, folder: Path, output: Output | None = None) -> list[Path]:
    """Write figures/*.png and report.html into `folder`, which exists; returns the files.

    Raises InputError for an unknown reference.
    """
    output = output or Output()
    names = [name for name, _ in results.scenarios]
    if results.reference not in names:
        raise one_of("reference", results.reference, names)
    pictures = _draw(results, output) if output.figures else []
    files = []
    if pictures:
        (folder / "figures").mkdir(exist_ok=True)
    for picture in pictures:
        path = folder / "figures" / f"{picture.name}.png"
        path.write_bytes(picture.png)
        files.append(path)
    if output.html:
        path = folder / "report.html"
        path.write_text(_page(results, notes, pictures, output.language), encoding="utf-8")
        files.append(path)
    return files


def _draw(results: Results, output: Output) -> list[Picture]:
    """Every figure that the tables allow."""
    from consensus_sim.report import figures as draw

    scenarios, reference, language = results.scenarios, results.reference, output.language
    words = {"reference": results.label(language)}
    drawn: list[tuple[str, Figure, dict[str, str]]] = []
    weekly, grids = results.tables.get("weekly"), results.tables.get("grids")
    present = set(results.summary["metric"])
    if weekly is not None and len(weekly):
        drawn.append(("forecasts", draw.draw_forecasts(weekly, scenarios, reference, language), words))
    if results.several and len(results.contrasts):
        drawn.append(("contrasts", draw.draw_contrasts(results.contrasts, scenarios, reference, language), words))
    if "consensus_settled" in present:
        drawn.append(("consensus", draw.draw_consensus(results.summary, scenarios, language), words))
    if BY_GROUP in present:
        groups = draw.draw_groups(results.summary, scenarios, reference, language, BY_GROUP)
        drawn.append(("groups", groups, words))
    if grids is not None and len(grids):
        counted = "resident" if draw.counted(grids) == "participations" else "ordinary"
        known = "assumed" if results.community.spec.buildings_file is None else "registered"
        given = {"residents": text(f"figure.map.{counted}", language), "places": text(f"figure.map.{known}", language)}
        drawn.append(("map", draw.draw_map(grids, results.community, scenarios, language), given))
    alone = not results.several
    return [_picture(name, _png(figure, output.dpi), given, language, alone) for name, figure, given in drawn]


def _png(figure: Figure, dpi: int) -> bytes:
    """`figure` as a PNG."""
    from consensus_sim.report.typeface import styled

    buffer = io.BytesIO()
    with styled():
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def _picture(name: str, png: bytes, words: dict[str, str], language: str, alone: bool) -> Picture:
    """A figure with its words; `alone`: it shows a single scenario."""
    one = "_one" if alone and f"figure.{name}.caption_one" in texts() else ""
    alt, caption = (text(f"figure.{name}.{kind}{one}", language, **words) for kind in ("alt", "caption"))
    return Picture(name, png, alt, caption)


def _tables(numbers: Numbers, scenarios: Scenarios, language: str) -> list[Table]:
    """A table for each theme, and one of `BY_GROUP` by group of residents."""
    found = []
    for theme in themes():
        rows = []
        for name in metric_names(theme, numbers.metrics):
            words = metric(name).label(language)
            rows += _rows(numbers, name, "all", words, scenarios, language)
            narrow = text("response.group", language, metric=words, group=label_of("group", "active", language))
            rows += _rows(numbers, name, "active", narrow, scenarios, language)
        if rows:
            found.append(Table(text(f"theme.{theme}", language), text("table.metric", language), rows))
    groups = dict.fromkeys(group for _, name, group in numbers.values if name == BY_GROUP)
    rows = []
    for group in groups:
        rows += _rows(numbers, BY_GROUP, group, label_of("group", group, language), scenarios, language)
    if len(rows) > 1:
        unit = text("figure.groups.axis", language)
        rows = [Row(row.label, unit, row.cells, row.errors) for row in rows]
        found.append(Table(text("report.groups", language), text("table.group", language), rows))
    return found


def _rows(numbers: Numbers, name: str, group: str, label: str, scenarios: Scenarios, language: str) -> list[Row]:
    """One row, or none if no scenario has the metric."""
    if not numbers.has(name, group):
        return []
    cells = [numbers.cell(scenario, name, group) for scenario, _ in scenarios]
    errors = [metric(name).show_error(one) for one in numbers.error(name, group)]
    return [Row(label, metric(name).unit_label(language), cells, errors)]


def _few(replicates: int, draws: int | None, language: str) -> str:
    """Caution for few replicates with few parameter draws (None: one scenario, nothing is compared); "" for enough."""
    if replicates >= FEW:
        return ""
    if draws is None:
        return text("report.few_one", language, replicates=replicates)
    key = "report.few" if draws >= rules().fewest else "report.too_few"
    return text(key, language, replicates=replicates, sets=draws, fewest=rules().fewest)


def _subtitle(community: Community, language: str) -> str:
    """Name and size of the community simulated, in one line."""
    return text(
        "report.subtitle", language, community=community.label[language], residents=f"{community.n_residents:,}",
        grids=community.places.n_grids, micro_grids=community.places.n_micro_grids,
    )  # fmt: skip


def _weeks(results: Results, notes: Notes) -> int:
    """Weeks simulated; 0 if unknown."""
    weekly = results.tables.get("weekly")
    if weekly is not None and len(weekly):
        return int(weekly["week"].max() - weekly["week"].min()) + 1
    weeks = notes.facts.get("weeks")
    return weeks if isinstance(weeks, int) else 0


def _period(weeks: int, language: str) -> str:
    """Length of the run: in months from a quarter on, else in weeks."""
    if weeks < WEEKS_A_YEAR / 4:
        return text("report.weeks", language, weeks=weeks or text("undefined", language))
    return text("report.months", language, months=round(weeks * MONTHS_A_YEAR / WEEKS_A_YEAR), weeks=weeks)


def _compared(results: Results, notes: Notes, replicates: int, language: str) -> str:
    """The comparison in one sentence."""
    period = _period(_weeks(results, notes), language)
    if not results.several:
        return text("report.single", language, replicates=replicates, period=period)
    given = {"scenarios": len(results.scenarios), "reference": results.label(language)}
    return text("report.compared", language, replicates=replicates, period=period, **given)


def _marginals(community: Community, language: str) -> list[dict[str, str]]:
    """Set values of the community against those of the residents generated, in words."""
    places = community.places
    estates = {key: places.estate_name(number, language) for number, key in enumerate(places.estate_key)}
    estates["all"] = text("report.everywhere", language)
    found = []
    for row in community.marginals().to_dict("records"):
        scale, after = (100, " %") if str(row["unit"]).startswith("share") else (1, "")
        found.append(
            {
                "name": label_of("marginal", row["name"], language),
                "group": estates.get(row["group"], row["group"]),
                **{key: f"{round(row[key] * scale, 2):,.12g}{after}" for key in ("target", "achieved")},
                "unit": label_of("marginal_unit", row["unit"], language),
                "source": label_of("marginal_source", str(row["source"]), language),
            }
        )
    return found


def _flat(value: Fact, language: str) -> str:
    """A value of the provenance on one line; entries without a value are left out."""
    if isinstance(value, Mapping):
        known = {label_of("provenance", str(name), language): one for name, one in value.items() if one is not None}
        return ", ".join(f"{name} {_flat(one, language)}" for name, one in known.items())
    if isinstance(value, bool):
        return text(f"provenance.{'yes' if value else 'no'}", language)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_flat(inner, language) for inner in value)
    return text("undefined", "en") if value is None else str(value)


def _page(results: Results, notes: Notes, pictures: Sequence[Picture], language: str) -> str:
    """The page. Text in Chinese carries the letters that it needs."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    from consensus_sim.report.figures.layout import colours
    from consensus_sim.report.typeface import FAMILY, web_font

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html.j2")
    numbers, scenarios = Numbers(results.summary, results.contrasts, results.reference), results.scenarios
    community, replicates = results.community, numbers.replicates()
    adults = int(community.population.adult.sum())
    marginals = _marginals(community, language)
    present = {"figures": pictures, "community": marginals, "certainty": notes.certainty}
    content = {
        "results": results,
        "notes": notes,
        "lang": language,
        "t": lambda key, **values: text(key, language, **values),
        "sections": [name for name in SECTIONS if present.get(name, True)],
        "subtitle": _subtitle(community, language),
        "compared": _compared(results, notes, replicates, language),
        "changes": _flat(notes.facts.get("changes", ()), language),
        "headlines": headlines(numbers, scenarios, language) if results.several else [],
        "few": _few(replicates, numbers.sets() if results.several else None, language),
        "fewest": rules().fewest,
        "verdicts": verdicts(numbers, scenarios, language, community.places.n_micro_grids, adults),
        "tints": colours(scenarios, results.reference),
        "figures": pictures,
        "legend": legend(numbers, scenarios, language),
        "tables": _tables(numbers, scenarios, language),
        "definitions": [metric(name) for name in metric_names(present=numbers.metrics) if numbers.has(name)],
        "marginals": marginals,
        "limits": [label[language] for key, label in texts().items() if key.startswith("limit.")],
        "provenance": [
            (label_of("provenance", name, language), _flat(one, language)) for name, one in notes.facts.items()
        ],
    }
    page = template.render(**content, font_face="", typeface="")
    if language != "zh":
        return page
    data = base64.b64encode(web_font(page)).decode("ascii")
    source = f'url(data:font/woff;base64,{data}) format("woff")'
    face = f'@font-face {{ font-family: "{FAMILY}"; src: {source}; font-display: block; }}'
    return template.render(**content, font_face=Markup(face), typeface=Markup(f'"{FAMILY}", '))
