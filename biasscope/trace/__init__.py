"""Model + hooks -> measures at every layer, one engine. The package is the function: ``biasscope.trace(...)``."""

from biasscope.core.callable_module import make_callable
from biasscope.trace.blame import Blame, LayerBlame, blame
from biasscope.trace.call import trace
from biasscope.trace.measures import DEFAULT, MEASURES
from biasscope.trace.result import Lattice, LayerTrace, Measured, Sums, Trace
from biasscope.trace.structure import LayerStride, layer_strides

__all__ = [
    "DEFAULT",
    "MEASURES",
    "Blame",
    "Lattice",
    "LayerBlame",
    "LayerStride",
    "LayerTrace",
    "Measured",
    "Sums",
    "Trace",
    "blame",
    "layer_strides",
    "trace",
]
make_callable(__name__, trace)
