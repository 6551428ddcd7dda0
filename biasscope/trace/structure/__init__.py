"""How a network samples: strides, and what follows from them."""

from biasscope.trace.structure.stride import LayerStride, layer_strides

__all__ = ["LayerStride", "layer_strides"]
