"""From the arguments of a command to the definition of an analysis, and to its answer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from biasscope.commands.answer import deliver
from biasscope.core.files import check_folder

if TYPE_CHECKING:
    from biasscope.pipeline.definition import Definition

D = TypeVar("D", bound="Definition")


def answered(question: str, arguments: Mapping[str, Any], *, joined: Collection[str] = ()) -> int:
    """Answer a question about models: write the report, print the answer, and return the exit code.

    Parameters
    ----------
    question
        Name of the command.
    arguments, joined
        As in :func:`asked`.
    """
    from biasscope.core.memory import keep_freed_memory
    from biasscope.core.trust import python_code
    from biasscope.pipeline.file.analysis import DEFINITIONS
    from biasscope.pipeline.file.run import run_question

    keep_freed_memory()
    definition, common = asked(DEFINITIONS[question], arguments, joined=joined), arguments["common"]
    check_folder(common.output)
    keep, allowed = arguments.get("resume", True), python_code(allowed=arguments["allow_python"])
    with allowed, continued(question, definition, keep=keep) as folder:
        report = run_question(question, definition, progress=common.progress(), checkpoint=folder)
        return deliver(report, common, html=arguments["html"], strict=arguments.get("strict", False))


@contextmanager
def continued(question: str, definition: Definition, *, keep: bool) -> Iterator[Path | None]:
    """Folder from which a stopped run is continued, for the questions that can be."""
    from biasscope.pipeline.file.run import CONTINUED

    if question not in CONTINUED:
        yield None
        return
    from biasscope.pipeline.common.checkpoints import checkpoints

    with checkpoints(definition, keep=keep) as folder:
        yield folder


def asked(kind: type[D], arguments: Mapping[str, Any], *, joined: Collection[str] = ()) -> D:
    """Fill in every field of a definition from the argument of the same name; those left out keep their defaults.

    Parameters
    ----------
    kind
        Of the definition.
    arguments
        All arguments of the command, as ``locals()`` gives them in its first line; options that several commands share
        stand in dataclasses.
    joined
        Arguments whose items may come one by one or joined with commas.

    Raises
    ------
    UsageError
        A value has the wrong type or is out of range.

    Examples
    --------
    >>> from biasscope.commands.options import Common
    >>> from biasscope.pipeline.definition import UpsamplingAnalysis
    >>> names = dict.fromkeys(UpsamplingAnalysis.__struct_fields__)
    >>> asked(UpsamplingAnalysis, names | {"remedies": ["hold, smooth"]}, joined=["remedies"]).remedies
    ['hold', 'smooth']
    >>> asked(UpsamplingAnalysis, names | {"common": Common(seed=3)}).seed
    3
    """
    from biasscope.pipeline.definition import defined

    given = dict(arguments)
    for shared in filter(is_dataclass, arguments.values()):
        given |= vars(shared)
    options = {name: value for name in kind.__struct_fields__ if (value := given[name]) is not None}
    for name in options.keys() & set(joined):
        options[name] = parts(options[name])
    return defined(kind, options)


def parts(given: object) -> list[str]:
    """Items that were given one by one or joined with commas.

    >>> parts(["a,b", "c"])
    ['a', 'b', 'c']
    """
    items = given if isinstance(given, list | tuple) else [given]
    return [part.strip() for item in items for part in str(item).split(",") if part.strip()]
