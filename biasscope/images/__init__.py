"""Image sources: `open_images` gives decoded pictures, with what is known about them and what was wrong."""

from biasscope.images.decode import Decoded, Limits, decode
from biasscope.images.labels import match_labels, to_output
from biasscope.images.open import open_images
from biasscope.images.picture import ImageProblem, ImageSource, Picture
from biasscope.images.problems import PROBLEMS
from biasscope.images.registry import SOURCES

__all__ = [
    "PROBLEMS",
    "SOURCES",
    "Decoded",
    "ImageProblem",
    "ImageSource",
    "Limits",
    "Picture",
    "decode",
    "match_labels",
    "open_images",
    "to_output",
]
