"""Small changes that a source can undergo: a comparison's edge or sense, a sign, a number, two arguments exchanged, a
statement left out, another random stream, another owner of a value.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

SOURCES = Path(__file__).parents[2] / "src" / "consensus_sim"
KINDS = ("comparison", "sign", "constant", "argument", "statement", "stream", "owner")
DECLARED = {"setting", "switch", "choice", "phrase", "not_allowed", "InputError", "Field", "number_phrase"}
"""Calls that declare something or word a message; they are left unchanged."""
SWAPS = {"Lt": "<=", "LtE": "<", "Gt": ">=", "GtE": ">", "Eq": "!=", "NotEq": "==", "Is": "is not", "IsNot": "is"}
SWAPS |= {"In": "not in", "NotIn": "in", "And": " or ", "Or": " and ", "Add": "-", "Sub": "+", "Mult": "/", "Div": "*"}
SWAPS |= {"FloorDiv": "*", "Pow": "*", "min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum"}
OWNERS = (
    "trust efficacy belonging motive initiative follow_through", "expression listening integration procedure",
    "vulnerable elder tenant", "came spoke panel", "fatigue strain", "habit_offline habit_online", "raised_by led_by",
    "urgency feasibility polarity", "heard_week agenda_week settled_week deadline_week", "letter personal level member",
    "seats_offered seats_accepted", "q05 q95", "low high", "gain load", "replicates sets", "first last",
)  # fmt: skip
NEXT = {one: names[at - 1] for names in map(str.split, OWNERS) for at, one in enumerate(names)}


class Change(NamedTuple):
    """One change: bytes `start`..`end` of `path` become `new`."""

    path: Path
    kind: str
    start: int
    end: int
    new: bytes

    def source(self) -> bytes:
        text = self.path.read_bytes()
        return text[: self.start] + self.new + text[self.end :]

    def describe(self) -> str:
        """File, old and new lines."""
        text, changed = self.path.read_bytes(), self.source()
        first, last = text.rfind(b"\n", 0, self.start) + 1, text.find(b"\n", self.end)
        lines = text[first:last], changed[first : last + len(changed) - len(text)]
        return f"{self.path.relative_to(SOURCES)}: " + " -> ".join(" ".join(each.decode().split()) for each in lines)


def changes_of(path: Path) -> Iterator[Change]:
    """All changes of one file."""
    text = path.read_bytes()
    begin = [0, *(match.end() for match in re.finditer(b"\n", text))]

    def ends(node: ast.AST) -> tuple[int, int]:
        return begin[node.lineno - 1] + node.col_offset, begin[node.end_lineno - 1] + node.end_col_offset

    def said(node: ast.AST) -> str:
        return text[slice(*ends(node))].decode()

    def changes(node: ast.AST) -> Iterator[tuple[str, ast.AST, str]]:
        kind = type(getattr(node, "op", None)).__name__
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            other = SWAPS[type(node.ops[0]).__name__]
            yield "comparison", node, f"{said(node.left)} {other} {said(node.comparators[0])}"
        elif isinstance(node, ast.BoolOp):
            yield "comparison", node, f"({SWAPS[kind].join(f'({said(value)})' for value in node.values)})"
        elif isinstance(node, ast.BinOp) and kind in SWAPS:
            yield "sign", node, f"({said(node.left)}) {SWAPS[kind]} ({said(node.right)})"
        elif isinstance(node, ast.UnaryOp) and kind in ("USub", "Not"):
            yield "sign" if kind == "USub" else "comparison", node, f"({said(node.operand)})"
        elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            value = node.value
            more = value + 1 if isinstance(value, int) else 1.5 * value or 1.0
            yield "constant", node, repr(not value if isinstance(value, bool) else more)
        elif isinstance(node, ast.Attribute) and node.attr in NEXT and isinstance(node.ctx, ast.Load):
            yield "owner", node, f"{said(node.value)}.{NEXT[node.attr]}"
        elif isinstance(node, ast.Call):
            name = said(node.func).rpartition(".")[2]
            if name in SWAPS:
                yield "sign", node.func, said(node.func).removesuffix(name) + SWAPS[name]
            for each in node.args if name in ("key", "keys") else ():
                if isinstance(each, ast.JoinedStr | ast.Constant) and '"' in said(each):
                    yield "stream", each, '"attend:council"'
            for at, (one, two) in enumerate(zip(node.args, node.args[1:], strict=False)):
                if said(one) != said(two) and not isinstance(one, ast.Starred) and not isinstance(two, ast.Starred):
                    args = [*node.args[:at], two, one, *node.args[at + 2 :], *node.keywords]
                    yield "argument", node, f"{said(node.func)}({', '.join(map(said, args))})"
        assigned = isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name | ast.Tuple)
        if assigned or isinstance(node, ast.AugAssign) or isinstance(getattr(node, "value", None), ast.Call) and (
            isinstance(node, ast.Expr)
        ):  # fmt: skip
            yield "statement", node, "pass"

    def visit(node: ast.AST) -> Iterator[Change]:
        declared = isinstance(node, ast.Call) and said(node.func) in DECLARED
        if declared or isinstance(node, ast.Raise | ast.Import | ast.ImportFrom | ast.Assert | ast.JoinedStr):
            return
        if not (isinstance(node, ast.If) and said(node.test) == "TYPE_CHECKING"):
            for kind, at, new in changes(node):
                if new != said(at):
                    yield Change(path, kind, *ends(at), new.encode())
            for field, value in ast.iter_fields(node):
                if field not in ("annotation", "returns", "decorator_list"):
                    for child in value if isinstance(value, list) else [value]:
                        yield from visit(child) if isinstance(child, ast.AST) else ()

    return visit(ast.parse(text))


def draw(paths: list[Path], number: int, seed: int) -> list[Change]:
    """`number` changes of the files `paths`, the kinds in turn."""
    every = [change for path in paths for change in changes_of(path)]
    random.Random(seed).shuffle(every)
    kinds = ([change for change in every if change.kind == kind] for kind in KINDS)
    return [change for turn in zip_longest(*kinds) for change in turn if change is not None][:number]
