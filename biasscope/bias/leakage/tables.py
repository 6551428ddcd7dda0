"""The result of the leakage question: numbers, tables and the sentence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from biasscope.bias.columns import Columns
from biasscope.bias.leakage.clusters import Mean, mean_over_images, net_share, share_mean
from biasscope.bias.leakage.score import Ints, Score
from biasscope.bias.shares import METHOD as EXACT
from biasscope.bias.shares import share_over_images
from biasscope.core.results import Cell, Result, Scalar, Table, interval, number, table

METHODS = {
    "accuracy": EXACT,
    "accuracy_over_chance": f"square-and-add, correlated, of the {EXACT}",
    "mutual_information": "t, clustered by image",
}
SOURCE = "Barber & Agakov, The IM algorithm, NIPS 2003 (bound on mutual information)"
TITLE = "How much of the class does geometry alone give away?"
NOTES = (
    "A classifier sees the relative centre, width and height of each box and nothing else. What it gets right above "
    "chance, a network could also learn without looking at the object.",
    "Chance is always naming the most frequent class; with classes of equal size that is one in as many as there are.",
    "Mutual information is a lower bound in bits: the mean gain in log2 probability of the true class on held-out "
    "images, over the class shares. Information cannot be negative: a gain "
    "below zero means that the model learned nothing that holds on other images, and is given as 0.",
    "Single features are scored with class shares in quantile bins, so they are lower bounds as well.",
)


def result(
    scores: Mapping[str, Score],
    label: Ints,
    image: Ints,
    names: tuple[str, ...],
    parameters: Mapping[str, Cell],
    *,
    sampled: list[str],
    level: float,
) -> Result:
    """Assemble the Result of kind ``leakage``."""
    whole, counts = scores["all"], np.bincount(label, minlength=len(names))
    correct, usual = whole.guess == label, label == int(counts.argmax())
    means = {
        "accuracy": share_mean(correct, image, level=level),
        "accuracy_over_chance": net_share(correct & ~usual, usual & ~correct, image, level=level),
        "mutual_information": _information(whole, image, level),
    }
    scalars = _scalars(means, counts, len(np.unique(image)), level)
    return Result(
        kind="leakage",
        title=TITLE,
        finding=finding(means, float(counts.max() / counts.sum()), len(names)),
        parameters=dict(parameters),
        scalars=scalars,
        tables=[_features(scores, label, image, level), _classes(whole.guess, label, image, names, level)],
        notes=[*NOTES, *sampled],
        source=SOURCE,
    )


def not_tested(boxes: Columns, parameters: Mapping[str, Cell], least: int) -> Result:
    """Result for data that cannot be cross-validated."""
    empty: dict[str, Iterable[object]] = {"feature": [], "accuracy_alone": [], "mutual_information": []}
    named = ("label", "boxes", "recall", "recall_low", "recall_high", "recall_by_chance")
    classes: dict[str, Iterable[object]] = {name: [] for name in named}
    undefined = ("accuracy", "chance", "accuracy_over_chance", "mutual_information")
    return Result(
        kind="leakage",
        title=TITLE,
        finding=f"Leakage was not tested: it needs two classes and {least} images at least.",
        parameters=dict(parameters),
        scalars=[Scalar(name, None) for name in undefined] + [Scalar("boxes", float(boxes.n))],
        tables=[table("features", empty), table("classes", classes)],
        source=SOURCE,
    )


def _scalars(means: Mapping[str, Mean], counts: Ints, images: int, level: float) -> list[Scalar]:
    titles = {
        "accuracy": ("Held-out accuracy from geometry alone", ""),
        "accuracy_over_chance": ("Accuracy above chance", ""),
        "mutual_information": ("Mutual information of geometry and class, at least", "bit"),
    }
    made = {}
    for name, (title, unit) in titles.items():
        found = means[name]
        bounds = interval(found.low, found.high, level=level, method=METHODS[name])
        made[name] = Scalar(name, number(found.value), title, bounds, images, unit)
    share = counts / counts.sum()
    entropy = float(-(share[share > 0] * np.log2(share[share > 0])).sum())
    return [
        made["accuracy"],
        Scalar("chance", float(share.max()), "Chance: the most frequent class", n=int(counts.sum())),
        Scalar("chance_uniform", 1 / len(counts), "Chance: all classes alike", n=len(counts)),
        made["accuracy_over_chance"],
        made["mutual_information"],
        Scalar("class_entropy", entropy, "Entropy of the class shares", n=int(counts.sum()), unit="bit"),
        Scalar("classes", float(len(counts)), "Classes"),
        Scalar("boxes", float(counts.sum()), "Boxes"),
    ]


def _information(score: Score, image: Ints, level: float) -> Mean:
    """Lower bound of mutual information in bits, cut at 0: no information is negative."""
    return Mean(
        *(part if np.isnan(part) else max(0.0, part) for part in mean_over_images(score.bits, image, level=level))
    )


def _features(scores: Mapping[str, Score], label: Ints, image: Ints, level: float) -> Table:
    rows = []
    for name, score in scores.items():
        rows.append((name, *share_mean(score.guess == label, image, level=level), *_information(score, image, level)))
    names = ["feature", "accuracy_alone", "accuracy_alone_low", "accuracy_alone_high"]
    names += ["mutual_information", "mutual_information_low", "mutual_information_high"]
    rows[1:] = sorted(rows[1:], key=lambda row: -row[4])
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    return table("features", columns, title="What single features give away", row="feature")


def _classes(guess: Ints, label: Ints, image: Ints, names: tuple[str, ...], level: float) -> Table:
    """Recall, beside the share of all boxes that are taken for the class: as high it is by chance."""
    boxes, named = (np.bincount(of, minlength=len(names)) for of in (label, guess))
    recall = share_over_images((guess == label).astype(np.float64), image, label, len(names), level=level)
    order = np.lexsort([np.arange(len(names)), -recall.value])
    columns: dict[str, Iterable[object]] = {
        "label": [names[at] for at in order],
        "boxes": boxes[order],
        "recall": recall.value[order],
        "recall_low": recall.low[order],
        "recall_high": recall.high[order],
        "recall_by_chance": named[order] / len(guess),
    }
    return table("classes", columns, title="Recall of each class, the best first", row="class")


def finding(means: Mapping[str, Mean], chance: float, classes: int) -> str:
    """One sentence: whether geometry gives away the class, by the gain in accuracy and the information."""
    gain, bits = means["accuracy_over_chance"], means["mutual_information"]
    right = _right(means["accuracy"].value, gain, chance, classes)
    if gain.low > 0 and _measurable(bits):
        return f"Position and size alone give away part of the class: {right}; {_bits(bits)}."
    if gain.low > 0:
        return (
            f"Position and size alone name the class more often than its most frequent one would, but what they tell "
            f"of it beyond the class shares is too little to be measured in bits: {right}."
        )
    if bits.low > 0:
        return (
            f"Position and size alone make some classes likelier ({_bits(bits)}), but do not name the class measurably "
            f"more often than its most frequent one would: {right}."
        )
    return f"Position and size alone do not measurably give away the class: {right}; {_bits(bits)}."


def _right(accuracy: float, gain: Mean, chance: float, classes: int) -> str:
    """Accuracy, chance and the interval of the gain, which decides; two digits of chance and of its width at least."""
    digits = max(1, math.ceil(-math.log10(100 * min(chance, gain.high - gain.low))) + 1)
    value, low, high = (f"{100 * part:+.{digits}f}" for part in gain)
    return (
        f"{accuracy:.{digits}%} of held-out boxes among {classes:,} classes, chance {chance:.{digits}%}, "
        f"{value} points [{low}, {high}]"
    )


def _measurable(bits: Mean) -> bool:
    return bits.value > 0 and (bits.low > 0 or bits.value >= 0.005)


def _bits(bits: Mean) -> str:
    if not _measurable(bits):
        return "no measurable information"
    digits = 2 if bits.value >= 0.01 else 4
    return "at least {:.{d}f} [{:.{d}f}, {:.{d}f}] bits".format(*bits, d=digits)
