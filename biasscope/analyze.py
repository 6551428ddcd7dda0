"""The command line: ``python -m biasscope.analyze <question>``.

Exit codes: 0 done, 1 a gate failed, 2 usage or configuration, 3 input unreadable or not conforming, reports not
comparable, or output not writable, 4 unexpected, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from itertools import zip_longest

from cyclopts import App, Parameter
from cyclopts.config import Env
from cyclopts.exceptions import CycloptsError

from biasscope import __version__
from biasscope.commands.environment import PREFIX, items, only_options
from biasscope.commands.refused import is_too_long, possible_paths, too_long, usage_error, values_given, whole_numbers
from biasscope.core.errors import BiasscopeError

COMMANDS = {
    "dataset": (
        "biasscope.commands.dataset:dataset",
        "Where and how large are the objects of each class, and is that bias or chance?",
    ),
    "invariance": (
        "biasscope.commands.invariance:invariance",
        "Does a model keep its answer when the picture moves, grows, turns, or is resized by another library?",
    ),
    "layers": (
        "biasscope.commands.layers:layers",
        "At which layer is shiftability lost, and which layer is to blame when a shift changes the answer?",
    ),
    "augmentation": (
        "biasscope.commands.augmentation:augmentation",
        "How many transformed copies of every image does learning invariance need?",
    ),
    "upsampling": (
        "biasscope.commands.upsampling:upsampling",
        "Which layer writes a checkerboard, how strong is it, and what removes it at which price?",
    ),
    "run": (
        "biasscope.commands.run:run",
        "Answer the question of an analysis file, such as those in analyses/.",
    ),
    "compare": (
        "biasscope.commands.compare:compare",
        "What changed from one report to another beyond its interval?",
    ),
    "gate": (
        "biasscope.commands.gate:gate",
        "Does a report keep the bounds that a file names?",
    ),
    "due": (
        "biasscope.commands.due:due",
        "Run the scheduled reports that are due.",
    ),
    "schedule": (
        "biasscope.commands.schedule:schedule",
        "Have due called regularly by the machine's own timer.",
    ),
}
"""Command -> where it is, and the question it answers."""

EXAMPLES = {"gate": "BASELINE", "schedule": "EVERY"} | dict.fromkeys(("compare", "due"), "OUTPUT")
"""Command -> an option of it, as its environment variable ends; all others have a seed."""
EPILOGUE = (
    "Every option (not the paths, --config, --debug) can also stand in the TOML file given with --config, in a table "
    "named after the command, or in the environment, as {}. There semicolons stand between several values of one "
    "option. Exit codes: 0 done, 1 a gate failed, 2 usage or configuration, 3 input, 4 unexpected, 130 interrupted."
)
CHECKS = (only_options, values_given, whole_numbers, possible_paths)
"""Called by the parser when all values are known, from the command line, the environment and the configuration."""


def build(config: str | None = None) -> App:
    """Command line application; commands are import strings, loaded when they run."""
    app = App(
        name="biasscope",
        help="Did the data teach the network where to look, and does the network cope when the object is elsewhere?",
        help_epilogue=_epilogue("dataset"),
        version=__version__,
        suppress_keyboard_interrupt=False,
        config=[Env(PREFIX), *CHECKS],
        default_parameter=Parameter(show_env_var=False, env_var_split=items),
    )
    for name, (target, question) in COMMANDS.items():
        app.command(target, name=name, help=question, help_epilogue=_epilogue(name))
    if config:
        _configure(app, config)
    return app


def _configure(app: App, config: str) -> None:
    """Take options from a file, which count less than those of the environment."""
    from biasscope.commands.configuration import check, options_of

    options = options_of(config, COMMANDS)
    check(app, options)
    app.config = [Env(PREFIX), options, *CHECKS]


def _epilogue(command: str) -> str:
    return EPILOGUE.format(f"BIASSCOPE_{command.upper()}_{EXAMPLES.get(command, 'SEED')}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in tokens
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # class names in any script, terminals that know few
    try:
        app = build(_option(tokens, "--config"))
        result = app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except BiasscopeError as error:
        return _fail(error, error.exit_code, debug)
    except CycloptsError as error:
        return _fail(usage_error(error), 2, debug)
    except KeyboardInterrupt:
        return _fail("interrupted", 130, debug=False)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2 if stop.code else 0
    except BaseException as error:  # everything that is not ours ends with 4, also a panic of polars
        if is_too_long(error):
            return _fail(too_long(getattr(error, "filename", "")), 2, debug)
        hint = "This is a defect of biasscope; --debug shows where."
        return _fail(f"{type(error).__name__}: {error}\n{hint}", 4, debug)
    return result if isinstance(result, int) else 0


def _open_streams() -> None:
    """Let what is said on a stream that was closed go nowhere, and no file take its number and be written into."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8", closefd=False))


def _option(tokens: Sequence[str], name: str) -> str | None:
    """Value of an option that must be known before the command line is parsed."""
    for here, following in zip_longest(tokens, tokens[1:]):
        if here == name:
            return following
        if here.startswith(f"{name}="):
            return here.removeprefix(f"{name}=")
    return None


def _fail(what: object, code: int, debug: bool) -> int:
    if debug:
        import traceback

        traceback.print_exc()
    with suppress(OSError):
        sys.stderr.write(f"biasscope: {what}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
