"""A package that is also the function it is named after: ``biasscope.sweep(...)`` beside ``biasscope.sweep.Sweep``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any


def make_callable(name: str, function: Callable[..., Any]) -> None:
    """Let the module called ``name`` be called as ``function``.

    Examples
    --------
    >>> sys.modules["half"] = ModuleType("half")
    >>> make_callable("half", lambda number: number / 2)
    >>> sys.modules.pop("half")(4)
    2.0
    """
    kind = type("CallableModule", (ModuleType,), {"__call__": staticmethod(function), "__doc__": function.__doc__})
    sys.modules[name].__class__ = kind
