"""What the published tables (results/reference) say, as text for the pages of docs/: `build_parameter_table.py` puts
each function's text between the markers of a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from consensus_sim.analysis.verdicts import SIGNS, overall
from consensus_sim.catalogue import forecast_metric, forecast_metric_names, label_of, metric, text
from consensus_sim.paths import configs_dir

REFERENCE = Path(__file__).parent.parent / "results" / "reference"
CLEAR = 0.01
"""Expected share of false findings among the terms of the factorial that are called clear."""
NARROWED = 0.95
"""Posterior over prior standard deviation below which a parameter is told of."""
NARROW = 0.9
"""Width with the core over width with all parameters below which an interval counts as narrower."""
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


def share(value: float) -> str:
    """A share in per cent."""
    return f"{value:.0%}" if value == value else ""


# --- calibration ----------------------------------------------------------------------------------------------


def checks() -> str:
    """How known truths are recovered, and how many figures are held, one by one and together, in words."""
    recovery = read("recovery.csv").set_index("parameter")
    whole, joint, single = recovery.loc["all"], recovery.loc["joint"], recovery.drop(["all", "joint"])
    found, together = read("posterior_predictive.csv"), read("joint.csv").set_index("distribution")
    fitted = found[found["use"] == "calibration"].to_dict("records")
    held = sum(str(row["held"]) == "True" for row in fitted)
    inside = sum(row["low"] <= row["posterior_q50"] <= row["high"] for row in fitted)
    ends = f"{whole['coverage90_low']:.1%} to {whole['coverage90_high']:.1%}"
    further = " and ".join(f"{row['further']:.2f} of the {name}'s" for name, row in together.iterrows())
    return (
        f"**Known truths** (`recovery.csv`; simulation-based calibration, Talts et al. 2018): {whole['truths']:.0f} "
        "runs held out of the table as synthetic data. Nominal 90 % intervals hold "
        f"{whole['coverage90']:.1%} of the truths "
        f"(95 % interval {ends}), 50 % ones {whole['coverage50']:.1%}; of single parameters "
        f"{single['coverage90'].min():.1%} at least. All parameters jointly (TARP; Lemos et al. 2023): "
        f"{joint['coverage90']:.1%} and {joint['coverage50']:.1%}, ranks uniform with p = {joint['p']:.2f}.\n\n"
        f"Of the {len(fitted)} figures of phase 1 {held} lie inside the 90 % predictive interval of what would be "
        f"reported; of {inside} the predictive median lies inside the accepted band. All together (`joint.csv`, "
        f"Mahalanobis distance of normal scores): {further} runs lie at least as far from the middle as the reported "
        "figures do.\n"
    )


def figures() -> str:
    """One row a figure of phase 1: reported, and what prior and posterior predict."""
    spread = read("spread.csv").set_index("target")
    lines = []
    for row in rows_of("posterior_predictive.csv"):
        if row["use"] != "calibration":
            continue
        told = spread.loc[row["target"]]
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
                f"{told['parameters_ratio']:.2f} "
                f"{interval(told['parameters_ratio_low'], told['parameters_ratio_high'])}",
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
    """One row a parameter that the data say anything of, and how many they say nothing of."""
    table = rows_of("calibration.csv")
    told = sorted(
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
        for row in told
    ]
    heads = ["parameter", "prior [5 %; 95 %]", "posterior", "ratio", "ridges", "in words"]
    return markdown(heads, lines) + f"\nOf the other {len(table) - len(told)} the data say nothing.\n"


def unidentified() -> str:
    """How much of the default comparison's variance comes from parameters that the data do not narrow, in words."""
    table = read("variance.csv")
    parts = []
    for words, own in (("metrics", table[table["reference"] == ""]), ("differences", table[table["reference"] != ""])):
        known = own["unidentified"].dropna()
        parts.append(
            f"of {words} parameters make {own['share_parameters'].median():.2f} of the variance (median of "
            f"{own['share_parameters'].notna().sum()}), "
            f"and of that those which the data do not narrow {known.median():.2f} (median of the "
            f"{len(known)} of which it can be told, "
            f"{known.min():.2f} to {known.max():.2f})"
        )
    return (
        f"In the default comparison ({table['sets'].max():.0f} parameter draws; `python "
        "experiments/calibration/variance.py`, `variance.csv`) "
        + "; ".join(parts)
        + ". So a forecast interval is in the main judgement and literature carried through, not what the case "
        "study showed.\n"
    )


# --- patterns -------------------------------------------------------------------------------------------------


def _patterns() -> tuple[list[Any], list[list[Row]]]:
    """The patterns, and the judged rows of all of them at the centre and with the posterior."""
    from consensus_sim.analysis.patterns import pattern_rows, read_patterns

    patterns = read_patterns()
    return patterns, [
        pattern_rows(patterns, pd.read_csv(REFERENCE / f"{name}_replicates.csv"))
        for name in ("patterns", "patterns_posterior")
    ]


def counts() -> str:
    """How many patterns hold, in words."""
    patterns, tables = _patterns()
    told = []
    for where, rows in zip(
        ("with every parameter at the centre of its prior", "with the posterior"), tables, strict=True
    ):
        found = [overall([row for row in rows if row["id"] == pattern.id]) for pattern in patterns]
        holds, sign = found.count("pass"), found.count("sign")
        told.append(
            f"{where} {holds} hold, of {sign} the sign holds with the size off, {len(found) - holds - sign} fail"
        )
    return f"Of {len(patterns)} patterns, {'; '.join(told)}.\n"


def verdicts() -> str:
    """One row a pattern: source, verdict at the centre and under the posterior, each with the checks that fail in the
    published runs, and how it was set up.
    """
    patterns, tables = _patterns()
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
    """The checks of a pattern that do not pass, with the median, of a sign with the share of runs in which "
    "it holds.
    """
    failed = [row for row in rows if row["band"] and not row["passed"]]
    return ", ".join(
        row["quantity"] + (f" ({row['share']:.0%})" if row["rule"] in SIGNS and row["replicates"] else "")
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


def contrasts(name: str) -> str:
    """How the verdicts of a table of contrasts fall, and one row an expectation."""
    rows = rows_of(name)
    fall = pd.Series([row["verdict"] for row in rows]).value_counts()
    words = "; ".join(f"{count} {verdict}" for verdict, count in fall.items())
    lines, before = [], ""
    for row in rows:
        found, group = (
            metric(row["metric"]),
            "" if row["group"] == "all" else f" ({label_of('group', row['group'], 'en')})",
        )
        what = "" if row["contrast"] == before else f"{row['contrast']}: `{row['scenario']}` − `{row['reference']}`"
        numbers = [found.show_difference(row["difference"])]
        numbers += [
            found.show_interval(row[low], row[high]) for low, high in (("mean_q05", "mean_q95"), ("q05", "q95"))
        ]
        if not row["sets"]:
            numbers = ["", "", ""]
        lines.append(
            [
                what,
                f"{found.label('en')}{group}, {found.unit_label('en')}",
                row["expectation"],
                *numbers,
                row["verdict"],
            ]
        )
        before = row["contrast"]
    heads = ["contrast", "metric", "expected", "difference", "on average", "in one community", "verdict"]
    sets, replicates = max(row["sets"] for row in rows), max(row["replicates"] for row in rows)
    return (
        f"{len(rows)} expectations, {replicates:.0f} runs a scenario, {sets:.0f} parameter draws: {words}.\n\n"
        + markdown(heads, lines)
    )


def verdicts_zh() -> str:
    """How the verdicts on institutions fall, as a point of the Chinese guide."""
    said = [row["verdict"] for row in rows_of("institutions.csv")]
    sure, average = said.count("as expected: sure"), sum(verdict.startswith("as expected: sure on") for verdict in said)
    against, slight = sum(verdict.startswith("against") for verdict in said), said.count("no difference worth a word")
    rest = len(said) - sure - average - against - slight
    told = [
        f"- 多数制度的作用，“平均来看”比“在某一个社区里”可靠：{len(said)} 项预期里，{sure} 项在单个社区里也如预期，",
        f"{average} 项平均如预期、但在单个社区里可能相反，{against} 项与预期相反，",
        f"{slight} 项差别小到不值一提，其余 {rest} 项说不清（[institutions.md](institutions.md)，英文）。",
        "修订后的方案（第二阶段）会带来什么，见 [forecast.zh.md](forecast.zh.md)。",
    ]
    return "\n  ".join(told) + "\n"


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
        "unclear": "Cannot be told: the interval of the mean effect holds differences worth a word on both "
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

    told = []
    for file, scenario, reference, metrics, asked in QUESTIONS:
        table = read(file)
        if file == "response.csv":
            own = table[
                (table["intervention"] == scenario) & (table["dose"] == 2) & (table["against"] == float(reference))
            ]
        else:
            own = table[(table["scenario"] == scenario) & (table["reference"] == reference)]
        told.append(f"**{asked[language]}**\n")
        for name in metrics:
            row = own[(own["metric"] == name) & (own["group"] == "all")].to_dict("records")[0]
            words = GRADES[language][CERTAIN[kind_of_change(row)]]
            stop = "。" if language == "zh" else ". "
            told.append(f"- {change_words(name, row, language)}{stop}{words}")
        told.append("")
    return "\n".join(told)


def factorial() -> str:
    """One row a term of the factorial that is clear."""
    table = read("factorial.csv")
    pairs = table[table["second"] != ""]
    clear = table[table["q_value"] < CLEAR]
    lines = []
    for name, own in clear.groupby("metric", sort=False):
        for row in own.to_dict("records"):
            lines.append(
                [
                    metric(str(name)).label("en"),
                    " × ".join(f"`{row[which]}`" for which in ("first", "second") if row[which]),
                    number(row["effect"]),
                    interval(row["low"], row["high"]),
                ]
            )
    placebo = table[table[["first", "second"]].isin(("survey", "fifteen_minute_circle")).any(axis=1)]
    told = (
        f"Of {len(pairs)} interactions {(clear['second'] != '').sum()} are clear at a false-finding rate of "
        f"{CLEAR:.0%}, of {len(table) - len(pairs)} main effects "
        f"{(clear['second'] == '').sum()}. The survey changes nobody and the fifteen-minute circle never "
        f"binds: of their {len(placebo)} terms "
        f"{(placebo['q_value'] < CLEAR).sum()} are clear.\n\n"
    )
    return told + markdown(["metric", "term", "effect", "95 %"], lines)


# --- robustness and sensitivity -----------------------------------------------------------------------------------


def structures() -> str:
    """What becomes of rankings under each structure and of each metric, in words and two tables."""
    from consensus_sim.analysis.robustness import read_alternatives
    from consensus_sim.study.config import compose

    table, chance = read("robustness.csv"), "other_chance"
    labels = {
        each.name: each.label["en"] for each in read_alternatives(compose(["experiment=robustness"])["robustness"])[1]
    }
    others = table[table["alternative"] != chance]
    base = table[table["alternative"] == chance]["pairs"].sum()
    best = others["same_best"].value_counts()
    told = (
        f"Of {base:.0f} pairs of scenarios told apart in the base, over {table['metric'].nunique()} metrics, "
        f"the {others['alternative'].nunique()} structures keep "
        f"{others['kept'].sum() / others['pairs'].sum():.0%} and reverse "
        f"{others['reversed'].sum() / others['pairs'].sum():.1%}; under other chance alone "
        f"{table[table['alternative'] == chance]['kept'].sum() / base:.0%} keep their order. The best "
        f"scenario stays best in {best.get('yes', 0)} of {len(others)} cases and ties with the "
        f"best in {best.get('tied', 0)}.\n\n"
    )
    by_structure = []
    for name, rows in table.groupby("alternative", sort=False):
        worst = rows.loc[rows["tau"].idxmin()]
        ends = " / ".join(str(int((rows["same_best"] == what).sum())) for what in ("yes", "tied", "no"))
        tau = f"{rows['tau'].median():.2f} ({worst['tau']:.2f}, {metric(worst['metric']).label('en')})"
        shares = [f"{rows[what].sum() / rows['pairs'].sum():.0%}" for what in ("kept", "lost", "reversed")]
        by_structure.append([labels[str(name)], tau, *shares, ends])
    by_metric = []
    for name, rows in table.groupby("metric", sort=False):
        alone, own = rows[rows["alternative"] == chance].iloc[0], rows[rows["alternative"] != chance]
        worst, changed = own.loc[own["tau"].idxmin()], own[own["same_best"] == "no"]
        where = ", ".join(f"{r['alternative']} ({r['best_base']} → {r['best']})" for r in changed.to_dict("records"))
        by_metric.append(
            [
                metric(str(name)).label("en"),
                _tau(alone),
                f"{own['tau'].median():.2f}",
                f"{_tau(worst)}: {worst['alternative']}",
                f"{own['reversed'].sum() / own['pairs'].sum():.1%}",
                where or "none",
            ]
        )
    first = [
        "structure",
        "median tau (lowest, at)",
        "kept",
        "not told apart",
        "reversed",
        "best: same / tied / another",
    ]
    second = ["metric", "tau, other chance", "tau, median", "lowest tau", "pairs reversed", "best changes under"]
    return told + markdown(first, by_structure) + "\n" + markdown(second, by_metric)


def _tau(row: Any) -> str:
    return f"{row['tau']:.2f} ({row['tau_low']:.2f} to {row['tau_high']:.2f})"


def drivers() -> str:
    """For how many outputs each parameter matters, and of each output the parameters that do."""
    sobol = read("sensitivity_sobol.csv")
    yes, untold, no = "yes", "cannot tell", "no"
    by_parameter = []
    medians = sobol.groupby("parameter")["total"].median().sort_values(ascending=False)
    for name in medians.index:
        cells = []
        for contrast in (False, True):
            rows = sobol[(sobol["parameter"] == name) & ((sobol["reference"] != "") == contrast)]
            cells.append(" / ".join(str(int((rows["matters"] == what).sum())) for what in (yes, untold, no)))
        by_parameter.append([f"`{name}`", *cells, f"{medians[name]:.2f}"])
    by_output = []
    for (scenario, reference, name), rows in sobol.groupby(["scenario", "reference", "metric"], sort=False):
        label = f"{metric(str(name)).label('en')}, {scenario}" + (f" − {reference}" if reference else "")
        ranked = rows[rows["matters"] == yes].sort_values("total", ascending=False, kind="stable").to_dict("records")
        matter = ", ".join(f"`{r['parameter']}` {r['total']:.2f} ± {r['total_half']:.2f}" for r in ranked) or "none"
        unclear = ", ".join(f"`{r}`" for r in rows[rows["matters"] == untold]["parameter"]) or "none"
        by_output.append([label, matter, unclear, f"{rows['first'].sum():.2f}", f"{rows['chance_share'].iloc[0]:.2f}"])
    first = [
        "parameter",
        "levels: matters / cannot tell / not",
        "differences: matters / cannot tell / not",
        "median total",
    ]
    second = ["output", "matter (total index ± 95 % half-width)", "cannot be told", "sum of first-order", "chance"]
    return markdown(first, by_parameter) + "\n" + markdown(second, by_output)


def core() -> str:
    """By headline metric, how wide the intervals with the drawn core are against those with every parameter drawn."""
    table = read("core.csv")
    table["level"] = table["reference"] == ""
    lines, told = [], []
    for name in dict.fromkeys(table["metric"]):
        rows = table[table["metric"] == name]
        cells = [metric(str(name)).label("en")]
        for found in (rows[rows["level"]]["one_ratio"], rows[~rows["level"]]["one_ratio"], rows["mean_ratio"]):
            known = pd.to_numeric(found, errors="coerce").dropna()
            cells.append(f"{known.median():.2f} ({known.min():.2f} to {known.max():.2f})" if len(known) else "–")
        lines.append(cells)
    for words, column in (("in one community", "one_ratio"), ("of mean effects", "mean_ratio")):
        known = pd.to_numeric(table[column], errors="coerce").dropna()
        narrow = int((known < NARROW).sum())
        told.append(
            f"Of {len(known)} intervals {words}, {narrow} are more than a tenth narrower with the core "
            f"(median ratio {known.median():.2f})."
        )
    heads = ["headline metric", "levels", "differences, in one community", "differences, on average"]
    return " ".join(told) + "\n\n" + markdown(heads, lines)


# --- response curves ---------------------------------------------------------------------------------------------


def response() -> str:
    """How much of each intervention is enough, in two sentences, and one row an intervention, metric and group."""
    from consensus_sim.analysis.response import read_response
    from consensus_sim.report.response import ANSWERS, by_metric, how_much, label_of_metric
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
    counts = {kind: len(those) for kind, those in named.items()}
    told = (
        f"Of {len(lines)} answers, {counts['enough']} name a dose that is enough on average"
        f"{': ' * bool(named['enough'])}{'; '.join(named['enough'])}. In {counts['none']} no dose brings a "
        "difference "
        f"worth a word, in {counts['more']} the largest dose still does"
        f"{': ' * bool(named['more'])}{'; '.join(named['more'])}, in {counts['worse']} a dose makes it worse, in "
        f"{counts['flat']} more brings nothing and what the dose itself does cannot be told, and in "
        f"{counts['unknown'] + counts['undefined']} nothing can be told.\n\n"
    )
    heads = ["intervention", "metric", "enough", "dose 1 against none", "largest dose against none", "at a limit"]
    return told + markdown(heads, lines)


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
    from consensus_sim.report.disputes import percent

    return f"{percent(value)} %" if value == value else "–"


def _weeks(value: float) -> str:
    return "never" if value == np.inf else f"{value:.0f}"


def plan(language: str) -> str:
    """One row a quantity and group of the revised plan's forecast: median and 90 % interval by period, the share of
    the variance from parameters, and what the case study reports of phase 1.
    """
    from consensus_sim.analysis.phase2 import periods, reported
    from consensus_sim.report.figures.plan import period_label

    table, days, told, lines = pd.read_csv(REFERENCE / "forecast_phase2.csv"), periods()[1], reported(), []
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
            cells.append(found.show(told[name], after=False) if name in told and group == "all" else "")
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
"""What the forecast's page tells in words: metric, group ("": the only one)."""


def outlook(language: str) -> str:
    """What the revised plan is likely to change over five months, and what cannot be told: by whether the interval of
    the change from the model's own phase 1 holds no change.
    """
    from consensus_sim.analysis.phase2 import reported

    table, told = pd.read_csv(REFERENCE / "forecast_phase2.csv"), reported()
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
        words["reported"] = found.show(told[name], after=False) if name in told and group == "all" else ""
        line = text("plan.who" if words["who"] else "plan.what", language, **words)
        line += "" if ratio else text("plan.changed", language, **words)
        line += text("plan.told", language, **words) if words["reported"] else ""
        (open_ if low <= none <= high else changed).append(f"  - {line}\n")
    return "".join(
        f"- {text(f'plan.{head}', language)}\n{''.join(lines)}"
        for head, lines in (("likely", changed), ("untold", open_))
    )


def definitions(language: str) -> str:
    """One line a quantity of the revised plan's forecast: what it is."""
    found = [forecast_metric(name) for name in forecast_metric_names()]
    mark = "：" if language == "zh" else ": "
    return "".join(f"- **{each.label(language)}**{mark}{each.definition(language)}\n" for each in found)


def pairing() -> str:
    """How many times smaller the standard error of each difference is under common random numbers."""
    bench = read("benchmarks.csv")
    bench = bench[bench["benchmark"] == "h pairing"]
    told: dict[str, dict[str, str]] = {}
    for row in bench.to_dict("records"):
        what, case = row["what"].split(", ")
        told.setdefault(what, {})[case] = (
            f"{float(row['ratio']):.1f} ({float(row['low']):.1f} to {float(row['high']):.1f})"
        )
    lines = [
        [" − ".join(f"`{name}`" for name in what.split(" - ")), own["chance and parameters"], own["chance only"]]
        for what, own in told.items()
    ]
    return markdown(["difference", "parameters drawn (default)", "parameters=centre: chance alone"], lines)
