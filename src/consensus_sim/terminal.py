"""Output that reaches every terminal, whatever characters its encoding holds."""

from __future__ import annotations

import codecs
import io
import sys

_PLAIN = str.maketrans(
    {
        "–": "-",
        "—": "-",
        "−": "-",
        "…": ".",
        "·": ".",
        "×": "x",
        "±": "~",
        "μ": "u",
        "→": ">",
        "“": '"',
        "”": '"',
        "’": "'",
    }
)
_NAME = "consensus_sim.plain"


def _plain(error: UnicodeError) -> tuple[str, int]:
    """The characters that cannot be encoded by ones that can, each as one, so that columns stay columns."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = error.object[error.start : error.end].translate(_PLAIN)
    return "".join(character if character.isascii() else "?" for character in found), error.end


def use_any_encoding() -> None:
    """Let standard output and standard error replace the characters that they cannot write."""
    codecs.register_error(_NAME, _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_NAME)
