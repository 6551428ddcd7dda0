"""Registries: a plain dictionary from name to an import string plus facts, resolved on first use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from biasscope.core.errors import UsageError


@dataclass(frozen=True)
class Entry:
    """One registered thing: where it is (``module:object``) and facts about it."""

    target: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def load(self) -> Any:
        """Import the object."""
        module, _, name = self.target.partition(":")
        return getattr(import_module(module), name)


class Registry(Mapping[str, Entry]):
    """Named entries of one sort; an unknown name is a usage error that suggests the nearest.

    Examples
    --------
    >>> shapes = Registry("shape", {"square": Entry("math:sqrt")})
    >>> shapes.load("square")(4.0)
    2.0
    """

    def __init__(self, noun: str, entries: Mapping[str, Entry]) -> None:
        self.noun, self._entries = noun, dict(entries)

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def load(self, name: str) -> Any:
        """Import the object called ``name``."""
        if name not in self:
            near = get_close_matches(name, self._entries, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(self._entries)}."
            raise UsageError(f"no {self.noun} is called {name!r}", hint=hint)
        return self[name].load()
