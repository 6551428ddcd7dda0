"""What is done to pictures: shift, embed, scale, rotate, resize implementations.

A shift (dy, dx) moves the content, in pixels, positive down and right, whatever the protocol.
"""

from typing import TYPE_CHECKING

from biasscope.core.lazy import on_first_use
from biasscope.transforms.protocols import PROTOCOLS, make

if TYPE_CHECKING:
    from biasscope.transforms.bilinear import BilinearShift
    from biasscope.transforms.box import BoxCrop
    from biasscope.transforms.circular import Circular
    from biasscope.transforms.crop import Crop
    from biasscope.transforms.embed import Embed
    from biasscope.transforms.fourier import FourierShift
    from biasscope.transforms.grid import Grid, parse_grid
    from biasscope.transforms.implementations import IMPLEMENTATIONS
    from biasscope.transforms.pairs import RandomPairs
    from biasscope.transforms.resize import ResizeImplementations
    from biasscope.transforms.rotation import Rotation
    from biasscope.transforms.scale import EmbeddedScale, Rescale
    from biasscope.transforms.transformation import Transformation, Views
    from biasscope.transforms.video import Video

_WHERE = {
    "BilinearShift": ".bilinear",
    "BoxCrop": ".box",
    "Circular": ".circular",
    "Crop": ".crop",
    "Embed": ".embed",
    "EmbeddedScale": ".scale",
    "FourierShift": ".fourier",
    "Grid": ".grid",
    "IMPLEMENTATIONS": ".implementations",
    "RandomPairs": ".pairs",
    "Rescale": ".scale",
    "ResizeImplementations": ".resize",
    "Rotation": ".rotation",
    "Transformation": ".transformation",
    "Video": ".video",
    "Views": ".transformation",
    "parse_grid": ".grid",
}

__all__ = [
    "IMPLEMENTATIONS",
    "PROTOCOLS",
    "BilinearShift",
    "BoxCrop",
    "Circular",
    "Crop",
    "Embed",
    "EmbeddedScale",
    "FourierShift",
    "Grid",
    "RandomPairs",
    "Rescale",
    "ResizeImplementations",
    "Rotation",
    "Transformation",
    "Video",
    "Views",
    "make",
    "parse_grid",
]

# The names of the protocols cost no torch.
__getattr__ = on_first_use(__name__, _WHERE)
