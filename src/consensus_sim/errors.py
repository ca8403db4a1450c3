"""Errors written for the person who must fix them."""

from __future__ import annotations


class ConsensusSimError(Exception):
    """Base of every error that the package raises on purpose."""


class InputError(ConsensusSimError):
    """The user's input cannot be used.

    The message is one line: which file or key, what was found, what is allowed. The command line prints it without a
    traceback and leaves with exit code 2.
    """


def one_of(what: str, found: object, allowed: object) -> InputError:
    """An `InputError` for a name that is not among the allowed ones, with the nearest one suggested."""
    import difflib

    names = [str(name) for name in allowed]  # type: ignore[attr-defined]
    near = difflib.get_close_matches(str(found), names, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return InputError(f"{what}: found {found!r}{hint}; allowed: {', '.join(names)}")
