"""What figures there are, one module a question; :data:`biasscope.figures.FIGURES` joins them."""

from __future__ import annotations

from collections.abc import Mapping

from biasscope.core.registry import Entry


def entry(target: str, title: str, read: str, *kinds: str, where: Mapping[str, str] | None = None) -> Entry:
    """Entry of a figure: where its function is, its title, how to read it, and for which kinds of result it is.

    ``where`` maps a column, as ``table.column``, to what is to be read only when that column has a value.
    """
    return Entry(f"biasscope.figures.{target}", {"title": title, "read": read, "kinds": kinds, "where": where or {}})
