"""Which modules an operation is about: all, or those of given names, patterns or types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from torch import nn

from biasscope.core.errors import UsageError

Selector = str | type[nn.Module]
Selectors = Sequence[Selector] | Selector | None
"""Names as in ``named_modules``, patterns of them (``layer3.*``), or module types; ``None`` for all."""


def as_tuple(selectors: Selectors) -> tuple[Selector, ...]:
    """One selector or many, as a tuple."""
    if selectors is None:
        return ()
    return (selectors,) if isinstance(selectors, (str, type)) else tuple(selectors)


def matches(name: str, module: nn.Module, selectors: Iterable[Selector]) -> bool:
    """Whether a module is meant; the name of a container means everything in it."""
    for wanted in selectors:
        if isinstance(wanted, type):
            if isinstance(module, wanted):
                return True
        elif name == wanted or fnmatchcase(name, wanted) or (wanted and name.startswith(wanted + ".")):
            return True
    return False


def check_skip(model: nn.Module, skip: Selectors) -> None:
    """Refuse a selector of ``skip`` that means no module, which is a slip of the pen.

    Raises
    ------
    UsageError
        Naming the selector.
    """
    modules = dict(model.named_modules(remove_duplicate=False))
    for selector in as_tuple(skip):
        if not any(matches(name, module, [selector]) for name, module in modules.items()):
            shown = selector.__name__ if isinstance(selector, type) else repr(selector)
            raise UsageError(f"skip={shown} means no module", hint="Names are those of named_modules().")
