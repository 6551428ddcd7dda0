"""Find out whether data taught a network where to look, and whether it copes when the object is elsewhere.

The names below are imported on first use, so that ``import biasscope`` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from biasscope.boxes import read_boxes as read_boxes
    from biasscope.images import open_images as open_images
    from biasscope.models import antialias as antialias
    from biasscope.models import circular as circular
    from biasscope.models import load_model as load_model
    from biasscope.models import pac as pac
    from biasscope.models import polyphase as polyphase
    from biasscope.models import surgery_table as surgery_table
    from biasscope.pipeline.augmentation import analyze_augmentation as analyze_augmentation
    from biasscope.pipeline.dataset import analyze_dataset as analyze_dataset
    from biasscope.pipeline.file import read_analysis as read_analysis
    from biasscope.pipeline.file import run_analysis as run_analysis
    from biasscope.pipeline.invariance import analyze_invariance as analyze_invariance
    from biasscope.pipeline.layers import analyze_layers as analyze_layers
    from biasscope.pipeline.upsampling import analyze_upsampling as analyze_upsampling
    from biasscope.sweep import sweep as sweep
    from biasscope.trace import trace as trace

__version__ = "0.1.0"

_HOME = {
    "analyze_augmentation": "biasscope.pipeline.augmentation",
    "analyze_dataset": "biasscope.pipeline.dataset",
    "analyze_invariance": "biasscope.pipeline.invariance",
    "analyze_layers": "biasscope.pipeline.layers",
    "analyze_upsampling": "biasscope.pipeline.upsampling",
    "antialias": "biasscope.models",
    "circular": "biasscope.models",
    "load_model": "biasscope.models",
    "open_images": "biasscope.images",
    "pac": "biasscope.models",
    "polyphase": "biasscope.models",
    "read_analysis": "biasscope.pipeline.file",
    "read_boxes": "biasscope.boxes",
    "run_analysis": "biasscope.pipeline.file",
    "surgery_table": "biasscope.models",
}
_PACKAGES = ("bias", "boxes", "images", "metrics", "models", "nn", "sweep", "trace", "transforms")
"""Packages that need no import of their own; ``sweep`` and ``trace`` are called like the function of their name."""
__all__ = [
    "__version__",
    "analyze_augmentation",
    "analyze_dataset",
    "analyze_invariance",
    "analyze_layers",
    "analyze_upsampling",
    "antialias",
    "circular",
    "load_model",
    "open_images",
    "pac",
    "polyphase",
    "read_analysis",
    "read_boxes",
    "run_analysis",
    "surgery_table",
    "sweep",
    "trace",
]


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return import_module(f"biasscope.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'biasscope' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
