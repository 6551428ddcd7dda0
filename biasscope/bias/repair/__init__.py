"""Would the training augmentation repair the bias? Boxes before and after it, in the network's input frame."""

from biasscope.bias.repair.analysis import as_augmentation, as_evaluation, repair
from biasscope.bias.repair.laws import central_crop, evaluation_crop, padded_crop, resized_crop, squashed
from biasscope.bias.repair.reach import crop_offsets, crop_reach

__all__ = [
    "as_augmentation",
    "as_evaluation",
    "central_crop",
    "crop_offsets",
    "crop_reach",
    "evaluation_crop",
    "padded_crop",
    "repair",
    "resized_crop",
    "squashed",
]
