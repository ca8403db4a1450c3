"""The command line: `consensus-sim`, a Hydra application that reports every error in one line and an exit code.

0 done; 1 a replicate failed, or an error of the program; 2 an error in the input; 130 interrupted.
Hydra leaves no files of its own.
"""

from __future__ import annotations

import argparse
import datetime
import errno
import gc
import os
import re
import signal
import string
import sys
import traceback
from collections.abc import Container, Sequence
from importlib import metadata
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from consensus_sim.catalogue import LANGUAGES
from consensus_sim.data_files import parse
from consensus_sim.errors import ConsensusSimError, InputError, Phrase, one_line, phrase, single
from consensus_sim.paths import configs_dir
from consensus_sim.runs.progress import speak, words
from consensus_sim.study.config import package_configs
from consensus_sim.study.config_names import CONFIG_NAME
from consensus_sim.study.diagnosis import explain, own_file
from consensus_sim.study.overrides import extend, kept_values, search_path
from consensus_sim.sweep import DONE, FAILED, Job, RefusedError, end_all, heading, job_folder, note, this_job
from consensus_sim.terminal import use_any_encoding
from consensus_sim.tools.examples import write_examples

SEARCHED = 50_000
"""New objects after which Python looks for cycles among them: a command makes many that stay, and few cycles, and with
Python's own 700 a tenth of its time would go into looking.
"""
_FULL_ERROR = os.environ.get("HYDRA_FULL_ERROR") == "1"
_NO_NUMBERS = re.compile(r"^(\+\w+@|\+own=|hydra\.|(engine|report|store|results|publish|debug)\b)")
_here = False  # whether this process is the command; else it is a launcher's worker
_failed: list[int] = []  # exit codes of the jobs of this process that failed
_own: list[str] = []  # overrides as Hydra composes them
_given: list[str] = []  # overrides as the user gave them
_config_dir: list[str] = []  # the folder of the user's own files, if one was given


class ReportedError(Exception):
    """Failure of a job in a launcher's worker, reported there, on its way to the exit code of the command.

    kept: the message, if the launcher keeps the output of its jobs in files (submitit)
    """

    def __init__(self, code: int, kept: str = "") -> None:
        super().__init__(code, kept)
        self.code, self.kept = code, kept


class TerminatedError(BaseException):
    """The system asks the command to end (SIGTERM). Neither an Exception nor a SystemExit: those, raised in a
    replicate, are booked as its failure, and the others go on.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def job(config: DictConfig) -> None:
    """Run one job; its failure is reported here and remembered, so that the other jobs of a sweep go on."""
    from consensus_sim.experiments.runner import run_experiment

    plain: Any = OmegaConf.to_container(config, resolve=True)
    own = [f"--config-dir {folder}" for folder in _config_dir]
    sweep = this_job()
    plain["changes"] = [*own, *changes(HydraConfig.get().overrides.task, sweep.values if sweep else ())]
    if sweep:
        print(words(heading(sweep)), flush=True)
    try:
        place = run_experiment(plain, job_folder() if sweep else results_folder(plain))
    except Exception as error:
        code, said = report(error, plain.get("debug") is True or (_here and _debug()), sweep)
        if sweep:
            note(sweep, FAILED, None)
        if not _here:
            raise ReportedError(code, said if "SUBMITIT_EXECUTOR" in os.environ else "") from None
        _failed.append(code)
    else:
        if sweep:
            note(sweep, DONE, place)


def changes(overrides: Sequence[str], swept: Container[str] = ()) -> list[str]:
    """Those of `overrides` that may change numbers, as somebody would write them: not where and how things are run or
    shown, unless a sweep varies it (`swept`: keys), nor what the command has added.
    """
    added = set(kept_values(overrides))
    kept = []
    for change in overrides:
        plain = change.lstrip("+")
        where_or_how = _NO_NUMBERS.match(change) or _NO_NUMBERS.match(plain)
        if change not in added and (plain.partition("=")[0] in swept or not where_or_how):
            kept.append(plain)
    return kept


def results_folder(config: dict[str, Any]) -> Path:
    """results/<experiment>/<time>."""
    now = datetime.datetime.now().strftime("%Y-%m-%dT%H-%M-%S")
    return Path(str(config["results"])) / str(config["experiment_name"]) / now


def report(error: BaseException, debug: bool, sweep: Job | None = None) -> tuple[int, str]:
    """Print `error` on standard error, one error a line (with its origin if `debug`); returns the exit code and the
    text printed. `sweep`: the job of a sweep that it ended.
    """
    if debug:
        traceback.print_exception(error)
        for trace in dict.fromkeys(failure.trace for failure in getattr(error, "failures", [])):
            print(trace, file=sys.stderr)
    code, errors = _errors(error, debug)
    if sweep is not None:
        errors = [phrase("in_job", number=sweep.number, values=sweep.named, error=each) for each in errors]
    said = "\n".join(f"consensus-sim: {words(each)}" for each in errors)
    print(said, file=sys.stderr)
    return code, said


def _errors(error: BaseException, debug: bool) -> tuple[int, list[Phrase]]:
    """The exit code of `error`, and its errors in words."""
    if isinstance(error, InputError):
        folder = _config_dir[0] if _config_dir else None
        return 2, [own_file(each, folder, _given) for each in single(error)]
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return 2, [phrase("no_room", why=one_line(error), folder=_compiled())]
    if isinstance(error, ConsensusSimError):
        return 1, [error.phrase]
    return 1, [phrase("crashed_debug" if debug else "crashed", name=type(error).__name__, why=one_line(error))]


def _language(given: Sequence[str]) -> str:
    """The language of messages: the report's, as asked for on the command line; English where nothing is said."""
    asked = [change.partition("=")[2] for change in given if change.lstrip("+").startswith("report.language=")]
    return asked[-1] if asked and asked[-1] in LANGUAGES else "en"


def _compiled() -> Path:
    """Folder of compiled code."""
    from consensus_sim.kernels import cache_dir

    return cache_dir()


def help_text(config_dir: str | None) -> str:
    """The help: the text of configs/config.yaml with the groups there are, among them those of the user's `config_dir`.

    Read from the files: Hydra would compose the whole configuration for it.
    """
    folders = [configs_dir(), *([Path(config_dir)] if config_dir is not None else [])]
    options: dict[str, set[str]] = {}
    for folder in folders:
        for path in folder.glob("*/**/*.yaml"):
            if not path.stem.startswith("_"):
                options.setdefault(path.parent.relative_to(folder).as_posix(), set()).add(path.stem)
    groups = [group for group in sorted(options) if group.split("/")[0] != "hydra"]
    lines = "".join(f"{group}: {', '.join(sorted(options[group]))}\n" for group in groups)
    config: Any = parse((configs_dir() / f"{CONFIG_NAME}.yaml").read_text(encoding="utf-8"), f"{CONFIG_NAME}.yaml")
    return string.Template(config["hydra"]["help"]["template"]).substitute(APP_CONFIG_GROUPS=lines)


class _Parser(argparse.ArgumentParser):
    """Parser of Hydra's options and ours. Hydra parses its own again; this parser separates options from overrides."""

    def __init__(self) -> None:
        super().__init__(add_help=False, allow_abbrev=False)
        self.add_argument("overrides", nargs="*")
        for switch in ("--help -h", "--hydra-help", "--resolve", "--run -r", "--multirun -m", "--shell-completion -sc"):
            self.add_argument(*switch.split(), action="store_true")
        for option in ("--package -p", "--config-path -cp", "--config-name -cn", "--config-dir -cd"):
            self.add_argument(*option.split())
        self.add_argument("--experimental-rerun")
        self.add_argument("--cfg", "-c", choices=("job", "hydra", "all"))
        kinds = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")
        self.add_argument("--info", "-i", const="all", nargs="?", choices=kinds)
        self.add_argument("--examples", metavar="FOLDER")

    def error(self, message: str) -> NoReturn:
        """Raise InputError."""
        raise InputError("usage", problem=message)


def arguments(argv: Sequence[str]) -> list[str]:
    """`argv` as Hydra is to see it: options first, then the overrides, completed by what the user's own files need.

    Raises SystemExit once help or version is printed or examples are written, where that is asked for.
    """
    if "--version" in argv:
        print(f"consensus-sim {metadata.version('consensus-sim')}")
        raise SystemExit(0)
    args = _Parser().parse_intermixed_args(list(argv))
    for option in ("config_path", "config_name", "experimental_rerun"):  # files that would be read unchecked
        if getattr(args, option) is not None:
            raise InputError("option_not_used", option=f"--{option.replace('_', '-')}")
    given = list(args.overrides)
    _given[:], _config_dir[:] = given, [args.config_dir] if args.config_dir is not None else []
    speak(_language(given))
    if args.examples is not None:
        write_examples(Path(args.examples))
        print(words(phrase("examples_written", folder=args.examples)))
        raise SystemExit(0)
    options = _without_config_dir(argv)  # Hydra finds the user's files by its search path, and as data only
    for override in given:
        options.remove(override)
    for override in given:
        if ("=" not in override and not override.startswith("~")) or override.startswith("="):
            raise InputError("no_key_value", found=override)
    searched = [*given, *search_path(given, args.config_dir)]
    if args.help:
        print(help_text(args.config_dir))
        raise SystemExit(0)
    with package_configs():
        extended = extend(searched, config_dir=args.config_dir, multirun=args.multirun)
    _own[:] = extended
    return [*options, *extended]


def _without_config_dir(argv: Sequence[str]) -> list[str]:
    """`argv` without the option that names the folder of the user's files."""
    words, options = iter(argv), ("--config-dir", "-cd")
    kept = [word for word in words if word not in options or next(words, None) is None]
    return [word for word in kept if not word.startswith(tuple(f"{option}=" for option in options))]


def _debug() -> bool:
    """True if the user asked for the source of errors."""
    return _FULL_ERROR or "debug=true" in sys.argv


def _end(number: int, frame: FrameType | None) -> NoReturn:
    """End as after Ctrl-C when the system asks for it: clean up, leave nothing half-written."""
    raise TerminatedError(number)


def _say(said: Phrase) -> None:
    print(f"consensus-sim: {words(said)}", file=sys.stderr)


def run(words: Sequence[str]) -> None:
    """Run what `words` ask for: one job is composed here, once; with an option, Hydra does it, and composes twice."""
    if any(word.startswith("-") for word in words):
        hydra.main(config_path=str(configs_dir()), config_name=CONFIG_NAME, version_base="1.3")(job)()
        return
    with package_configs():
        config = hydra.compose(config_name=CONFIG_NAME, overrides=list(words), return_hydra_config=True)
        HydraConfig.instance().set_config(config)
        job(OmegaConf.masked_copy(config, [str(name) for name in config if name != "hydra"]))


def main() -> NoReturn:
    """Entry point of `consensus-sim`."""
    global _here
    _here = True
    gc.set_threshold(SEARCHED)
    signal.signal(signal.SIGTERM, _end)
    use_any_encoding()
    debug = _debug()
    code = 0
    try:
        sys.argv[1:] = arguments(sys.argv[1:])
        os.environ["HYDRA_FULL_ERROR"] = "1"  # errors come here whole, to be reported in one line
        run(sys.argv[1:])
        code = max(_failed, default=0)
    except ReportedError as reported:
        if reported.kept:
            print(reported.kept, file=sys.stderr)
        code = reported.code
    except RefusedError as refused:
        code, _ = report(explain(refused.cause, _own), debug)
    except KeyboardInterrupt:
        _say(phrase("interrupted"))
        code = 130
    except TerminatedError as ended:
        _say(phrase("ended_by_system"))
        code = 128 + ended.number
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except Exception as error:
        cause = explain(error, _own)
        if isinstance(cause, OSError):
            cause = InputError("in_place", where=str(cause.filename or "files"), error=cause.strerror or str(cause))
        code, _ = report(cause, debug)
    finally:
        try:
            end_all()
        except InputError as error:
            code = max(code, report(error, debug)[0])
    sys.exit(code)


if __name__ == "__main__":
    from consensus_sim.cli import (
        main as start,
    )  # not this copy of the module: Hydra's callback imports it by name

    start()
