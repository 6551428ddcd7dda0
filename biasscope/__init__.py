"""Find out whether data taught a network where to look, and whether it copes when the object is elsewhere.

The names below are imported on first use, so that ``import biasscope`` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from biasscope.boxes import read_boxes as read_boxes
    from biasscope.pipeline.dataset import analyze_dataset as analyze_dataset

__version__ = "0.1.0"

_HOME = {
    "analyze_dataset": "biasscope.pipeline.dataset",
    "read_boxes": "biasscope.boxes",
}
__all__ = ["__version__", "analyze_dataset", "read_boxes"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'biasscope' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
