"""What figures there are, one module a question; :data:`biasscope.figures.FIGURES` joins them."""

from __future__ import annotations

from biasscope.core.registry import Entry


def entry(target: str, title: str, read: str, *kinds: str) -> Entry:
    """Entry of a figure: where its function is, its title, how to read it, and for which kinds of result it is."""
    return Entry(f"biasscope.figures.{target}", {"title": title, "read": read, "kinds": kinds})
