"""Does each lever do what it is for? On/off contrasts with their intervals, weak and unexpected ones included.

    python experiments/levers/run.py                                     # makes all published tables anew
    python experiments/levers/run.py --study institutions                  # every institution alone on top of phase 1
    python experiments/levers/run.py --community teaching --replicates 6   # one table

Defaults: the case study with 200 replicates and, for study levers, the teaching community with 12, seed 1, the
configured 56 weeks, parameters drawn from the posterior as in every forecast (two replicates a set), all cores. Writes
levers.csv, levers_teaching.csv and institutions.csv to results/reference/; a test makes the second anew and compares it
with the published one. What is expected, and why, stands in expectations.yaml and institutions.yaml beside this file.

Two intervals: of the mean effect, on average over communities like this, and of the difference in one community. The
verdict follows from these numbers alone, by the definition that terminal and page use (`report.change`).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consensus_sim import Forecast, compare
from consensus_sim.catalogue import metric
from consensus_sim.forecast.summary import Values, contrast
from consensus_sim.report.change import kind_of_change

if TYPE_CHECKING:
    import pandas as pd

HERE = Path(__file__).resolve().parent
REFERENCE = HERE.parent.parent / "results" / "reference"
EXPECTATIONS = {"levers": "expectations.yaml", "institutions": "institutions.yaml"}
"""Study -> its file of expectations."""
PUBLISHED = {"case_study": 200, "teaching": 12}
"""Community -> replicates of its published table."""
FOUND = (
    "difference", "mean_q05", "mean_q95", "p_mean_up", "p_mean_down", "q05", "q95", "p_up", "p_down", "standard_error",
    "least_difference",
)  # fmt: skip
"""Columns of contrasts.csv that are told."""
COLUMNS = (
    "contrast", "scenario", "reference", "metric", "group", "unit", "expectation", "source", *FOUND, "replicates",
    "sets", "verdict",
)  # fmt: skip
NUMBERS = "%.4g"
SAID = {
    "higher": "sure", "lower": "sure", "leaning_up": "sure on average", "leaning_down": "sure on average",
    "slight": "sure on average, perhaps too small to be worth a word",
}  # fmt: skip
"""Kind of change -> how sure its direction is."""
UNDEFINED = "undefined: no pair has both values"


def read_expectations(name: str = "levers") -> list[dict[str, Any]]:
    """The contrasts of a study with their expectations, as written in its file."""
    import yaml

    with (HERE / EXPECTATIONS[name]).open(encoding="utf-8") as file:
        contrasts: list[dict[str, Any]] = yaml.safe_load(file)
    return contrasts


def scenarios_of(contrasts: Sequence[dict[str, Any]]) -> list[str]:
    """Every scenario that the contrasts need, each once."""
    return list(dict.fromkeys(name for each in contrasts for name in (each["reference"], each["scenario"])))


def verdict(sign: str, row: dict[Any, Any]) -> str:
    """What a row of contrasts says of the expected `sign`: whether it comes out and how sure its direction is, or that
    there is no difference worth a word, or that it cannot be told.
    """
    if not row["sets"]:
        return UNDEFINED
    kind = kind_of_change(row)
    if kind in SAID:
        agrees = (row["difference"] > 0) == (sign == "+")
        return f"{'as expected' if agrees else 'against expectation'}: {SAID[kind]}"
    return "no difference worth a word" if kind == "negligible" else "cannot be told"


def lever_table(forecast: Forecast, contrasts: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """One row per contrast and metric, in the order of the expectations. Columns: `COLUMNS`."""
    import pandas as pd

    names = [scenario.name for scenario in forecast.study.scenarios]
    values = Values(with_team(forecast), names, forecast.study.replicates, forecast.study.draws())
    units = {name: metric(name).unit for name, _ in values.rows}
    assert forecast.study.least is not None
    least, found = forecast.study.least.of(units, len(forecast.community.population.adult.nonzero()[0])), {}
    for reference in {each["reference"] for each in contrasts}:
        for row in contrast(values, units, reference, least).to_dict("records"):
            found[row["scenario"], reference, row["metric"], row["group"]] = row
    rows = []
    for each in contrasts:
        for name, group, sign, source in each["expectations"]:
            pair = (each["scenario"], each["reference"])
            row = found.get((*pair, name, group)) or undefined(name)
            # Rounded before anything is read from them: sums of floats leave 1e-18 where nothing differs.
            numbers = {key: round(row[key], 12) + 0.0 for key in FOUND} | {
                "replicates": row["replicates"], "sets": row["sets"]
            }  # fmt: skip
            rows.append(
                {
                    "contrast": each["contrast"], "scenario": pair[0], "reference": pair[1], "metric": name,
                    "group": group, "unit": row["unit"], "expectation": sign, "source": source, **numbers,
                    "verdict": verdict(sign, numbers),
                }
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def with_team(forecast: Forecast) -> pd.DataFrame:
    """The headline metrics, and from the capability scale at the end of the run the skill and cognition of the council
    team: the same people with and without training, but for those who left.
    """
    import pandas as pd

    scale = forecast.tables["capability"]
    kept = (scale["group"] == "team") & (scale["indicator"] == "all") & scale["dimension"].isin(["skill", "cognition"])
    team = scale[kept & (scale["half_year"] == scale["half_year"].astype(str).max())]
    team = team.rename(columns={"dimension": "metric", "mean": "value"})
    columns = ["scenario", "replicate", "metric", "group", "value"]
    return pd.concat([forecast.tables["metrics"][columns].astype({"group": str}), team[columns].astype({"group": str})])


def undefined(name: str) -> dict[str, Any]:
    """The row of a metric that is defined in no pair; refuses a name that no metric has."""
    return {"unit": metric(name).unit, **dict.fromkeys(FOUND, float("nan")), "replicates": 0, "sets": 0}


def study(community: str, replicates: int, seed: int, workers: int | None = None, name: str = "levers") -> pd.DataFrame:
    """Run every scenario that is needed and return the table of the study."""
    contrasts = read_expectations(name)
    scenarios = scenarios_of(contrasts)
    forecast = compare(community, scenarios, replicates=replicates, seed=seed, workers=workers)
    return lever_table(forecast, contrasts)


def place_of(community: str, name: str = "levers") -> Path:
    """Where the table of a study and community is published."""
    return REFERENCE / (f"{name}.csv" if community == "case_study" else f"{name}_{community}.csv")


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, make the table or tables, write them, say how the verdicts fall."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    options.add_argument("--study", choices=EXPECTATIONS, help="one study (default: all)")
    options.add_argument("--community", help="one community (default: every published table)")
    options.add_argument("--replicates", type=int, help="runs of each scenario (default: as published, else 200)")
    options.add_argument("--seed", type=int, default=1, help="root of all chance (default: 1)")
    options.add_argument("--workers", type=int, help="processes (default: all cores)")
    options.add_argument("--out", type=Path, help="file to write, with --community (default: results/reference/)")
    given = options.parse_args(arguments)
    if given.out and not given.community:
        options.error("--out needs --community")
    studies = [given.study] if given.study else list(EXPECTATIONS)
    tables = [("levers", community) for community in PUBLISHED] + [("institutions", "case_study")]
    if given.community:
        tables = [(studies[0], given.community)]
    for name, community in [each for each in tables if each[0] in studies]:
        replicates = given.replicates or PUBLISHED.get(community, 200)
        table = study(community, replicates, given.seed, given.workers, name)
        place = given.out or place_of(community, name)
        place.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(place, index=False, float_format=NUMBERS, lineterminator="\n")
        counts = table["verdict"].value_counts()
        print(f"{place}: " + "; ".join(f"{count} {words}" for words, count in counts.items()))


if __name__ == "__main__":
    main()
