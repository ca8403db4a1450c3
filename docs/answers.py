"""The sentences with which the result pages of docs/ open, made from the published tables (results/reference)."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from published import (
    NARROWED,
    OTHER_CHANCE,
    REFERENCE,
    YES,
    Row,
    doses,
    expectations,
    patterns_judged,
    read,
    share,
    wrapped,
)

from consensus_sim.catalogue import forecast_metric, metric
from consensus_sim.experiments.verdicts import overall

NAMED = 3
"""Cases that a sentence names."""


def listed(words: Iterable[str]) -> str:
    """`words` as a list in a sentence."""
    *first, last = list(words)
    return f"{', '.join(first)} and {last}" if first else last


def calibration() -> str:
    """Number of figures of phase 1 are reproduced, and how many parameters the data narrow."""
    found = read("posterior_predictive.csv")
    fitted = found[found["use"] == "calibration"].to_dict("records")
    held = sum(str(row["held"]) == "True" for row in fitted)
    inside = sum(row["low"] <= row["posterior_q50"] <= row["high"] for row in fitted)
    table = read("calibration.csv")
    narrow = table[table["sd_ratio"] < NARROWED].sort_values("sd_ratio")
    most = listed(f"`{row['parameter']}` ({row['sd_ratio']:.2f})" for row in narrow.to_dict("records")[:NAMED])
    return wrapped(
        f"**The posterior reproduces {held} of the {len(fitted)} reported figures of phase 1 within its 90 % "
        f"predictive interval (observation error included), and {inside} of its medians lie inside the accepted band. "
        f"The data narrow {len(narrow)} of the {len(table)} calibrated parameters, most of all {most}, in brackets "
        "posterior over prior standard deviation; all other parameters stay at their prior.**"
    )


def institutions() -> str:
    """Verdicts on interventions, and the largest differences that hold in nearly every community."""
    rows = expectations()
    verdicts = pd.Series([row["verdict"] for row in rows])
    certain, average = verdicts == "as expected: sure", verdicts.str.startswith("as expected: sure on average")
    sure = [
        row
        for row, holds in zip(rows, certain, strict=True)
        if holds and row["reference"] == "council" and row["group"] == "all" and not row["metric"].startswith("cost_")
    ]
    best: dict[str, Row] = {}
    for row in sorted(sure, key=lambda row: -abs(row["difference"]) / row["least_difference"]):
        best.setdefault(row["scenario"], row)
    named = listed(f"{row['contrast']} ({_difference(row)})" for row in list(best.values())[:NAMED])
    runs, draws = max(row["replicates"] for row in rows), max(row["sets"] for row in rows)
    return wrapped(
        f"**Of {len(rows)} expectations {certain.sum()} hold in nearly every community and {average.sum()} on average "
        f"only; {verdicts.str.startswith('against').sum()} are contradicted on average, in "
        f"{verdicts.str.startswith('no difference').sum()} the difference is negligible, and "
        f"{verdicts.str.startswith('cannot').sum()} remain open (90 % intervals; {runs:.0f} runs a scenario, "
        f"{draws:.0f} parameter draws). The largest differences to the council of phase 1 that hold in nearly every "
        f"community are those of {named}, each with its 90 % prediction interval in one community.**"
    )


def _difference(row: Row) -> str:
    found = metric(row["metric"])
    numbers = f"{found.show_difference(row['difference'], 'en')} {found.show_interval(row['q05'], row['q95'])}"
    return f"{found.label('en').lower()} {numbers}"


def patterns() -> str:
    """Number of patterns that hold, with parameters at the centre and with the posterior, and which fail in both."""
    patterns, tables = patterns_judged()
    stated, failing = [], []
    places = ("With all parameters at the centre of their priors", "with the posterior")
    for where, rows in zip(places, tables, strict=True):
        found = {each.id: overall([row for row in rows if row["id"] == each.id]) for each in patterns}
        holds, sign, fails = (list(found.values()).count(verdict) for verdict in ("pass", "sign", "fail"))
        stated.append(f"{where} {holds} of {len(found)} hold, {sign} hold in sign but not in size, and {fails} fail")
        failing.append([name for name, verdict in found.items() if verdict == "fail"])
    both = [name for name in failing[0] if name in failing[1]]
    return wrapped(
        f"**{'; '.join(stated)} (a size is judged by the median of pairs of runs, a sign by whether it holds in 90 % "
        f"of them). {listed(both)} fail in both.**"
    )


def sensitivity() -> str:
    """Which parameters matter for the most outputs, and how many outputs depend on none for certain."""
    sobol = read("sensitivity_sobol.csv")
    outputs = sobol.groupby(["scenario", "reference", "metric"])["matters"].apply(lambda found: (found == YES).any())
    matters = sobol[sobol["matters"] == YES]["parameter"].value_counts()
    names = listed(f"`{name}` ({count})" for name, count in list(matters.items())[:NAMED])
    return wrapped(
        f"**Of {sobol['parameter'].nunique()} parameters, {names} matter for the most of {len(outputs)} outputs "
        "(levels and differences of headline metrics); a parameter matters if the 95 % confidence interval of its "
        "total-order index lies above the share that random draws alone make. "
        f"For {int((~outputs).sum())} outputs no single parameter can be shown to matter.**"
    )


def robustness() -> str:
    """Number of orders of scenarios that other structures keep, and how often the best scenario stays best."""
    table = read("robustness.csv")
    base, others = table[table["alternative"] == OTHER_CHANCE], table[table["alternative"] != OTHER_CHANCE]
    best, pairs = others["same_best"].value_counts(), others["pairs"].sum()
    kept, alone = others["kept"].sum() / pairs, base["kept"].sum() / base["pairs"].sum()
    return wrapped(
        f"**Of {base['pairs'].sum():.0f} pairs of scenarios that differ significantly (95 % interval of the mean "
        f"difference; {table['metric'].nunique()} metrics), {others['alternative'].nunique()} other structures of the "
        f"model keep {share(kept)} significantly in the same order and reverse "
        f"{share(others['reversed'].sum() / pairs, 1)}; other random numbers alone keep {share(alone)}. "
        f"The best scenario stays best in {best.get('yes', 0)} of {len(others)} cases and ties with the best in "
        f"{best.get('tied', 0)}.**"
    )


def disputes() -> str:
    """Share of the named disputes that reach an agenda, and which are settled most often."""
    table = read("disputes.csv")
    council, before, ballot = (
        table[table["scenario"] == name].set_index("dispute") for name in ("council", "before", "interactive_ballot")
    )

    def settled(row: pd.Series) -> str:
        return f"{share(row['settled'])} [{share(row['settled_low'])}; {share(row['settled_high'])}]"

    def agenda(rows: pd.DataFrame) -> str:
        return f"{share(rows['on_agenda'].min())} to {share(rows['on_agenda'].max())}"

    most, helped = council["settled"].idxmax(), (ballot["settled"] - council["settled"]).idxmax()
    return wrapped(
        f"**With the council of phase 1 the {len(council)} disputes reach an agenda in {agenda(council)} of runs, "
        f"without it in {agenda(before)}. The council settles `{most}` most often, in {settled(council.loc[most])} of "
        f"runs; an interactive ballot raises `{helped}` most, to {settled(ballot.loc[helped])} (90 % Jeffreys "
        "intervals).**"
    )


def response() -> str:
    """For how many curves a dose is enough, and which are not at their end."""
    named, lines = doses()
    enough, none, more, worse = (len(named[kind]) for kind in ("enough", "none", "more", "worse"))
    rest = len(lines) - enough - none - more - worse
    still = "; ".join(each.partition(" (dose")[0] for each in named["more"])
    return wrapped(
        f"**Of {len(lines)} curves {enough} level off at a dose that is enough on average (90 % interval of the mean "
        f"effect), {more} still change at the largest dose, {none} show no difference worth a word, {worse} get worse, "
        f"and {rest} remain open. Still changing: {still or 'none'}.**"
    )


def forecast(language: str) -> str:
    """Certain changes by the plan, and what stays open: reach and consensus after five months."""
    table = pd.read_csv(REFERENCE / "forecast_phase2.csv")
    first = table[(table["period"] == table["period"].iloc[0]) & (table["group"] == "all")].set_index("metric")
    parts: list[str] = []
    for name in ("reach", "consensus_settled"):
        row, found = first.loc[name], forecast_metric(name)
        parts.append(f"{found.show(row['q50'], after=False)} % {found.show_interval(row['q05'], row['q95'])}")
        change = found.show_difference(row["change_q50"]).lstrip("+")
        parts.append(f"{change} {found.show_interval(row['change_q05'], row['change_q95'])}")
    reach, more, settled, change = parts
    if language == "zh":
        return (
            f"**五个月内，预计有 {reach} 的成年居民参与，占比比模型自身的第一阶段高 {more} 个百分点。\n"
            f"上会议题的议成比例为 {settled}，变化 {change} 个百分点：是升是降说不准。"
            "（中位数；方括号内是单个社区的 90 % 区间。）**\n"
        )
    return wrapped(
        f"**Over five months the plan brings reach to {reach} of adults, {more} percentage points more than in the "
        f"model's own phase 1. Whether more topics are settled cannot be said: {settled}, a change of {change} points "
        "(medians with 90 % prediction intervals for one community).**"
    )
