"""Images of an augmentation sweep: by name, in memory, or from a source."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from biasscope.copies.data import Data, digit_data, without_leaks
from biasscope.copies.source import source_data
from biasscope.core.errors import UsageError
from biasscope.images.open import open_images
from biasscope.images.picture import ImageSource

DIGITS = re.compile(r"(scenes|centred)(?::(\d+))?(?:@(\d+))?")
Images = str | Data | ImageSource | tuple[Tensor, Tensor, Tensor, Tensor]


def prepare_data(images: Images, seed: int = 0, held_out: str | ImageSource | None = None) -> Data:
    """Images by name, as they are, or split from a source; what `augmentation_sweep` does with its ``images``.

    Raises
    ------
    UsageError
        Held-out images are given to images that have their own.
    InputError
        The images cannot be used.
    """
    if held_out is not None and not _is_source(images):
        hint = "Give a folder, a table or a dataset for both, or leave the held-out images away."
        raise UsageError("these images bring their own held-out images", where="held_out", hint=hint)
    if isinstance(images, Data):
        return without_leaks(images)
    if isinstance(images, tuple):
        return without_leaks(Data(*images, name="arrays"))
    if isinstance(images, str) and (found := DIGITS.fullmatch(images)):
        return digit_data(int(found[2] or 2500), side=int(found[3] or 32), seed=seed, centred=found[1] == "centred")
    asked = None if held_out is None else open_images(held_out)
    return source_data(open_images(images), asked, seed=seed)


def _is_source(images: Images) -> bool:
    return not (isinstance(images, Data | tuple) or (isinstance(images, str) and DIGITS.fullmatch(images)))


def first(data: Data, train_images: Sequence[int] | None, test_images: int | None) -> Data:
    """Take the first images of either part; that there are fewer than were asked for is noted."""
    most = max(train_images) if train_images else None
    train, test = slice(most), slice(test_images)
    pairs = ((most, data.train, "train on"), (test_images, data.test, "ask about"))
    few = [
        f"{n:,} images to {what} were asked for; there are {len(have):,}."
        for n, have, what in pairs
        if n and n > len(have)
    ]
    return replace(
        data,
        train=data.train[train],
        train_labels=data.train_labels[train],
        test=data.test[test],
        test_labels=data.test_labels[test],
        notes=(*data.notes, *few),
    )
