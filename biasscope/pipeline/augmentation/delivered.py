"""What existing training transforms deliver: distinct copies, and the share of the phases, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from scipy import stats

from biasscope.bias.repair.torchvision_pipeline import pipeline
from biasscope.copies import transform_coverage
from biasscope.copies.delivered import Delivered
from biasscope.core.errors import UsageError
from biasscope.core.results import Interval, Result, Scalar, interval
from biasscope.pipeline.augmentation.tables import Row, of_rows
from biasscope.pipeline.augmentation.words import percent

EPOCHS = (1, 2, 4, 8, 16, 32, 64, 128)
REPETITIONS = 4


def customary(side: int) -> list[str]:
    """Transforms that networks are customarily trained with, for images of a side.

    >>> customary(32)[0]
    'RandomCrop(32, padding=4)'
    """
    return [f"RandomCrop({side}, padding={max(1, side // 8)})", f"RandomResizedCrop({side})"]


def transforms(augment: Sequence[str], size: tuple[int, int], strides: Sequence[int], seed: int) -> Result:
    """Push an image through each transform and count.

    Parameters
    ----------
    augment
        Transforms of ``torchvision.transforms.v2``, as text; the customary ones without.
    size
        Height and width of a training image.
    strides
        Stride products.
    seed
        Of the transforms.

    Raises
    ------
    UsageError
        A transform is not understood or cannot be run.
    """
    texts = list(augment) or customary(min(size))
    found = [(text, stride, _delivered(text, size, stride, seed)) for text in texts for stride in strides]
    rows = [row for one in found for row in _rows(*one)]
    return Result(
        kind="transforms",
        finding=_finding(found),
        title="What training transforms deliver",
        parameters={"epochs": EPOCHS[-1], "repetitions": REPETITIONS, "size": f"{size[1]} x {size[0]}", "seed": seed},
        scalars=[
            Scalar(
                f"phases@{text}@{stride}",
                float(one.share[-1]),
                f"Phases met in {EPOCHS[-1]} epochs, {text}, stride product {stride}",
                _interval(one),
                n=one.repetitions,
                unit="share",
                better="higher",
            )
            for text, stride, one in found
        ],
        tables=[of_rows("delivered", rows, "Distinct copies and phases, by epochs", "row")],
        notes=[
            "One image goes through a transform once an epoch. A phase is where its middle lands, in whole pixels "
            "modulo the stride product; zooming moves every other point elsewhere."
        ],
    )


def _interval(one: Delivered) -> Interval | None:
    """Interval of the mean share of phases in all epochs, from the spread of the repetitions."""
    found = one.shares[:, -1]
    half = stats.t.ppf(0.975, len(found) - 1) * found.std(ddof=1) / len(found) ** 0.5
    return interval(max(found.mean() - half, 0.0), min(found.mean() + half, 1.0), method="t, over repetitions")


def check(augment: Sequence[str], size: tuple[int, int]) -> None:
    """Refuse a transform that cannot be run, before anything takes long."""
    for text in augment:
        _delivered(text, size, 1, 0, 1)


def _delivered(text: str, size: tuple[int, int], stride: int, seed: int, epochs: int = EPOCHS[-1]) -> Delivered:
    made = pipeline(text)
    try:
        return transform_coverage(made.transform, size, stride, epochs=epochs, repetitions=REPETITIONS, seed=seed)
    except UsageError:
        raise
    except Exception as error:  # whatever a transform raises on images, its user must learn which it was
        reason = f"{text} cannot be run on images of {size[1]} x {size[0]} ({type(error).__name__}: {error})"
        hint = "Check sizes and arguments; what takes no bounding boxes, as reflected padding, cannot be followed."
        raise UsageError(reason, where="--augment", hint=hint) from error


def _rows(text: str, stride: int, one: Delivered) -> Iterator[Row]:
    for epochs in EPOCHS:
        counted: dict[str, Any] = {"distinct": float(one.distinct[epochs - 1]), "phases": float(one.share[epochs - 1])}
        yield {"transform": text, "stride_product": stride, "s2": stride**2, "epochs": epochs, **counted}


def _finding(found: Sequence[tuple[str, int, Delivered]]) -> str:
    """What each transform delivers in all epochs, a clause a stride product."""
    told = []
    for text in dict.fromkeys(text for text, _, _ in found):
        mine = [(stride, one) for name, stride, one in found if name == text]
        met = " and ".join(
            f"{percent(float(one.share[-1]))} of the {stride**2} phases of stride product {stride}"
            for stride, one in mine
        )
        told.append(
            f"{text} delivers {mine[0][1].distinct[-1]:.3g} distinct copies in {EPOCHS[-1]} epochs and meets {met}."
        )
    return " ".join(told)
