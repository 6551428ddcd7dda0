"""How a network samples a picture: strides, and what follows from them. The package is the function."""

from biasscope.core.callable_module import make_callable
from biasscope.trace.structure.field import Field, receptive_field
from biasscope.trace.structure.network import structure
from biasscope.trace.structure.result import LayerStructure, Structure, Tail
from biasscope.trace.structure.stride import LayerStride, layer_strides
from biasscope.trace.structure.windows import Window, position_grid

__all__ = [
    "Field",
    "LayerStride",
    "LayerStructure",
    "Structure",
    "Tail",
    "Window",
    "layer_strides",
    "position_grid",
    "receptive_field",
    "structure",
]
make_callable(__name__, structure)
