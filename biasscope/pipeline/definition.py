"""Definitions: what an analysis is asked, as frozen structs that the command line, TOML files and people fill in."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from biasscope.core.errors import UsageError


class DatasetAnalysis(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Question 1: where and how large are the objects of each class?

    The fields are the options of ``dataset``; see ``python -m biasscope.analyze dataset --help``.
    """

    paths: list[str] = []
    format_in: str = "auto"
    images: str | None = None
    sizes: str | None = None
    split_column: str | None = None
    columns: dict[str, str] = {}
    box_convention: str = "auto"
    stream: bool = False
    cache: bool = True
    per_image: Literal["one", "all"] = "one"
    alpha: float = 0.05
    correction: Literal["bh", "by", "holm"] = "bh"
    minimum: int = 10
    scale_reference: Literal["others", "log-uniform"] = "others"
    compare: str | None = None
    compare_format_in: str = "auto"
    compare_box_convention: str | None = None
    augment: list[str] = []
    leakage: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values that no statistic can use."""
        for name, holds, hint in (
            ("alpha", 0 < self.alpha < 1, "It is a level, such as 0.05."),
            ("minimum", self.minimum >= 2, "A test needs at least 2 boxes."),
            ("seed", 0 <= self.seed < 2**63, "Seeds lie between 0 and 9223372036854775807."),
        ):
            if not holds:
                raise UsageError(f"{getattr(self, name)} is out of range", where=f"--{name}", hint=hint)
        for name, given in (
            ("compare-format-in", self.compare_format_in != "auto"),
            ("compare-box-convention", self.compare_box_convention is not None),
        ):
            if given and self.compare is None:
                raise UsageError("there is nothing to compare", where=f"--{name}", hint="Give --compare PATH.")


def defined(kind: type[DatasetAnalysis], options: Mapping[str, object]) -> DatasetAnalysis:
    """Definition from keywords or from a parsed TOML table, types and names checked.

    Raises
    ------
    UsageError
        A key is unknown, or a value has the wrong type or is out of range.
    """
    plain = {key: _paths(value) if key == "paths" else value for key, value in options.items()}
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise UsageError(str(error)) from error


def _paths(given: object) -> object:
    """Paths as the texts that a definition holds; one path may stand alone."""
    several = given if isinstance(given, list | tuple) else [given]
    return [os.fspath(path) if isinstance(path, os.PathLike) else path for path in several]


def command_line(question: str, asked: DatasetAnalysis) -> list[str]:
    """Command that asks the same again: the paths, and every option that is not at its default.

    >>> command_line("dataset", DatasetAnalysis(paths=["a.json"], alpha=0.01, leakage=False))[3:]
    ['dataset', 'a.json', '--alpha', '0.01', '--no-leakage']
    """
    defaults = type(asked)()
    changed = [name for name in asked.__struct_fields__ if getattr(asked, name) != getattr(defaults, name)]
    options = [token for name in changed if name != "paths" for token in _option(name, getattr(asked, name))]
    return ["python", "-m", "biasscope.analyze", question, *asked.paths, *options]


def _option(name: str, value: object) -> Iterator[str]:
    flag = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        yield flag if value else flag.replace("--", "--no-", 1)
    elif isinstance(value, list):
        for item in value:
            yield from (flag, str(item))
    else:
        text = ",".join(f"{key}={item}" for key, item in value.items()) if isinstance(value, dict) else str(value)
        yield from (flag, text)
