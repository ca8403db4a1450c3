"""Tables of docs/ made from the published tables (results/reference): `build.py` puts each function's text between the
markers of a page; `answers.py` holds the sentences with which the pages open.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from consensus_sim.catalogue import forecast_metric, forecast_metric_names, label_of, metric, text
from consensus_sim.experiments.verdicts import SIGNS, overall
from consensus_sim.paths import configs_dir

REFERENCE = Path(__file__).parent.parent / "results" / "reference"
CLEAR = 0.01
"""Expected share of false findings among the terms of the factorial that are called clear."""
NARROWED = 0.95
"""Posterior over prior standard deviation below which a parameter is listed."""
NARROW = 0.9
"""Width with the core over width with all parameters below which an interval counts as narrower."""
LARGEST = 10
"""Fixed parameters that the page on sensitivity lists."""
WIDTH = 120
"""Characters a line of text."""
Row = dict[Any, Any]


def read(name: str) -> pd.DataFrame:
    """A published table; empty places of columns of text are empty text."""
    found = pd.read_csv(REFERENCE / name, keep_default_na=False, na_values={})
    return found.apply(_numbers)


def _numbers(column: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(column.replace("", np.nan), errors="coerce")
    return numbers if numbers.notna().any() and numbers.notna().sum() == (column != "").sum() else column


def rows_of(name: str) -> list[Row]:
    """The rows of a published table."""
    return read(name).to_dict("records")


def markdown(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    cells = [list(heads), ["---"] * len(heads), *lines]
    return "".join("| " + " | ".join(line).replace("| |", "|  |") + " |\n" for line in cells)


def number(value: float) -> str:
    """Three digits, without exponent from a thousandth on; nothing for NaN."""
    if value != value:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def interval(low: float, high: float) -> str:
    """Both ends."""
    return f"[{number(low)}; {number(high)}]"


def wrapped(text: str) -> str:
    """`text` in lines of at most `WIDTH` characters, paragraph by paragraph, with a line break at the end."""
    return "\n\n".join(_filled(each, "") for each in text.strip().split("\n\n")) + "\n"


def item(text: str, depth: int = 0) -> str:
    """`text` as an item of a list, in lines of at most `WIDTH` characters, with a line break at the end."""
    margin = "  " * depth
    return _filled(f"{margin}- {text}", f"{margin}  ") + "\n"


def _filled(text: str, margin: str) -> str:
    """`text` broken into lines, further ones behind `margin`; not within brackets nor before a per cent sign."""
    space = "\N{NO-BREAK SPACE}"
    kept = re.sub(r"(?<=\d) %|\[[^\]]*\]", lambda found: found[0].replace(" ", space), text)
    lines = textwrap.fill(kept, WIDTH, subsequent_indent=margin, break_on_hyphens=False, break_long_words=False)
    return lines.replace(space, " ")


def share(value: float, decimals: int = 0) -> str:
    """A share in per cent."""
    return f"{100 * value:.{decimals}f} %" if value == value else ""


# --- calibration ----------------------------------------------------------------------------------------------


def checks() -> str:
    """Recovery of known truths by calibration, and how far the figures lie from the middle, in words."""
    recovery = read("recovery.csv").set_index("parameter")
    whole, joint, single = recovery.loc["all"], recovery.loc["joint"], recovery.drop(["all", "joint"])
    further = " and ".join(
        f"{row['further']:.2f} of the {name}'s" for name, row in read("joint.csv").set_index("distribution").iterrows()
    )
    return wrapped(
        f"**Coverage** (`recovery.csv`; simulation-based calibration, Talts et al. 2018). {whole['truths']:.0f} runs "
        f"were held out as synthetic data. Nominal 90 % intervals hold {share(whole['coverage90'], 1)} of the true "
        f"values, 50 % intervals {share(whole['coverage50'], 1)}; the worst single parameter has "
        f"{share(single['coverage90'].min(), 1)}. "
        "For all parameters jointly (TARP; Lemos et al. 2023) the coverage is "
        f"{share(joint['coverage90'], 1)} and {share(joint['coverage50'], 1)}; the test of uniform ranks gives "
        f"p = {joint['p']:.2f}.\n\n"
        "**All figures together** (`joint.csv`, Mahalanobis distance of normal scores): "
        f"{further} runs lie at least as far from the middle as the reported figures do."
    )


def figures() -> str:
    """One row a figure of phase 1: reported, and what prior and posterior predict."""
    spread = read("spread.csv").set_index("target")
    lines = []
    for row in rows_of("posterior_predictive.csv"):
        if row["use"] != "calibration":
            continue
        stated = spread.loc[row["target"]]
        lines.append(
            [
                f"`{row['target']}` ({row['source']})",
                row["unit"],
                number(row["value"]),
                f"{row['low']:g} to {row['high']:g}",
                *(
                    f"{number(row[f'{which}_q50'])} {interval(row[f'{which}_q05'], row[f'{which}_q95'])}"
                    for which in ("prior", "posterior")
                ),
                f"{'yes' if str(row['held']) == 'True' else 'no'}, "
                f"{'yes' if str(row['held_without_error']) == 'True' else 'no'}",
                f"{stated['parameters_ratio']:.2f} "
                f"{interval(stated['parameters_ratio_low'], stated['parameters_ratio_high'])}",
            ]
        )
    heads = ["figure", "unit", "reported", "accepted", "prior", "posterior", "held", "spread from parameters"]
    return markdown(heads, lines)


def signs() -> str:
    """One row a sign of the case study: in how many runs it holds."""
    lines = [
        [f"`{row['target']}` ({row['source']})", share(row["prior_share"]), share(row["posterior_share"])]
        for row in rows_of("posterior_predictive.csv")
        if row["use"] == "sign"
    ]
    return markdown(["sign", "prior", "posterior"], lines)


def narrowed() -> str:
    """One row a parameter that the data narrow or tie to another, and how many they say nothing about."""
    table = rows_of("calibration.csv")
    stated = sorted(
        (row for row in table if row["sd_ratio"] < NARROWED or row["ridges"]), key=lambda row: row["sd_ratio"]
    )
    lines = [
        [
            f"`{row['parameter']}` ({row['source']})",
            interval(row["prior_q05"], row["prior_q95"]),
            f"{number(row['q50'])} {interval(row['q05'], row['q95'])}",
            f"{row['sd_ratio']:.2f}",
            row["ridges"],
            row["verdict"],
        ]
        for row in stated
    ]
    heads = ["parameter", "prior [5 %; 95 %]", "posterior", "ratio", "ridges", "in words"]
    return markdown(heads, lines) + f"\nThe data say nothing about the other {len(table) - len(stated)}.\n"


def unidentified() -> str:
    """Share of the default comparison's variance that comes from parameters the data do not narrow, in words."""
    table = read("variance.csv")
    parts = []
    for words, own in (("levels", table[table["reference"] == ""]), ("differences", table[table["reference"] != ""])):
        known = own["unidentified"].dropna()
        parts.append(
            f"Parameters account for {own['share_parameters'].median():.2f} of the variance of {words} (median of "
            f"{own['share_parameters'].notna().sum()} metrics), and those that the data do not narrow for "
            f"{known.median():.2f} of that ({known.min():.2f} to {known.max():.2f} over the {len(known)} metrics for "
            "which it can be estimated)."
        )
    return wrapped(
        f"In the default comparison (`variance.csv`, {table['sets'].max():.0f} parameter draws): "
        + " ".join(parts)
        + " A forecast interval therefore mainly carries judgement and literature through, not what the case study "
        "showed."
    )


# --- patterns -------------------------------------------------------------------------------------------------


def patterns_judged() -> tuple[list[Any], list[list[Row]]]:
    """The patterns, and the judged rows of all of them at the centre and with the posterior."""
    from consensus_sim.experiments.patterns.study import pattern_rows, read_patterns

    patterns = read_patterns()
    return patterns, [
        pattern_rows(patterns, pd.read_csv(REFERENCE / f"{name}_replicates.csv"))
        for name in ("patterns", "patterns_posterior")
    ]


def verdicts() -> str:
    """One row a pattern: source, verdict at the centre and under the posterior, each with the checks that fail in the
    published runs, and how it was set up.
    """
    patterns, tables = patterns_judged()
    lines = []
    for pattern in patterns:
        own = [[row for row in rows if row["id"] == pattern.id] for rows in tables]
        said = [cell for rows in own for cell in (text(f"pattern.verdicts.{overall(rows)}", "en"), _failing(rows))]
        lines.append([pattern.id, f"{pattern.words['en']} {pattern.words['zh']}", pattern.source, *said, pattern.note])
    heads = [
        "id",
        "pattern",
        "source",
        "at the centre",
        "checks that fail",
        "with the posterior",
        "checks that fail",
        "how it was set up",
    ]
    return markdown(heads, lines)


def _failing(rows: list[Row]) -> str:
    """The checks of a pattern that do not pass; of a sign, with the share of runs in which it holds."""
    failed = [row for row in rows if row["band"] and not row["passed"]]
    return ", ".join(
        row["quantity"] + (f" ({share(row['share'])})" if row["rule"] in SIGNS and row["replicates"] else "")
        for row in failed
    )


def misses() -> str:
    """One row a pattern or target that the published tables judge as not met."""
    lines = []
    for file, (column, bad), name in (
        ("patterns.csv", ("verdict", "fail"), "pattern"),
        ("rough_size.csv", ("inside", "no"), "target"),
    ):
        for row in rows_of(file):
            if row[column] == bad:
                reading = row["note"].split("; ", 1)[-1]
                where = row.get("scenario", "phase 1")
                lines.append([row[name], where, row["quantity"], _comes_out(row), row["band"], reading])
    return markdown(["id", "scenario", "quantity", "comes out at", "expected", "what is read"], lines)


def _comes_out(row: Row) -> str:
    """Mean, or median where that is judged, and interval of a row of the published tables."""
    if row["mean"] != row["mean"]:
        return "undefined"
    middle = row["median"] if row["note"].startswith("median") else row["mean"]
    return f"{float(middle):.3g} [{float(row['q05']):.3g}, {float(row['q95']):.3g}]"


# --- what interventions do --------------------------------------------------------------------------------------


STUDIES = ("institutions.csv", "levers.csv")
"""Tables of contrasts between scenarios; where both hold one, the first names it."""


def expectations() -> list[Row]:
    """The rows of both studies of interventions, contrast by contrast; a difference of a metric and group counts once,
    whichever way round it is taken.
    """
    names: dict[tuple[str, str], str] = {}
    found: dict[tuple[frozenset[str], str, str], Row] = {}
    for row in [row for name in STUDIES for row in rows_of(name)]:
        pair = (row["scenario"], row["reference"])
        name = names.setdefault(pair, row["contrast"])
        found.setdefault((frozenset(pair), row["metric"], row["group"]), {**row, "contrast": name})
    return sorted(found.values(), key=lambda row: list(names).index((row["scenario"], row["reference"])))


def contrasts() -> str:
    """One row an expectation: difference, both intervals and the verdict."""
    lines, before = [], ""
    for row in expectations():
        found = metric(row["metric"])
        group = "" if row["group"] == "all" else f" ({label_of('group', row['group'], 'en')})"
        what = "" if row["contrast"] == before else f"{row['contrast']}: `{row['scenario']}` − `{row['reference']}`"
        numbers = [found.show_difference(row["difference"])]
        numbers += [
            found.show_interval(row[low], row[high]) for low, high in (("mean_q05", "mean_q95"), ("q05", "q95"))
        ]
        if not row["sets"]:
            numbers = ["", "", ""]
        label = f"{found.label('en')}{group}, {found.unit_label('en')}"
        lines.append([what, label, row["expectation"], *numbers, row["verdict"]])
        before = row["contrast"]
    heads = [
        "contrast", "metric", "expected", "difference", "90 % interval of the mean effect",
        "90 % prediction interval in one community", "verdict",
    ]  # fmt: skip
    return markdown(heads, lines)


def verdicts_zh() -> str:
    """Verdicts on institutions, as a point of the Chinese guide."""
    said = [row["verdict"] for row in rows_of("institutions.csv")]
    sure, average = said.count("as expected: sure"), sum(verdict.startswith("as expected: sure on") for verdict in said)
    against, slight = sum(verdict.startswith("against") for verdict in said), said.count("no difference worth a word")
    rest = len(said) - sure - average - against - slight
    stated = [
        f"- 多数制度的作用，“平均来看”比“在某一个社区里”可靠：{len(said)} 项预期里，{sure} 项在单个社区里也如预期，",
        f"{average} 项平均如预期、但在单个社区里可能相反，{against} 项与预期相反，",
        f"{slight} 项差别小到不值一提，其余 {rest} 项说不清（[institutions.md](institutions.md)，英文）。",
        "修订后的方案（第二阶段）会带来什么，见 [forecast.zh.md](forecast.zh.md)。",
    ]
    return "\n  ".join(stated) + "\n"


Asked = tuple[str, str, str, tuple[str, ...], dict[str, str]]
QUESTIONS: tuple[Asked, ...] = (
    (
        "levers.csv",
        "quota",
        "council",
        ("vulnerable_speaking", "vulnerable_present"),
        {"en": "Does quota seating get the vulnerable heard?", "zh": "配额席位能让弱势居民说得上话吗？"},
    ),
    (
        "levers.csv",
        "points",
        "council",
        ("frequency_ordinary", "person_times_quarter"),
        {"en": "Do points raise participation?", "zh": "积分能让更多人参与吗？"},
    ),
    (
        "institutions.csv",
        "points_dry",
        "points",
        ("person_times_quarter",),
        {"en": "What happens when points stop?", "zh": "积分停了会怎样？"},
    ),
    (
        "levers.csv",
        "training",
        "council",
        ("consensus_settled", "sittings_per_settled"),
        {"en": "Does training help a council agree?", "zh": "培训能让议事会更容易议成吗？"},
    ),
    (
        "response.csv",
        "sessions",
        "1",
        ("matters_landed", "consensus_settled"),
        {
            "en": "What do sessions every week instead of three a month do?",
            "zh": "议事会从每月三次改为每周一次，会怎样？",
        },
    ),
    (
        "levers.csv",
        "full",
        "council",
        ("reach_quarter", "consensus_settled"),
        {"en": "Do all four measures together beat the council alone?", "zh": "四项措施全上，比只有议事会好吗？"},
    ),
)
"""Table, scenario (or curve, at dose 2), reference (or lower dose), metrics, question in both languages."""
GRADES = {
    "en": {
        "sure": "High certainty: so in nearly every community.",
        "average": "Moderate certainty: so on average, in a single community perhaps otherwise.",
        "negligible": "High certainty: no difference worth a word on average.",
        "unclear": "Direction uncertain: the interval of the mean effect holds differences worth a word on both "
        "sides, or none.",
    },
    "zh": {
        "sure": "把握大：几乎在每个社区都如此。",
        "average": "把握中等：平均如此，单个社区里可能相反。",
        "negligible": "把握大：平均来看差别小到不值一提。",
        "unclear": "说不准：平均效果的区间里，两边都可能，也可能没有。",
    },
}
"""Language -> certainty of a direction -> words."""
CERTAIN = {
    "higher": "sure",
    "lower": "sure",
    "leaning_up": "average",
    "leaning_down": "average",
    "slight": "average",
    "negligible": "negligible",
    "unclear": "unclear",
}
"""Kind of change -> its certainty."""


def questions(language: str) -> str:
    """Six questions of a planner, each answered by a difference with both intervals and its certainty."""
    from consensus_sim.report.answer import change_words
    from consensus_sim.report.change import kind_of_change

    stated = []
    for file, scenario, reference, metrics, asked in QUESTIONS:
        table = read(file)
        if file == "response.csv":
            own = table[
                (table["intervention"] == scenario) & (table["dose"] == 2) & (table["against"] == float(reference))
            ]
        else:
            own = table[(table["scenario"] == scenario) & (table["reference"] == reference)]
        stated.append(f"**{asked[language]}**\n")
        for name in metrics:
            row = own[(own["metric"] == name) & (own["group"] == "all")].to_dict("records")[0]
            words = GRADES[language][CERTAIN[kind_of_change(row)]]
            stop = "。" if language == "zh" else ". "
            stated.append(item(f"{change_words(name, row, language)}{stop}{words}").rstrip("\n"))
        stated.append("")
    return "\n".join(stated)


def factorial() -> str:
    """The terms of the factorial that are clear, in words."""
    table = read("factorial.csv")
    pairs, clear = table[table["second"] != ""], table[table["q_value"] < CLEAR]
    placebo = table[table[["first", "second"]].isin(("survey", "fifteen_minute_circle")).any(axis=1)]
    stated = wrapped(
        f"Of {len(pairs)} interactions {(clear['second'] != '').sum()} are clear at a false-finding rate of "
        f"{share(CLEAR)}, of {len(table) - len(pairs)} main effects {(clear['second'] == '').sum()} (below, with 95 % "
        "confidence intervals of the mean over parameter draws). The survey changes nobody and the fifteen-minute "
        f"circle never binds: of their {len(placebo)} terms {(placebo['q_value'] < CLEAR).sum()} are clear."
    )
    lines = []
    for name, rows in clear.groupby("metric", sort=False):
        found = metric(str(name))
        terms = "; ".join(
            " × ".join(f"`{row[which]}`" for which in ("first", "second") if row[which])
            + f" {found.show_difference(row['effect'])} {found.show_interval(row['low'], row['high'])}"
            for row in rows.to_dict("records")
        )
        lines.append(item(f"{found.label('en')}, {found.unit_label('en')}: {terms}"))
    return stated + "\n" + "".join(lines)


# --- robustness and sensitivity -----------------------------------------------------------------------------------


def structures() -> str:
    """One row a structure: how far the rankings of scenarios agree with the base."""
    from consensus_sim.experiments.robustness.study import read_alternatives
    from consensus_sim.study.config import compose

    labels = {
        each.name: each.label["en"] for each in read_alternatives(compose(["experiment=robustness"])["robustness"])[1]
    }
    lines = []
    for name, rows in read("robustness.csv").groupby("alternative", sort=False):
        worst = rows.loc[rows["tau"].idxmin()]
        ends = " / ".join(str(int((rows["same_best"] == what).sum())) for what in ("yes", "tied", "no"))
        tau = f"{rows['tau'].median():.2f} ({worst['tau']:.2f}, {metric(worst['metric']).label('en')})"
        shares = [share(rows[what].sum() / rows["pairs"].sum()) for what in ("kept", "lost", "reversed")]
        lines.append([labels[str(name)], tau, *shares, ends])
    heads = [
        "structure", "median tau (lowest, at)", "same order", "no longer different", "reversed",
        "best scenario: same / tied / another",
    ]  # fmt: skip
    return markdown(heads, lines)


OTHER_CHANCE = "other_chance"
"""The base structure under other random numbers: the yardstick of robustness."""


def ranked_metrics() -> str:
    """One row a metric: how far its ranking of scenarios agrees over structures."""
    lines = []
    for name, rows in read("robustness.csv").groupby("metric", sort=False):
        alone, own = rows[rows["alternative"] == OTHER_CHANCE].iloc[0], rows[rows["alternative"] != OTHER_CHANCE]
        worst, changed = own.loc[own["tau"].idxmin()], own[own["same_best"] == "no"]
        where = ", ".join(f"{r['alternative']} ({r['best_base']} → {r['best']})" for r in changed.to_dict("records"))
        lines.append(
            [
                metric(str(name)).label("en"),
                _tau(alone),
                f"{own['tau'].median():.2f}",
                f"{_tau(worst)}: {worst['alternative']}",
                share(own["reversed"].sum() / own["pairs"].sum(), 1),
                where or "none",
            ]
        )
    heads = [
        "metric", "tau, other random numbers (90 % bootstrap interval)", "tau, median", "lowest tau", "pairs reversed",
        "best scenario changes under",
    ]  # fmt: skip
    return markdown(heads, lines)


def _tau(row: Any) -> str:
    return f"{row['tau']:.2f} ({row['tau_low']:.2f} to {row['tau_high']:.2f})"


YES, UNTOLD, NO = "yes", "cannot tell", "no"
"""Verdicts whether a parameter matters to an output, in the column `matters` of sensitivity_sobol.csv."""


def drivers() -> str:
    """One row a parameter: for how many outputs it matters."""
    sobol = read("sensitivity_sobol.csv")
    lines = []
    medians = sobol.groupby("parameter")["total"].median().sort_values(ascending=False)
    for name in medians.index:
        cells = []
        for contrast in (False, True):
            rows = sobol[(sobol["parameter"] == name) & ((sobol["reference"] != "") == contrast)]
            cells.append(" / ".join(str(int((rows["matters"] == what).sum())) for what in (YES, UNTOLD, NO)))
        lines.append([f"`{name}`", *cells, f"{medians[name]:.2f}"])
    heads = [
        "parameter", "levels: matters / cannot tell / not", "differences: matters / cannot tell / not",
        "median total-order index",
    ]  # fmt: skip
    return markdown(heads, lines)


def outputs() -> str:
    """One row an output: the parameters that matter to it."""
    lines = []
    keys = ["scenario", "reference", "metric"]
    for (scenario, reference, name), rows in read("sensitivity_sobol.csv").groupby(keys, sort=False):
        label = _output({"metric": str(name), "scenario": scenario, "reference": reference})
        ranked = rows[rows["matters"] == YES].sort_values("total", ascending=False, kind="stable").to_dict("records")
        matter = ", ".join(f"`{r['parameter']}` {r['total']:.2f} ± {r['total_half']:.2f}" for r in ranked) or "none"
        unclear = ", ".join(f"`{r}`" for r in rows[rows["matters"] == UNTOLD]["parameter"]) or "none"
        lines.append([label, matter, unclear, f"{rows['first'].sum():.2f}", f"{rows['chance_share'].iloc[0]:.2f}"])
    heads = [
        "output", "parameters that matter (total-order index ± 95 % half-width)", "cannot tell",
        "sum of first-order indices", "share from random draws",
    ]  # fmt: skip
    return markdown(heads, lines)


def core() -> str:
    """By headline metric, how wide intervals with the drawn core are relative to those with every parameter drawn."""
    table = read("core.csv")
    table["level"] = table["reference"] == ""
    lines = []
    for name in dict.fromkeys(table["metric"]):
        rows = table[table["metric"] == name]
        cells = [metric(str(name)).label("en")]
        for found in (rows[rows["level"]]["one_ratio"], rows[~rows["level"]]["one_ratio"], rows["mean_ratio"]):
            known = pd.to_numeric(found, errors="coerce").dropna()
            cells.append(f"{known.median():.2f} ({known.min():.2f} to {known.max():.2f})" if len(known) else "–")
        lines.append(cells)
    heads = ["headline metric", "levels", "differences, in one community", "differences, on average"]
    return markdown(heads, lines)


def explained() -> str:
    """Intervals that fixing parameters narrows, in two sentences, and one row a fixed parameter, the largest first."""
    table, widths = read("core_parameters.csv"), read("core.csv")
    most = table.iloc[0].to_dict()
    reach = widths[(widths["metric"] == "reach_quarter") & (widths["reference"] == "")]["one_ratio"]
    stated = wrapped(
        f"None of the {len(table)} fixed parameters, fixed alone, narrows the 90 % prediction interval of any headline "
        f"metric in one community by more than {share(most['narrowing'], 1)} (`{most['parameter']}`; {_output(most)}). "
        f"Fixed together they narrow the levels of reach to {reach.median():.2f} of their width, and "
        f"{int((widths['one_ratio'] < NARROW).sum())} of {widths['one_ratio'].notna().sum()} intervals by more than a "
        "tenth."
    )
    lines = [
        [f"`{row['parameter']}`", _output(row), f"{row['share']:.3f}", share(row["narrowing"], 1)]
        for row in table.head(LARGEST).to_dict("records")
    ]
    return stated + "\n" + markdown(["fixed parameter", "output", "share of variance", "narrowing when fixed"], lines)


def _output(row: Row) -> str:
    """The metric and the scenario, or the difference between two, that a row concerns."""
    reference = f" − `{row['reference']}`" if row["reference"] else ""
    return f"{metric(row['metric']).label('en')}, `{row['scenario']}`{reference}"


# --- response curves ---------------------------------------------------------------------------------------------


def doses() -> tuple[dict[str, list[str]], list[list[str]]]:
    """The answers of the response curves: by kind of answer those with it, and one row an intervention, metric and
    group.
    """
    from consensus_sim.experiments.response.study import read_response
    from consensus_sim.experiments.response.text import ANSWERS, by_metric, how_much, label_of_metric
    from consensus_sim.study.config import compose

    settings = read_response(compose(["experiment=response"])["response"])
    named: dict[str, list[str]] = {kind: [] for kind in ANSWERS}
    lines = []
    for one, name, group, rows in by_metric(read("response.csv")):
        found, label = how_much(rows, settings.enough), label_of_metric(name, group, "en")
        intervention = settings.interventions[one].label["en"]
        named[found.kind].append(f"{label} by {intervention}" + (f" (dose {found.dose:g})" if found.dose else ""))
        effects = [next((r for r in rows if (r["dose"], r["against"]) == (dose, 0)), None) for dose in (1, found.most)]
        clipped = sorted({float(row["dose"]) for row in rows if row["clipped"]})
        answer = ANSWERS[found.kind].format(dose=f"{found.dose:g}", most=f"{found.most:g}")
        limit = f"from dose {clipped[0]:g}" if clipped else ""
        lines.append([intervention, label, answer, *(_effect(name, row) for row in effects), limit])
    return named, lines


def response() -> str:
    """One row an intervention, metric and group: how much is enough, and two effects."""
    heads = ["intervention", "metric", "enough", "dose 1 against none", "largest dose against none", "at a limit"]
    return markdown(heads, doses()[1])


def _effect(name: str, row: Row | None) -> str:
    """A difference with its interval on average and that in one community."""
    from consensus_sim.report.change import MARKS, kind_of_change, one_community

    if row is None:
        return "undefined"
    found = metric(name)
    ends = [found.show_difference(end) for end in (row["mean_q05"], row["mean_q95"], *one_community(row))]
    mark = MARKS.get(kind_of_change(row), "")
    return f"{found.show_difference(row['difference'], 'en')}{mark} [{ends[0]}; {ends[1]}], one [{ends[2]}; {ends[3]}]"


# --- disputes, the revised plan, pairing ----------------------------------------------------------------------------


def disputes() -> str:
    """One row a named dispute and scenario: what is reported, and what the published table says."""
    labels = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))["label"]
        for path in (configs_dir() / "topic").glob("*.yaml")
    }
    heads = [
        "dispute",
        "reported",
        "scenario",
        "heard",
        "on an agenda",
        "weeks to agenda",
        "sittings",
        "settled",
        "shelved",
        "open",
        "answered",
        "first two fail",
        "on time / late / never",
    ]
    lines, before = [], ""
    for row in rows_of("disputes.csv"):
        name, label = row["dispute"], labels[row["dispute"]]
        first = name != before
        before = name
        ends = [_weeks(row[f"weeks_to_agenda{which}"]) for which in ("", "_q05", "_q95")]
        lines.append(
            [
                f"{label['zh']} {label['en']} (`{name}`)" if first else "",
                f"{row['reported_en']} [{row['source'] or 'none'}]" if first else "",
                row["scenario"],
                _percent(row["heard"]),
                _percent(row["on_agenda"]),
                f"{ends[0]} [{ends[1]}, {ends[2]}]",
                f"{row['sittings']:.1f}" if row["sittings"] == row["sittings"] else "–",
                f"{_percent(row['settled'])} [{_percent(row['settled_low'])}, {_percent(row['settled_high'])}]",
                *(_percent(row[which]) for which in ("shelved", "open", "answered")),
                f"{_percent(row['failed_first_two'])} of {row['tried_twice']:.0f}",
                " / ".join(_percent(row[which]) for which in ("on_time", "late", "never"))
                + f" of {row['resolutions']:.0f}",
            ]
        )
    return markdown(heads, lines)


def _percent(value: float) -> str:
    from consensus_sim.experiments.disputes.text import percent

    return f"{percent(value)} %" if value == value else "–"


def _weeks(value: float) -> str:
    return "never" if value == np.inf else f"{value:.0f}"


def plan(language: str) -> str:
    """One row a quantity and group of the revised plan's forecast: median and 90 % interval by period, the share of
    the variance from parameters, and what the case study reports of phase 1.
    """
    from consensus_sim.experiments.plan.figure import period_label
    from consensus_sim.experiments.plan.quantities import periods, reported

    table, days, stated, lines = pd.read_csv(REFERENCE / "forecast_phase2.csv"), periods()[1], reported(), []
    heads = [text(f"plan.{name}", language) for name in ("quantity", "unit", "group")]
    heads += [period_label(name, found, language) for name, found in days.items()]
    heads += [text(f"plan.{name}", language) for name in ("change", "parameters", "reported")]
    for name in forecast_metric_names():
        found, rows = forecast_metric(name), table[table["metric"] == name]
        label = found.label(language)
        if (rows["basis"] == "prior-driven").any():
            label += text("plan.prior_driven", language)
        for group in dict.fromkeys(rows["group"]):
            own = rows[rows["group"] == group].set_index("period")
            if (own["q95"] == 0).all():
                continue  # a venue that the plan does not have
            kind = "channel" if name == "person_times" else "group"
            alone = rows["group"].nunique() == 1 and group == "all"
            cells = [label, found.unit_label(language), "" if alone else label_of(kind, group, language)]
            cells += [
                f"{found.show(row['q50'], after=False)} {found.show_interval(row['q05'], row['q95'])}"
                if row["q50"] == row["q50"]
                else "–"
                for _, row in own.loc[list(days)].iterrows()
            ]
            first = own.iloc[0]
            change = f"{found.show_difference(first['change_q50'])} "
            change += found.show_interval(first["change_q05"], first["change_q95"])
            ratio = name.startswith("youth_ratio")  # a comparison with phase 1 itself
            cells.append("–" if ratio or pd.isna(first["change_q50"]) else change)
            from_parameters = first["share_parameters"]
            cells.append("–" if pd.isna(from_parameters) else f"{from_parameters:.2f}")
            cells.append(found.show(stated[name], after=False) if name in stated and group == "all" else "")
            lines.append(cells)
            label = ""
    return markdown(heads, lines)


OUTLOOK = (
    ("reach", "all"), ("reach_in_person", "all"), ("youth_ratio", ""), ("youth_ratio_in_person", ""),
    ("frequency_ordinary", "all"), ("skill_gain_trained", "all"), ("skill_gain_practised", "all"),
    ("matters_landed", "all"), ("meetings_per_settled", "all"), ("executed_at_readout", "all"),
    ("consensus_settled", "all"), ("trust", "all"),
    ("fatigue_team", ""), ("attendance_share", "elder"), ("attendance_share", "tenant"), ("speaking_share", "tenant"),
    ("speaking_share", "vulnerable"), ("topics_raised_by_party", "all"), ("topics_led_by_party", "all"),
)  # fmt: skip
"""Effects that the forecast's page states in words: metric, group ("": the only one)."""


def outlook(language: str) -> str:
    """Changes that the revised plan is likely to bring over five months, and what stays uncertain: by whether the
    interval of the change from the model's own phase 1 holds no change.
    """
    from consensus_sim.experiments.plan.quantities import reported

    table, stated = pd.read_csv(REFERENCE / "forecast_phase2.csv"), reported()
    first = table[table["period"] == table["period"].iloc[0]]
    changed: list[str] = []
    open_: list[str] = []
    for name, group in OUTLOOK:
        rows = first[(first["metric"] == name) & ((first["group"] == group) | (group == ""))]
        row, found = rows.to_dict("records")[0], forecast_metric(name)
        ratio = name.startswith("youth_ratio")  # a comparison with phase 1 itself: no change is 1
        low, high, none = (row["q05"], row["q95"], 1.0) if ratio else (row["change_q05"], row["change_q95"], 0.0)
        words = {"label": found.label(language), "unit": found.unit_label(language)}
        words["who"] = "" if group in {"", "all"} or ratio else label_of("group", group, language)
        words["level"] = f"{found.show(row['q50'], after=False)} {found.show_interval(row['q05'], row['q95'])}"
        words["change"] = (
            f"{found.show_difference(row['change_q50'])} {found.show_interval(row['change_q05'], row['change_q95'])}"
        )
        words["reported"] = found.show(stated[name], after=False) if name in stated and group == "all" else ""
        line = text("plan.who" if words["who"] else "plan.what", language, **words)
        line += "" if ratio else text("plan.changed", language, **words)
        line += text("plan.case_value", language, **words) if words["reported"] else ""
        (open_ if low <= none <= high else changed).append(item(line, depth=1))
    return "".join(
        f"- {text(f'plan.{head}', language)}\n{''.join(lines)}"
        for head, lines in (("likely", changed), ("untold", open_))
    )


def definitions(language: str) -> str:
    """One line a quantity of the revised plan's forecast: what it is."""
    found = [forecast_metric(name) for name in forecast_metric_names()]
    mark = "：" if language == "zh" else ": "
    return "".join(item(f"**{each.label(language)}**{mark}{each.definition(language)}") for each in found)


def pairing() -> str:
    """Factor by which the standard error of each difference is smaller under common random numbers."""
    bench = read("benchmarks.csv")
    bench = bench[bench["benchmark"] == "h pairing"]
    stated: dict[str, dict[str, str]] = {}
    for row in bench.to_dict("records"):
        what, case = row["what"].split(", ")
        stated.setdefault(what, {})[case] = (
            f"{float(row['ratio']):.1f} ({float(row['low']):.1f} to {float(row['high']):.1f})"
        )
    lines = [
        [" − ".join(f"`{name}`" for name in what.split(" - ")), own["chance and parameters"], own["chance only"]]
        for what, own in stated.items()
    ]
    return markdown(["difference", "parameters drawn (default)", "parameters=centre: chance alone"], lines)
