"""The report: figures as files, and one self-contained page that holds everything."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consensus_sim.catalogue import check_language, label_of, metric, metric_names, text, texts, themes
from consensus_sim.errors import not_allowed, one_of
from consensus_sim.report import Scenarios
from consensus_sim.report.answer import headlines, verdicts
from consensus_sim.report.tables import Numbers, legend
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
"""With fewer replicates hardly one could lie outside their own 5th to 95th percentile."""
BY_GROUP = "reach_quarter"
"""The metric that is told for every group of residents."""


def write_report(
    tables: Mapping[str, pd.DataFrame],
    *,
    summary: pd.DataFrame,
    contrasts: pd.DataFrame,
    community: Community,
    scenarios: Scenarios,
    reference: str,
    question: dict[str, str],
    provenance: Mapping[str, Any],
    assumptions: Sequence[str] | None = None,
    certainty: Sequence[str] | None = None,
    precision: Sequence[str] | None = None,
    own: Sequence[str] | None = None,
    language: str = "en",
    folder: Path,
    figures: bool = True,
    html: bool = True,
    dpi: int = 150,
) -> list[Path]:
    """Write figures/*.png and report.html into `folder`, which exists; returns the files.

    tables: by name; weekly and grids are drawn where they are there
    summary, contrasts: as in summary.csv and contrasts.csv
    community: gives places (for the map), n_residents, label, marginals()
    scenarios: (name, {"zh": label, "en": label}) in the order in which they are shown; reference: one of the names
    question: {"zh": ..., "en": ...}; assumptions: sentences of this study, in the language of the report
    certainty: sentences on where the intervals come from (`report.certainty`), in the language of the report
    precision: sentences on how exact the tables are (`report.precision`), in the language of the report
    own: sentences on what the user's own scenarios set, in the language of the report
    provenance: what is needed to make the numbers again; values may be nested
    figures, html: whether to write them; dpi: of the figures
    Raises InputError for an unknown language or reference, or a `dpi` outside 50..600.
    """
    check_language(language)
    if not LEAST_DPI <= dpi <= MOST_DPI:
        raise not_allowed("report.dpi", dpi, number_phrase(LEAST_DPI, MOST_DPI, whole=False))
    names = [name for name, _ in scenarios]
    if reference not in names:
        raise one_of("reference", reference, names)
    drawn = _draw(tables, summary, contrasts, community, scenarios, reference, language, dpi) if figures else []
    files = []
    if drawn:
        (folder / "figures").mkdir(exist_ok=True)
    for name, picture, _ in drawn:
        path = folder / "figures" / f"{name}.png"
        path.write_bytes(picture)
        files.append(path)
    if html:
        numbers = Numbers(summary, contrasts, reference)
        content = {
            **_answer_content(numbers, scenarios, language, community.places.n_micro_grids),
            "question": question[language],
            "subtitle": _subtitle(community, language),
            "compared": _compared(numbers, scenarios, language, _weeks(tables, provenance)),
            "changes": _flat(provenance.get("changes", ()), language),
            "own": list(own or []),
            "figures": [
                _figure_content(name, picture, words, language, len(scenarios) == 1) for name, picture, words in drawn
            ],
            "marginals": _marginals(community, language),
            "assumptions": list(assumptions or []),
            "certainty": list(certainty or []),
            "precision": list(precision or []),
            "limits": [label[language] for key, label in texts().items() if key.startswith("limit.")],
            "provenance": [
                (label_of("provenance", str(key), language), _flat(one, language)) for key, one in provenance.items()
            ],
        }
        path = folder / "report.html"
        path.write_text(_render(content, language), encoding="utf-8")
        files.append(path)
    return files


Drawn = tuple[str, bytes, dict[str, str]]
"""Name of a figure, its PNG, and the words that its caption needs."""


def _draw(
    tables: Mapping[str, pd.DataFrame], summary: pd.DataFrame, contrasts: pd.DataFrame, community: Community,
    scenarios: Scenarios, reference: str, language: str, dpi: int,
) -> list[Drawn]:  # fmt: skip
    """Every figure that the tables allow."""
    from consensus_sim.report import figures as draw

    words = {"reference": dict(scenarios)[reference][language]}
    wanted: list[tuple[str, Callable[[], Figure], dict[str, str]]] = []
    weekly, grids = tables.get("weekly"), tables.get("grids")
    if weekly is not None and len(weekly):
        wanted.append(("forecasts", lambda: draw.draw_forecasts(weekly, scenarios, reference, language), words))
    if len(scenarios) > 1 and len(contrasts):
        wanted.append(("contrasts", lambda: draw.draw_contrasts(contrasts, scenarios, reference, language), words))
    if (summary["metric"] == "consensus_settled").any():
        wanted.append(("consensus", lambda: draw.draw_consensus(summary, scenarios, language), words))
    if (summary["metric"] == BY_GROUP).any():
        wanted.append(("groups", lambda: draw.draw_groups(summary, scenarios, reference, language, BY_GROUP), words))
    if grids is not None and len(grids):
        ordinary = "ordinary" if draw.counted(grids) != "participations" else "resident"
        known = "assumed" if community.spec.buildings_file is None else "registered"
        whom = {name: text(f"figure.map.{key}", language) for name, key in (("whom", ordinary), ("places", known))}
        wanted.append(("map", lambda: draw.draw_map(grids, community, scenarios, language), whom))
    return [(name, _png(function(), dpi), given) for name, function, given in wanted]


def _png(figure: Figure, dpi: int) -> bytes:
    """`figure` as a PNG."""
    from consensus_sim.report.typeface import styled

    buffer = io.BytesIO()
    with styled():
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def _figure_content(name: str, picture: bytes, words: dict[str, str], language: str, alone: bool) -> dict[str, Any]:
    """What the page needs of one figure; width and height are those of the PNG's header."""
    width, height = int.from_bytes(picture[16:20], "big"), int.from_bytes(picture[20:24], "big")
    one = "_one" if alone and f"figure.{name}.caption_one" in texts() else ""
    return {
        "data": base64.b64encode(picture).decode("ascii"),
        "width": width,
        "height": height,
        "alt": text(f"figure.{name}.alt{one}", language, **words),
        "caption": text(f"figure.{name}.caption{one}", language, **words),
    }


def _answer_content(numbers: Numbers, scenarios: Scenarios, language: str, n_micro_grids: int) -> dict[str, Any]:
    """Answer and tables."""
    from consensus_sim.report.figures.layout import colours

    names = [name for name, _ in scenarios]
    label = dict(scenarios)[numbers.reference][language]
    several, replicates = len(scenarios) > 1, numbers.replicates()
    found: list[dict[str, Any]] = []
    for theme in themes():
        rows = []
        for name in metric_names(theme, numbers.metrics):
            words = metric(name).label(language)
            rows.append(_row(numbers, name, "all", words, scenarios, language))
            narrow = f"{words} ({label_of('group', 'active', language)})"
            rows.append(_row(numbers, name, "active", narrow, scenarios, language))
        rows = [row for row in rows if row is not None]
        if rows:
            head = text("table.metric", language)
            found.append({"caption": text(f"theme.{theme}", language), "head": head, "rows": rows})
    groups = [group for _, name, group in numbers.values if name == BY_GROUP]
    rows = [
        _row(numbers, BY_GROUP, group, label_of("group", group, language), scenarios, language)
        for group in dict.fromkeys(groups)
    ]
    rows = [{**row, "unit": text("figure.groups.axis", language)} for row in rows if row is not None]
    if len(rows) > 1:
        found.append({"caption": text("report.groups", language), "head": text("table.group", language), "rows": rows})
    return {
        "headlines": headlines(numbers, scenarios, language) if several else [],
        "few": _few(replicates, numbers.sets() if several else None, language),
        "verdicts": verdicts(numbers, scenarios, language, n_micro_grids),
        "tables": found,
        "legend": legend(numbers, scenarios, language),
        "fewest": rules().fewest,
        "scenarios": scenarios,
        "several": several,
        "reference": label,
        "reference_name": numbers.reference,
        "reference_index": names.index(numbers.reference),
        "tints": colours(scenarios, numbers.reference),
        "definitions": [metric(name) for name in metric_names(present=numbers.metrics) if numbers.has(name)],
    }


def _few(replicates: int, sets: int | None, language: str) -> str:
    """What so few replicates, of so many sets of parameters, cannot tell (None: of one scenario, where nothing is
    compared); "" where they are enough.
    """
    if replicates >= FEW:
        return ""
    if sets is None:
        return text("report.few_one", language, replicates=replicates)
    key = "report.few" if sets >= rules().fewest else "report.too_few"
    return text(key, language, replicates=replicates, sets=sets, fewest=rules().fewest)


def _row(
    numbers: Numbers, name: str, group: str, label: str, scenarios: Scenarios, language: str
) -> dict[str, Any] | None:
    """One row of a table, or None where no scenario has the metric."""
    if not numbers.has(name, group):
        return None
    cells = [numbers.cell(scenario, name, group) for scenario, _ in scenarios]
    errors = [metric(name).show_error(one) for one in numbers.error(name, group)]
    return {"label": label, "unit": metric(name).unit_label(language), "cells": cells, "errors": errors}


def _subtitle(community: Community, language: str) -> str:
    """What was simulated, in one line."""
    return text(
        "report.subtitle", language, community=community.label[language], residents=f"{community.n_residents:,}",
        grids=community.places.n_grids, micro_grids=community.places.n_micro_grids,
    )  # fmt: skip


def _weeks(tables: Mapping[str, pd.DataFrame], provenance: Mapping[str, Any]) -> int | str:
    """How many weeks were played."""
    weekly = tables.get("weekly")
    if weekly is not None and len(weekly):
        return int(weekly["week"].max() - weekly["week"].min()) + 1
    return str(provenance.get("weeks", text("undefined", "en")))


def _compared(numbers: Numbers, scenarios: Scenarios, language: str, weeks: int | str) -> str:
    """What was compared, in one sentence."""
    given = {"replicates": numbers.replicates(), "weeks": weeks}
    if len(scenarios) == 1:
        return text("report.single", language, **given)
    return text(
        "report.compared",
        language,
        scenarios=len(scenarios),
        reference=dict(scenarios)[numbers.reference][language],
        **given,
    )


def _marginals(community: Community, language: str) -> list[dict[str, str]]:
    """Target against achieved, in words."""
    places = community.places
    estates = {key: places.estate_name(number, language) for number, key in enumerate(places.estate_key)}
    estates["all"] = text("report.everywhere", language)
    found = []
    for row in community.marginals().to_dict("records"):
        scale, after = (100, " %") if str(row["unit"]).startswith("share") else (1, "")
        numbers = {key: f"{round(row[key] * scale, 2):,.12g}{after}" for key in ("target", "achieved")}
        words = {
            "name": label_of("marginal", row["name"], language),
            "unit": label_of("marginal_unit", row["unit"], language),
        }
        found.append(
            {
                **words,
                **numbers,
                "group": estates.get(row["group"], row["group"]),
                "source": label_of("marginal_source", str(row["source"]), language),
            }
        )
    return found


def _flat(value: Any, language: str) -> str:
    """A value of the provenance on one line; what has none is left out of a list of named ones."""
    if isinstance(value, Mapping):
        told = {label_of("provenance", str(name), language): one for name, one in value.items() if one is not None}
        return ", ".join(f"{name} {_flat(one, language)}" for name, one in told.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_flat(inner, language) for inner in value)
    if isinstance(value, bool):
        return text(f"provenance.{'yes' if value else 'no'}", language)
    return text("undefined", "en") if value is None else str(value)


def _render(content: dict[str, Any], language: str) -> str:
    """The page. Text in Chinese carries the letters that it needs."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    from consensus_sim.report.typeface import FAMILY, web_font

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html.j2")
    here = {"figures": content["figures"], "community": content["marginals"], "certainty": content["certainty"]}
    content = {
        **content,
        "lang": language,
        "sections": [name for name in SECTIONS if here.get(name, True)],
        "t": lambda key, **values: text(key, language, **values),
    }
    page = template.render(**content, font_face="", typeface="")
    if language != "zh":
        return page
    data = base64.b64encode(web_font(page)).decode("ascii")
    source = f'url(data:font/woff;base64,{data}) format("woff")'
    face = f'@font-face {{ font-family: "{FAMILY}"; src: {source}; font-display: block; }}'
    return template.render(**content, font_face=Markup(face), typeface=Markup(f'"{FAMILY}", '))
