"""Images of an augmentation analysis: opened as for every question, told apart, written down for other processes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from biasscope.copies import Data
from biasscope.copies.prepare import DIGITS, prepare_data
from biasscope.copies.source import source_data
from biasscope.core.errors import UsageError
from biasscope.core.files import write_files
from biasscope.core.results import Result, Scalar
from biasscope.images.open import open_images
from biasscope.images.picture import ImageSource
from biasscope.models.checkpoints.safetensors import read_safetensors, to_safetensors
from biasscope.pipeline.augmentation import plan
from biasscope.pipeline.common import inventory
from biasscope.pipeline.definition import AugmentationAnalysis

TENSORS = ("train", "train_labels", "test", "test_labels")
DATA = "data.safetensors"


def prepared(asked: AugmentationAnalysis, given: Any) -> Data:
    """Training and held-out images of an analysis.

    Parameters
    ----------
    asked
        The analysis; its ``images`` and ``held_out`` name them.
    given
        Images in memory or an open source, in the place of what is named.

    Raises
    ------
    UsageError
        Held-out images are given to images that bring their own.
    InputError
        The images cannot be used.
    """
    named = given if given is not None else asked.images or plan.IMAGES
    embedded = isinstance(named, str) and DIGITS.fullmatch(named) is not None
    if embedded or isinstance(named, Data | tuple):
        if asked.held_out or asked.held_out_split:
            hint = "Leave it away, or give --images a folder, a table or a dataset."
            raise UsageError("these images bring their own held-out images", where="--held-out", hint=hint)
        return prepare_data(named, asked.seed)
    held = None
    if asked.held_out or asked.held_out_split:
        held = _opened(asked.held_out or named, asked, asked.held_out_split)
    return source_data(_opened(named, asked, asked.split), held, seed=asked.seed)


def _opened(named: Any, asked: AugmentationAnalysis, split: str | None) -> ImageSource:
    return open_images(named, image_column=asked.image_column, label_column=asked.label_column, split=split)


def result(data: Data, train: int, test: int) -> Result:
    """How many images were used, and every one that could not be used as it is."""
    finding = f"{train:,} training images, {test:,} held out; none is in both."
    return Result(
        kind="images",
        finding=f"{finding} {inventory.said(data.problems)}" if data.problems else finding,
        title="Which images were used",
        parameters={
            "source": data.name,
            "classes": data.classes,
            "side": f"{data.train.shape[3]} x {data.train.shape[2]}",
        },
        scalars=[Scalar("images", train + test, "Images that were used", n=train + test)],
        tables=inventory.listed(data.problems),
        notes=list(data.notes),
    )


def coloured(data: Data) -> Data:
    """Grey images with three equal channels, for models that take no others."""
    note = "The images are grey; they were given three equal channels, because a model takes coloured ones only."
    parts = {name: getattr(data, name).expand(-1, 3, -1, -1).contiguous() for name in ("train", "test")}
    return replace(data, **parts, notes=(*data.notes, note))


def write(data: Data, folder: Path) -> Path:
    """Write what other processes need to train on the same images."""
    tensors = {name: getattr(data, name).contiguous() for name in TENSORS}
    facts = json.dumps({"name": data.name, "class_names": data.class_names, "notes": data.notes})
    write_files(folder, {DATA: to_safetensors(tensors, {"facts": facts})})
    return folder / DATA


def read(path: Path) -> Data:
    """Read what `write` wrote."""
    tensors, notes = read_safetensors(path)
    facts = json.loads(notes["facts"])
    fields: dict[str, Any] = {"name": facts["name"], **{name: tensors[name] for name in TENSORS}}
    fields |= {name: tuple(facts[name]) for name in ("class_names", "notes") if facts[name] is not None}
    return Data(**fields)
