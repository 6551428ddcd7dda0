"""``run``: answer the question of an analysis file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from biasscope.commands.answer import deliver
from biasscope.commands.asked import continued
from biasscope.commands.boxes import prepare
from biasscope.commands.options import COMMON, DEFAULTS, FLAG, PARTS, RUNNING, Common
from biasscope.core.errors import UsageError
from biasscope.core.files import check_folder

ANALYSIS = Group("Analysis", sort_key=10)

LOOSE = Parameter(negative=(), consume_multiple=False, allow_leading_hyphen=True)
"""A list of settings, whose values may begin with a hyphen."""


def run(
    file: Path = Path("analyses"),
    *,
    set: Annotated[list[str] | None, LOOSE, Parameter(group=ANALYSIS)] = None,  # noqa: A002  (the option's name)
    tiny: Annotated[bool, FLAG, Parameter(group=ANALYSIS)] = False,
    strict: Annotated[bool, FLAG, Parameter(group=ANALYSIS)] = False,
    allow_python: Annotated[bool, FLAG, Parameter(group=ANALYSIS)] = False,
    resume: Annotated[bool, Parameter(group=RUNNING)] = True,
    html: Annotated[bool, Parameter(group=PARTS)] = True,
    common: Annotated[Common, Parameter(group=COMMON)] = DEFAULTS,
) -> int:
    """Answer the question of an analysis file: one question or one published figure, with its data and options.

    Parameters
    ----------
    file
        TOML file of an analysis. For a folder, the analyses in it are listed and none is run.
    set
        `key=value`: an option in the place of what the file says, as `limit=50` or `model=["small:digits8"]`; may be
        given several times. An empty value is the default again.
    tiny
        The smallest run, which needs no data and no weights.
    strict
        Exit with 3 when something of the input does not conform.
    allow_python
        Import the code that the file names to build a model (`python:module:function`).
    resume
        Continue a run that was stopped, from ~/.cache/biasscope/sweeps; what is left there goes after 14 days.
    html
        Write report.html beside report.json.
    common
        Options that every command shares. A seed or device that is given here goes before those of the file.
    """
    if file.is_dir():
        return _list(file, common)
    from biasscope.pipeline.file import read_analysis

    settings = set or []
    shared = _shared(common, settings)
    analysis = read_analysis(file, settings, shared=shared, tiny=tiny, allow_python=allow_python)
    check_folder(common.output)
    if analysis.question == "dataset":
        prepare(stream=bool(getattr(analysis.asked, "stream", False)))
    from biasscope.core.memory import keep_freed_memory
    from biasscope.pipeline.file import run_analysis

    keep_freed_memory()
    with continued(analysis.question, analysis.asked, keep=resume) as folder:
        report = run_analysis(analysis, progress=common.progress(), checkpoint=folder)
        return deliver(report, common, html=html, strict=strict or analysis.strict)


def _shared(common: Common, settings: Sequence[str]) -> dict[str, object]:
    """Seed and device, where they are given; they may not be set otherwise as well."""
    given = {name: value for name in ("seed", "device") if (value := getattr(common, name)) is not None}
    for name in given.keys() & {setting.partition("=")[0].strip().rpartition(".")[2] for setting in settings}:
        hint = f"Leave --set {name}=... out."
        raise UsageError("it is given twice", where=f"--{name}", hint=hint)
    return given


def _list(folder: Path, common: Common) -> int:
    """Print the analyses of a folder; one that cannot be read is told on stderr, and the exit code is then 2."""
    from biasscope.pipeline.file.listing import analyses, shown

    found, broken = analyses(folder)
    if not found and not broken:
        raise UsageError("there is no analysis in it", where=str(folder), hint="Analyses are TOML files.")
    sys.stdout.write(shown(found, as_json=common.format == "json"))
    for error in broken:
        sys.stderr.write(f"biasscope: {error}\n")
    return UsageError.exit_code if broken else 0
