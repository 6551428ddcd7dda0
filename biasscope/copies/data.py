"""Training and test images of an augmentation sweep, kept apart."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from biasscope.core.errors import InputError, UsageError
from biasscope.images.picture import ImageProblem
from biasscope.images.scenes import draw, place

LEAST_DIGITS, LEAST_SIDE = 10, 12


@dataclass(frozen=True, eq=False)
class Data:
    """Images that are trained on and images that are held out.

    Attributes
    ----------
    train, test
        uint8 (N, C, H, W), of one size.
    train_labels, test_labels
        Classes from 0, int64 (N,).
    name
        Where they are from.
    class_names
        Names of the classes, where they are known.
    notes
        What was left out.
    files
        Files that they were read from.
    problems
        Images that were left out or had to be converted.

    Examples
    --------
    >>> import torch
    >>> pictures, labels = torch.zeros(6, 1, 8, 8, dtype=torch.uint8), torch.arange(6) % 2
    >>> len(Data(pictures[:4], labels[:4], pictures[4:], labels[4:]).test)
    2
    """

    train: Tensor
    train_labels: Tensor
    test: Tensor
    test_labels: Tensor
    name: str = ""
    class_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    problems: tuple[ImageProblem, ...] = ()

    def __post_init__(self) -> None:
        for images, labels in ((self.train, self.train_labels), (self.test, self.test_labels)):
            if not (isinstance(images, Tensor) and isinstance(labels, Tensor)):
                found = " and ".join(type(one).__name__ for one in (images, labels))
                raise InputError(f"images and labels are tensors, got {found}", hint="Call torch.from_numpy on arrays.")
            if images.dtype != torch.uint8 or images.ndim != 4 or len(images) != len(labels) or not len(images):
                found = f"{images.dtype} {tuple(images.shape)} with {len(labels)} labels"
                raise InputError(f"images are uint8 (N, C, H, W) with a label each, got {found}")
            if labels.dtype != torch.int64 or labels.ndim != 1:
                found = f"{labels.dtype} {tuple(labels.shape)}"
                raise InputError(f"labels are int64 (N,), got {found}", hint="Call .long() on whole numbers.")
            if int(labels.min()) < 0:
                raise InputError("an image has no class", hint="Leave images without a label out.")
        if self.train.shape[1:] != self.test.shape[1:]:
            raise InputError(
                f"training images are {tuple(self.train.shape[1:])}, held out {tuple(self.test.shape[1:])}"
            )

    @property
    def classes(self) -> int:
        """Number of classes."""
        return 1 + int(max(self.train_labels.max(), self.test_labels.max()))

    def digest(self) -> str:
        """SHA-256 of all images and labels."""
        digest = hashlib.sha256()
        for tensor in (self.train, self.train_labels, self.test, self.test_labels):
            digest.update(f"{tensor.dtype}{tuple(tensor.shape)}".encode())
            digest.update(tensor.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()


def without_leaks(data: Data) -> Data:
    """Take training images out that are among the held-out images too, to the pixel; it is noted.

    Examples
    --------
    >>> images = torch.arange(4, dtype=torch.uint8).view(4, 1, 1, 1)
    >>> kept = without_leaks(Data(images, torch.zeros(4).long(), images[3:], torch.zeros(1).long()))
    >>> len(kept.train), kept.notes
    (3, ('1 training image is held out as well and was not trained on.',))
    """
    held = {row.tobytes() for row in data.test.cpu().numpy()}
    clean = torch.tensor([row.tobytes() not in held for row in data.train.cpu().numpy()])
    leaked = int((~clean).sum())
    if not leaked:
        return data
    if leaked == len(clean):
        raise InputError("all training images are held out as well", hint="Give other images to test with.")
    text = f"{leaked} training image{' is' if leaked == 1 else 's are'} held out as well and was not trained on."
    train, labels = data.train[clean], data.train_labels[clean]
    notes = (*data.notes, text.replace("s are held out as well and was", "s are held out as well and were"))
    return replace(data, train=train, train_labels=labels, notes=notes)


def digit_data(count: int = 2500, *, side: int = 32, seed: int = 0, centred: bool = False) -> Data:
    """Embedded digit scenes; the samples of the last fifth never occur among the first four.

    Parameters
    ----------
    count, side, seed
        Number of scenes, a fifth of which is held out, their side in pixels, and the seed of their sizes and places.
    centred
        Put every digit in the middle, so that other places are seen in shifted copies only. Otherwise digits are
        placed uniformly, and images of one class stand in for copies of each other.

    Examples
    --------
    >>> data = digit_data(50, side=24)
    >>> tuple(data.train.shape), tuple(data.test.shape)
    ((40, 1, 24, 24), (10, 1, 24, 24))
    """
    if count < LEAST_DIGITS or side < LEAST_SIDE:
        hint = f"Ask for at least {LEAST_DIGITS} images of {LEAST_SIDE} pixels, as centred:2500@28."
        raise UsageError(f"{count} digits in images of {side} pixels", where="images", hint=hint)
    scenes = place(count, side=side, seed=seed, uniform=True)
    if centred:
        scenes = replace(scenes, x0=(side - scenes.size) // 2, y0=(side - scenes.size) // 2)
    images = torch.from_numpy(np.stack([draw(scenes, i) for i in range(count)]))[:, None]
    labels, train = torch.from_numpy(scenes.digit), torch.from_numpy(scenes.train)
    names = tuple(str(digit) for digit in range(10))
    name = f"{'centred digits' if centred else 'digit scenes'}, side {side}"
    return without_leaks(Data(images[train], labels[train], images[~train], labels[~train], name, names))
