"""Operations on whole models that keep their weights."""

from biasscope.models.surgery.antialias import antialias
from biasscope.models.surgery.circular import circular
from biasscope.models.surgery.pac import pac
from biasscope.models.surgery.polyphase import polyphase
from biasscope.models.surgery.same import same_padding
from biasscope.models.surgery.table import Kept, Replacement, SurgeryTable, surgery_table

__all__ = [
    "Kept",
    "Replacement",
    "SurgeryTable",
    "antialias",
    "circular",
    "pac",
    "polyphase",
    "same_padding",
    "surgery_table",
]
