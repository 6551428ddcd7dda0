"""Model + hooks -> measures at every layer, one engine. The package is the function: ``biasscope.trace(...)``."""

from biasscope.core.callable_module import make_callable
from biasscope.trace.attribution import AttributionEquivariance, attribution_equivariance
from biasscope.trace.blame import Blame, LayerBlame, blame
from biasscope.trace.call import trace
from biasscope.trace.layer_result import Lattice, LayerTrace, Measured, Sums
from biasscope.trace.measures import DEFAULT, MEASURES
from biasscope.trace.result import Trace
from biasscope.trace.structure import LayerStride, LayerStructure, Structure, Tail, layer_strides, structure

__all__ = [
    "DEFAULT",
    "MEASURES",
    "AttributionEquivariance",
    "Blame",
    "Lattice",
    "LayerBlame",
    "LayerStride",
    "LayerStructure",
    "LayerTrace",
    "Measured",
    "Structure",
    "Sums",
    "Tail",
    "Trace",
    "attribution_equivariance",
    "blame",
    "layer_strides",
    "structure",
    "trace",
]
make_callable(__name__, trace)
