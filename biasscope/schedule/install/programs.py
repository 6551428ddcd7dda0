"""Calling ``systemctl`` and ``crontab``, which may be missing."""

from __future__ import annotations

import os
import shutil
import subprocess

from biasscope.core.errors import OutputError

TIMEOUT = 30.0


def call(program: str, *arguments: str, text: bytes | None = None) -> subprocess.CompletedProcess[bytes] | None:
    """Run a program with messages in English; None when it is not installed.

    Raises
    ------
    OutputError
        It does not answer.
    """
    path = shutil.which(program)
    if path is None:
        return None
    try:
        return subprocess.run(  # noqa: S603  (found on the user's own path, no shell)
            [path, *arguments],
            input=text if text is not None else b"",
            capture_output=True,
            env={**os.environ, "LC_ALL": "C"},
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise OutputError(f"it does not answer within {TIMEOUT:g} s", where=program) from error
    except OSError as error:
        raise OutputError(f"cannot be run ({error.strerror})", where=program) from error


def complaint(found: subprocess.CompletedProcess[bytes]) -> str:
    """Last line of what a program complained about."""
    lines = found.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"exit code {found.returncode}"
