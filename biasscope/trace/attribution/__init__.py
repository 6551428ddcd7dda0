"""Does the explanation move with the object? Attribution maps of shifted pictures, moved back."""

from biasscope.trace.attribution.call import attribution_equivariance
from biasscope.trace.attribution.measures import (
    MAP_MEASURES,
    centre_drift,
    centre_of_mass,
    map_cosine,
    map_relative_l2,
    top_iou,
)
from biasscope.trace.attribution.methods import METHODS
from biasscope.trace.attribution.result import AttributionEquivariance, MethodMeasured, SampleMaps

__all__ = [
    "MAP_MEASURES",
    "METHODS",
    "AttributionEquivariance",
    "MethodMeasured",
    "SampleMaps",
    "attribution_equivariance",
    "centre_drift",
    "centre_of_mass",
    "map_cosine",
    "map_relative_l2",
    "top_iou",
]
