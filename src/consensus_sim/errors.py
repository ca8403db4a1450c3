"""Errors written for the person who must fix them."""

from __future__ import annotations


class ConsensusSimError(Exception):
    """Base of every error that the package raises on purpose."""


class InputError(ConsensusSimError):
    """The user's input cannot be used.

    The message is one line: which file or key, what was found, what is allowed. The command line prints it without a
    traceback and leaves with exit code 2.
    """


MOST_NAMES = 60
"""Names that a message lists; of more it tells the nearest only."""


def one_of(what: str, found: object, allowed: object) -> InputError:
    """An `InputError` for a name that is not among the allowed ones, with the nearest one suggested."""
    import difflib

    names = [str(name) for name in allowed]  # type: ignore[attr-defined]
    near = difflib.get_close_matches(str(found), names, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    if len(names) > MOST_NAMES:
        some = difflib.get_close_matches(str(found), names, n=5, cutoff=0.0)
        listed = f"one of {len(names)} names, the nearest of which are {', '.join(some)}"
    else:
        listed = ", ".join(names)
    return InputError(f"{what}: found {found!r}{hint}; allowed: {listed}")
