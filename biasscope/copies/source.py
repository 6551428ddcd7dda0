"""Images of a source as training and held-out images: read once, in random order, with what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasscope.copies.data import Data, without_leaks
from biasscope.core.errors import InputError
from biasscope.core.randomness import generator
from biasscope.core.words import counted
from biasscope.images.picture import ImageProblem, ImageSource

TEST_SHARE = 0.2


class Labelled(NamedTuple):
    """Images uint8 (N, C, H, W) with classes (N,), in random order, and what is to be said about them."""

    images: Tensor
    labels: Tensor
    notes: tuple[str, ...]
    problems: tuple[ImageProblem, ...]


def source_data(
    source: ImageSource, held_out: ImageSource | None = None, *, test_share: float = TEST_SHARE, seed: int = 0
) -> Data:
    """Labelled images of a source, in random order, all of one size; those to ask about are split off at random.

    Grey images among coloured ones get three equal channels. Images without a label or with a problem are left out,
    which the notes and ``problems`` say.

    Parameters
    ----------
    source
        Images to train on.
    held_out
        Images to ask about, in the place of a share of ``source``.
    test_share
        Share of ``source`` that is held out otherwise.
    seed
        Of the order.

    Raises
    ------
    InputError
        Images have several sizes or one class only, fewer than two have a label, or the two sources have different
        classes.
    """
    whole = labelled(source, seed, least=1 if held_out is not None else 2)
    if len(set(whole.labels.tolist())) == 1:
        hint = "Give a source that names the classes of its images."
        raise InputError("all training images are of one class", where=source.name, hint=hint)
    count = max(round(len(whole.images) * test_share), 1)
    held, rest = Labelled(whole.images[:count], whole.labels[:count], (), ()), slice(count, None)
    if held_out is not None:
        _same_classes(source, held_out)
        held, rest = labelled(held_out, seed), slice(None)
    names = [source.name] if held_out is None else [source.name, f"held out {held_out.name}"]
    train, test = _alike(whole.images[rest], held.images)
    made = Data(
        train,
        whole.labels[rest],
        test,
        held.labels,
        name=", ".join(names),
        class_names=source.class_names,
        notes=tuple(dict.fromkeys([*whole.notes, *held.notes])),
        files=tuple(dict.fromkeys([*source.files, *(held_out.files if held_out else [])])),
        problems=(*whole.problems, *held.problems),
    )
    return without_leaks(made)


def labelled(source: ImageSource, seed: int = 0, *, least: int = 1) -> Labelled:
    """Read the images of a source that have a label, in random order.

    Raises
    ------
    InputError
        They have several sizes, or there are fewer than ``least``.
    """
    pictures = [(picture.pixels, picture.label) for picture in source]
    known = [(pixels, label) for pixels, label in pictures if label is not None]
    sizes = Counter(pixels.shape[:2] for pixels, _ in known)
    if len(sizes) != 1 or len(known) < least:
        raise _unusable(source, sizes, len(pictures), least)
    images = _stacked([pixels for pixels, _ in known])
    order = torch.from_numpy(generator(seed, "held out").permutation(len(images)))
    missing = len(pictures) - len(known)
    said = [f"{counted(missing, 'image')} of {source.name} without a label {'is' if missing == 1 else 'are'} left out."]
    notes = (*source.notes, *(said if missing else []))
    return Labelled(images[order], torch.tensor([label for _, label in known])[order], notes, tuple(source.problems))


def _unusable(source: ImageSource, sizes: Counter[tuple[int, ...]], count: int, least: int) -> InputError:
    if len(sizes) > 1:
        common = ", ".join(f"{width} x {height} ({n})" for (height, width), n in sizes.most_common(3))
        what = f"its images have {len(sizes)} sizes: {common}{' and others' if len(sizes) > 3 else ''}"
        return InputError(what, where=source.name, hint="Give images of one size.")
    known = sum(sizes.values())
    what = f"{counted(known, 'image')} of {count:,} that could be read {'has' if known == 1 else 'have'} a label"
    if left_out := [problem for problem in source.problems if not problem.used]:
        what += (
            f"; {counted(len(left_out), 'image')} left out, the first ({left_out[0].image_id}): {left_out[0].detail}"
        )
    return InputError(what, where=source.name, hint=f"Give at least {counted(least, 'labelled image')}.")


def _stacked(pictures: Sequence[NDArray[np.uint8]]) -> Tensor:
    """Stack grey (H, W) or coloured (H, W, 3) pictures of one size, (N, C, H, W)."""
    planes = [pixels if pixels.ndim == 3 else pixels[:, :, None] for pixels in pictures]
    channels = max(pixels.shape[2] for pixels in planes)
    full = [np.broadcast_to(pixels, (*pixels.shape[:2], channels)) for pixels in planes]
    return torch.from_numpy(np.stack(full)).movedim(-1, 1).contiguous()


def _alike(train: Tensor, test: Tensor) -> tuple[Tensor, Tensor]:
    """Give both parts the same number of channels."""
    channels = max(train.shape[1], test.shape[1])
    return train.expand(-1, channels, -1, -1).contiguous(), test.expand(-1, channels, -1, -1).contiguous()


def _same_classes(source: ImageSource, held_out: ImageSource) -> None:
    ours, theirs = source.class_names, held_out.class_names
    if ours and theirs and tuple(ours) != tuple(theirs):
        hint = "Both need the same classes in the same order."
        raise InputError("held-out images have other classes than training images", where=held_out.name, hint=hint)
