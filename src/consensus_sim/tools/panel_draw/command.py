"""The program `consensus-sim-panel`: options, output in two languages, exit codes."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from consensus_sim.errors import InputError, Phrase, phrase
from consensus_sim.terminal import use_any_encoding
from consensus_sim.tools.panel_draw.draw import ALGORITHMS, draw_panel
from consensus_sim.tools.panel_draw.tables import check_output, not_among, raise_some, write_rows

LANGUAGES = ("en", "zh")
NAME = "consensus-sim-panel"


class _Parser(argparse.ArgumentParser):
    """A parser that raises what is wrong as an `InputError`."""

    def error(self, message: str) -> NoReturn:
        """Refuse the options."""
        raise InputError("panel_usage", problem=message)


def _parser() -> _Parser:
    """Options of the program."""
    parser = _Parser(prog=NAME, description="Draw a real panel from a register by lot, within quotas.")
    add = parser.add_argument
    add("--register", required=True, help="CSV file, one row a person")
    add("--quotas", required=True, help="CSV file with the columns feature, value, min, max")
    add("--seats", required=True, help="size of the panel")
    add("--seed", required=True, help="1 or more; the same seed draws the same panel")
    add("--output", required=True, help="CSV file to write (UTF-8 with mark, which spreadsheets open rightly)")
    add("--overwrite", action="store_true", help="replace the output if it is there already")
    add("--id-column", default="id", help="column of the register that identifies people (id)")
    add("--one-per", nargs="+", default=[], metavar="COLUMN", help="columns of an address: one person of each")
    add("--algorithm", default="maximin", help=f"{', '.join(ALGORITHMS)} (maximin)")
    add("--encoding", help="of files that are not in UTF-8, such as big5 or latin-1 (GB 18030 is recognised)")
    add("--language", default="en", help="of messages: en or zh (en)")
    return parser


def _language(argv: Sequence[str]) -> str:
    """The language that `argv` asks for, English where it asks for none."""
    asked = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    asked.add_argument("--language", nargs="?", default="en")
    found: str | None = asked.parse_known_args(argv)[0].language
    return found if found in LANGUAGES else "en"


def _whole_numbers(given: dict[str, str]) -> list[int]:
    """The numbers given for the options, or all that are none."""
    numbers, errors = [], []
    for option, words in given.items():
        try:
            numbers.append(int(words))
        except ValueError:
            errors.append(
                InputError("not_allowed", where=option, found=words, allowed=phrase("panel_count_from", low=1))
            )
    raise_some(errors)
    return numbers


def _run(argv: Sequence[str], language: str) -> None:
    """Draw and write the panel that `argv` asks for."""
    args = _parser().parse_args(argv)
    if args.language not in LANGUAGES:
        raise not_among(phrase("panel_language"), args.language, LANGUAGES)
    seats, seed = _whole_numbers({"--seats": args.seats, "--seed": args.seed})
    check_output(args.output, [args.register, args.quotas], args.overwrite)

    def say(words: Phrase) -> None:
        print(" ".join(words.text(language).split()), file=sys.stderr, flush=True)

    rows = draw_panel(
        args.register, seats, args.quotas, seed, id_column=args.id_column, one_per=args.one_per,
        algorithm=args.algorithm, encoding=args.encoding, say=say,
    )  # fmt: skip
    write_rows(rows, args.output, overwrite=args.overwrite)
    done = phrase("panel_done", people=len(rows), register=args.register, output=args.output)
    print(done.text(language))


def _end(number: int, _: object) -> NoReturn:
    """Leave by way of the exits, so that nothing is left running or half-written."""
    raise SystemExit(128 + number)


def main(argv: Sequence[str]) -> int:
    """Run the program; returns 0, 2 after one line on standard error for each error in the input, 130 after Ctrl-C."""
    language = _language(argv)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _end)
    use_any_encoding()
    try:
        _run(argv, language)
    except InputError as error:
        for line in error.text(language).splitlines():
            print(f"{NAME}: {line}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{NAME}: {phrase('panel_interrupted').text(language)}", file=sys.stderr)
        return 130
    return 0
