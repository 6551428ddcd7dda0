"""`open_images`: find out what a specification means and open it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from biasscope.core.errors import InputError, UsageError
from biasscope.images.classnames import read_classes
from biasscope.images.decode import Limits
from biasscope.images.picture import ImageSource
from biasscope.images.registry import READING, SOURCES, detects
from biasscope.images.request import BoxConvention, Request
from biasscope.images.sampling import check_limit


def open_images(
    spec: str | os.PathLike[str] | Any,
    *,
    limit: int | None = None,
    seed: int = 0,
    labels: Sequence[int | None] | None = None,
    class_names: Sequence[str] | None = None,
    classes_file: str | os.PathLike[str] | None = None,
    image_column: str | None = None,
    label_column: str | None = None,
    id_column: str | None = None,
    box_columns: Sequence[str] | None = None,
    box_convention: BoxConvention = "edges",
    split: str | None = None,
    stream: bool = False,
    clip_length: int = 16,
    clip_step: int | None = None,
    side: int = 64,
    margin: int = 0,
    max_pixels: int = Limits.pixels,
    max_side: int = Limits.side,
    min_side: int = Limits.short,
) -> ImageSource:
    """Open pictures, wherever they are.

    Parameters
    ----------
    spec
        What to open:

        - a folder: pictures in it have no labels, pictures in its sub-folders have the folder as their class;
        - a Parquet, Arrow, CSV or TSV file (or a folder of Parquet files) with encoded pictures, or with paths;
        - ``hf://owner/name`` or ``hf://owner/name:configuration``, a folder that ``save_to_disk`` wrote, or a dataset
          of the ``datasets`` library;
        - a video file, or ``video:PATH`` for a folder of frames, of such folders, or of video files;
        - ``scenes`` or ``scenes:200``: embedded digit scenes that the small networks were not trained on (a folder of
          that name is ``./scenes``);
        - arrays or tensors (N, H, W), (N, H, W, C) or (N, C, H, W), uint8 or float in [0, 1]; a sequence of Pillow
          pictures, of arrays, or of pairs with a label;
        - an open source, which is given back.
    limit
        Most pictures (clips): a sample that depends on ``seed`` and the number of pictures alone, and that is part of
        every larger one. Of a stream the first ones are taken, and a note says so.
    seed
        Decides the sample and the scenes.
    labels, class_names
        Of pictures in memory.
    classes_file
        Text file with one class name (folder name) a line in the order of the model's outputs.
    image_column, label_column, id_column, box_columns
        Of tables and datasets, where the names do not say it. Boxes: x0, y0, x1, y1.
    box_convention
        ``edges`` (pixel edges), ``inclusive0`` (first and last pixel, counted from 0, as ImageNet writes them),
        ``inclusive1`` (from 1, PASCAL VOC), ``xywh`` or ``fraction`` (edges as fractions of the picture).
    split
        Which split of a dataset, or which sub-folder.
    stream
        Whether rows of a Hugging Face dataset are read as they come. Tables and folders are never held in memory.
    clip_length, clip_step
        Frames a clip, and frames from one clip to the next (``clip_length`` when left out).
    side, margin
        Of the scenes: their side in pixels, and black pixels on every side around them.
    max_pixels, max_side, min_side
        Pictures beyond these are left out by their header, and listed.

    Returns
    -------
    ImageSource
        To be iterated as often as wanted. Nothing but lists and label columns is read here.

    Raises
    ------
    UsageError
        An option is wrong.
    InputError
        There is nothing at the path, or nothing that is known.

    Examples
    --------
    >>> source = open_images("scenes:3")
    >>> [(picture.image_id, picture.label, picture.pixels.shape) for picture in source]
    [('val-04000', 0, (64, 64)), ('val-04001', 1, (64, 64)), ('val-04002', 2, (64, 64))]
    """
    if isinstance(spec, ImageSource):
        return spec
    check_limit(limit)
    request = Request(
        spec=os.fspath(spec) if isinstance(spec, os.PathLike) else spec,
        limit=limit,
        seed=seed,
        labels=labels,
        class_names=class_names,
        classes_file=None if classes_file is None else Path(classes_file),
        image_column=image_column,
        label_column=label_column,
        id_column=id_column,
        box_columns=box_columns,
        box_convention=box_convention,
        split=split,
        stream=stream,
        clip_length=clip_length,
        clip_step=clip_step,
        side=side,
        margin=margin,
        limits=Limits(max_pixels, max_side, min_side),
    )
    name = detect(request)
    _refuse_unread(name, request)
    source = cast(ImageSource, SOURCES.load(name)(request))
    source.parameters = {"source": source.name, **request.changed()}
    if request.classes_file is not None:
        source.output_names = read_classes(request.classes_file)
    return source


def detect(request: Request) -> str:
    """Name of the source in :data:`~biasscope.images.registry.SOURCES` for a request.

    Raises
    ------
    InputError
        There is nothing at the path, or nothing that is known.
    UsageError
        What was given is no specification at all.

    Examples
    --------
    >>> detect(Request(spec="scenes:20"))
    'scenes'
    """
    name = next((name for name in SOURCES if detects(name, request)), None)
    if name is not None:
        return name
    if request.spec == "":
        raise UsageError("no pictures are named", hint=_hint())
    if not request.text:
        raise UsageError(f"{type(request.spec).__name__} is no source of pictures", hint=_hint())
    path = request.path
    if path is None or not path.exists():
        words = request.text
        named = words.count("/") == 1 and words[0] not in "/.~"  # as datasets of the hub are
        hub = f"For a dataset of the Hugging Face hub write hf://{words}." if named else _hint()
        raise InputError("there is no such file or folder", where=words, hint=hub)
    raise InputError("holds no pictures that are known", where=str(path), hint=_hint())


def _refuse_unread(name: str, request: Request) -> None:
    """Refuse an option of reading that the source would not look at."""
    facts = SOURCES[name].facts
    for option in request.changed():
        if option in READING and option not in str(facts["takes"]).split():
            where = request.text or type(request.spec).__name__
            what = f"{option} has no meaning for this source ({facts['title']})"
            raise UsageError(what, where=where, hint="Leave it out.")


def _hint() -> str:
    return f"Pictures come from: {'; '.join(entry.facts['spec'] for entry in SOURCES.values())}."
