"""What is done to pictures: shift, embed, scale, rotate, resize implementations.

A shift (dy, dx) moves the content, in pixels, positive down and right, whatever the protocol.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from biasscope.transforms.protocols import PROTOCOLS, make

if TYPE_CHECKING:
    from biasscope.transforms.circular import Circular
    from biasscope.transforms.crop import Crop
    from biasscope.transforms.embed import Embed
    from biasscope.transforms.grid import Grid, parse_grid
    from biasscope.transforms.transformation import Transformation, Views

_WHERE = {
    "Circular": "circular",
    "Crop": "crop",
    "Embed": "embed",
    "Grid": "grid",
    "Transformation": "transformation",
    "Views": "transformation",
    "parse_grid": "grid",
}

__all__ = ["PROTOCOLS", "Circular", "Crop", "Embed", "Grid", "Transformation", "Views", "make", "parse_grid"]


def __getattr__(name: str) -> Any:
    """Import a transformation when it is asked for: the names of the protocols cost no torch."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
