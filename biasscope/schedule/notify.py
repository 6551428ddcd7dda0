"""Telling somebody that a run did not pass: a command of the user's, with the facts in its environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from biasscope.figures.labels import visible
from biasscope.schedule.record import RunRecord, encode
from biasscope.schedule.said import message

TIMEOUT = 60.0
"""Seconds after which the command is ended."""


def notify(record: RunRecord, folder: Path, argv: Sequence[str], *, timeout: float = TIMEOUT) -> None:
    """Run a command because a run did not pass; nothing happens when it passed, or when there is no command.

    The command is run without a shell, so that no text of the data can become part of one. It finds the facts in the
    environment variables ``BIASSCOPE_REPORT``, ``BIASSCOPE_STATUS``, ``BIASSCOPE_EXIT_CODE``, ``BIASSCOPE_FOLDER`` and
    ``BIASSCOPE_MESSAGE``, and the record as JSON on its standard input. What it prints goes to stderr, since stdout
    carries the answer. That it fails, cannot be found or takes too long is said on stderr and changes nothing else.

    Parameters
    ----------
    record
        The run.
    folder
        Folder of the scheduled report, which holds the page of its history.
    argv
        Program and arguments.
    timeout
        Seconds after which it is ended.

    Examples
    --------
    >>> made = RunRecord(name="nightly", started="", finished="", status="passed", exit_code=0, analyses=[])
    >>> notify(made, Path("nightly"), ["no-such-program"])
    """
    if record.status == "passed" or not argv:
        return
    try:
        code = _run(argv, encode(record), {**os.environ, **facts(record, folder)}, timeout)
    except subprocess.TimeoutExpired:
        _warn(record, argv, f"took longer than {timeout:g} s and was ended")
    except (OSError, ValueError) as error:
        _warn(record, argv, f"cannot be run ({getattr(error, 'strerror', None) or error})")
    else:
        if code:
            _warn(record, argv, f"ended with exit code {code}")


def facts(record: RunRecord, folder: Path) -> Mapping[str, str]:
    """Environment variables that tell about a run; none has a line break or control character."""
    known = {
        "REPORT": record.name,
        "STATUS": record.status,
        "EXIT_CODE": str(record.exit_code),
        "FOLDER": str(folder.absolute()),
        "MESSAGE": visible(message(record)),
    }
    return {f"BIASSCOPE_{name}": value.replace("\0", "") for name, value in known.items()}


def _run(argv: Sequence[str], text: bytes, environment: Mapping[str, str], timeout: float) -> int:
    """Exit code of a command; when it takes too long it is ended with all that it has started."""
    with subprocess.Popen(  # noqa: S603  (the command is the user's own, and there is no shell)
        list(argv), stdin=subprocess.PIPE, stdout=_stderr(), env=environment, start_new_session=True
    ) as child:
        try:
            child.communicate(text, timeout=timeout)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            raise
    return child.returncode


def _stderr() -> int | None:
    """File to which the command's answer goes; nowhere when stderr is no file."""
    try:
        return sys.stderr.fileno()
    except (OSError, ValueError, AttributeError):
        return subprocess.DEVNULL


def _warn(record: RunRecord, argv: Sequence[str], what: str) -> None:
    sys.stderr.write(f"biasscope: {record.name}: on_failure: {visible(argv[0])} {what}.\n")
