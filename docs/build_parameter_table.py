"""Write the parameter table of docs/model.md anew from configs/behaviour: python docs/build_parameter_table.py ."""

from __future__ import annotations

from pathlib import Path

import yaml

from consensus_sim.parameters import Behaviour
from consensus_sim.paths import configs_dir

PAGE = Path(__file__).parent / "model.md"
BEGIN, END = "<!-- parameters: begin -->\n", "<!-- parameters: end -->"


def parameter_table() -> str:
    """One row a parameter: name, symbol, meaning, value, prior, unit, source with grade, what the case can say."""
    file = yaml.safe_load((configs_dir() / "behaviour" / "case_study.yaml").read_text(encoding="utf-8"))
    lines = [
        "| parameter | symbol | meaning | value | prior | unit | source | ident. |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for p in Behaviour.from_config(file):
        name = p.name.removeprefix("behaviour.")
        prior = f"{p.low:g} to {p.high:g}"
        source = f"{p.source} [{p.grade}]"
        lines.append(
            f"| {name} | {p.symbol} | {p.meaning} | {p.value:g} | {prior} | {p.unit} | {source} | {p.identified} |"
        )
    return "\n".join(lines) + "\n"


def with_table(page: str) -> str:
    """The page with the table between its markers made anew."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + parameter_table() + END + after


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
