"""Names of a package that are imported when they are first asked for, so that the package itself costs little."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def on_first_use(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Give the ``__getattr__`` of a package.

    Parameters
    ----------
    package
        Name of the package.
    homes
        Which module holds which name: a full name, or one that begins with a dot and lies in the package.

    Examples
    --------
    >>> get = on_first_use("json", {"JSONDecoder": ".decoder", "sqrt": "math"})
    >>> get("sqrt")(4.0), get("JSONDecoder").__module__
    (2.0, 'json.decoder')
    >>> get("nothing")
    Traceback (most recent call last):
    AttributeError: module 'json' has no attribute 'nothing'
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(homes[name], package), name)

    return get
