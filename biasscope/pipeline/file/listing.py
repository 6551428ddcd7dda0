"""The analyses of a folder, for a table of what there is."""

from __future__ import annotations

from pathlib import Path

import msgspec

from biasscope.core.errors import BiasscopeError
from biasscope.core.toml import from_table, read_table
from biasscope.pipeline.file.analysis import Written


class Listed(msgspec.Struct, frozen=True):
    """One analysis: its file, and what it says of itself."""

    file: str
    question: str
    title: str
    source: str


def analyses(folder: Path) -> tuple[list[Listed], list[BiasscopeError]]:
    """Analyses of a folder by name, and the errors of those that cannot be read. No path and no variable is resolved.

    Examples
    --------
    >>> analyses(getfixture("tmp_path"))
    ([], [])
    """
    found, broken = [], []
    for path in sorted(folder.glob("*.toml")):
        try:
            written = from_table(read_table(path), Written, where=str(path))
        except BiasscopeError as error:
            broken.append(error)
        else:
            found.append(Listed(str(path), written.question, written.title, written.source))
    return found, broken


def shown(found: list[Listed], *, as_json: bool = False) -> str:
    """Lines for people, or JSON.

    >>> print(shown([Listed("a.toml", "layers", "Where?", "A paper")]), end="")
    a.toml  layers  Where?
                    A paper
    """
    if as_json:
        return msgspec.json.encode(found).decode() + "\n"
    wide = [max((len(getattr(item, name)) for item in found), default=0) for name in ("file", "question")]
    lines = [
        f"{item.file:{wide[0]}}  {item.question:{wide[1]}}  {item.title}\n{'':{sum(wide) + 4}}{item.source}\n"
        for item in found
    ]
    return "".join(lines)
