"""Models: where they come from, how their input is prepared, and surgery on them."""

from biasscope.models.load import SCHEMES, load_model
from biasscope.models.loaded import LoadedModel, ModelProvenance, weights_sha256
from biasscope.models.preprocessing import Preprocessing
from biasscope.models.surgery import (
    Kept,
    Replacement,
    SurgeryTable,
    antialias,
    circular,
    pac,
    polyphase,
    same_padding,
    surgery_table,
)

__all__ = [
    "SCHEMES",
    "Kept",
    "LoadedModel",
    "ModelProvenance",
    "Preprocessing",
    "Replacement",
    "SurgeryTable",
    "antialias",
    "circular",
    "load_model",
    "pac",
    "polyphase",
    "same_padding",
    "surgery_table",
    "weights_sha256",
]
