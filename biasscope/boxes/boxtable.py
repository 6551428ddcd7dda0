"""What a reader hands over: boxes and images as lazy frames, and batches of them in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

import polars as pl

from biasscope.boxes.registry import COLUMNED, PIXELS, READERS
from biasscope.boxes.rowlog import RowLog
from biasscope.boxes.schema import EMPTY
from biasscope.boxes.tables.damage import DAMAGE, incomplete, unreadable

_AHEAD = "POLARS_ROW_GROUP_PREFETCH_SIZE"
IMAGE = ("image_id", "split")
ROWS = 1 << 18
"""Rows of a batch."""


@dataclass(frozen=True)
class BoxTable:
    r"""Boxes as a reader found them: two lazy frames, the convention they were in, and what could not be read.

    Attributes
    ----------
    boxes
        Lazy frame with the columns of :data:`~biasscope.boxes.schema.BOXES`. Nothing is clipped, repaired or dropped.
    images
        Lazy frame with the columns of ``IMAGES``; every image the source lists, with or without objects.
    format
        Name of the reader.
    convention
        How the source's numbers were understood (``edges``, ``inclusive0``, ``inclusive1``, ``xywh``, ``fraction``).
    files
        Files that were read.
    log
        Rows that could not become boxes.
    notes
        Sentences for the report (what was assumed, what looked odd).
    beside
        Annotation-like members of archives that were not read: their places, and the format that each looks like, or
        an empty text.
    empty
        Images without objects, for sources that do not list their images: there ``images`` is made of the boxes and
        these, which costs a pass over the boxes. ``None`` where the source lists its images.
    both
        ``boxes`` and ``empty`` in one frame with the column ``EMPTY``, where one pass can give both.
    again
        The same, read more slowly, where ``EMPTY`` marks in ``both`` each row that lacks a number: it may be an image
        without objects, or hold something that is no number or has blanks around it; ``None`` where it cannot.
    rows
        Rows of ``both``, where the files say how many they hold: a library may end early over damage without a word.
    apart
        The column ``APART`` in the order of ``images``: names to be used instead of ids that images of another path
        have too, which are others. Null (or ``None`` for all) where an image of the same id is the same image.
    own
        Splits of which each row is an image of its own, and what to put before ids where another path has such a split
        too: such rows may be a stream, whose ids are not looked through beforehand. ``ANY`` is every split.
    sizes_from
        Options that say where sizes of images are, and their values.
    parts
        Tables that this one is made of, in their order, where only some are in ``pixels`` or know their ``rows``.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from biasscope.boxes import read_boxes
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "boxes.csv"
    >>> _ = path.write_text("image,xmin,ymin,xmax,ymax,label,width,height\na,0,0,9,9,cat,20,20\nb,0,0,9,,dog,20,20\n")
    >>> found = read_boxes(path, box_convention="inclusive0")
    >>> found.boxes.collect().height, found.convention, found.log.counts.total()
    (2, 'inclusive0', 0)
    """

    boxes: pl.LazyFrame
    images: pl.LazyFrame
    format: str
    convention: str
    files: Sequence[Path] = ()
    log: RowLog = field(default_factory=RowLog)
    notes: tuple[str, ...] = ()
    beside: tuple[tuple[str, str], ...] = ()
    empty: pl.LazyFrame | None = None
    both: pl.LazyFrame | None = None
    again: pl.LazyFrame | None = None
    rows: int | None = None
    apart: pl.LazyFrame | None = None
    own: Mapping[str | None, str] = field(default_factory=dict)
    sizes_from: Mapping[str, Path] = field(default_factory=dict)
    parts: Sequence[BoxTable] = ()
    _met: list[pl.DataFrame] = field(default_factory=list, repr=False, compare=False)

    @property
    def pixels(self) -> bool:
        """Whether no box can be in fractions of its frame, as its format knows none."""
        return {*self.format.split(", ")} <= PIXELS

    @property
    def layout(self) -> str:
        """Convention whose layout the format fixes, whatever was asked for; empty where its numbers can be in any."""
        formats = self.format.split(", ")
        fixed = formats[0] in READERS and COLUMNED.isdisjoint(formats)
        return str(READERS[formats[0]].facts["convention"]) if fixed else ""

    def batches(self, rows: int = ROWS) -> Iterator[pl.DataFrame]:
        """Boxes in frames of about ``rows`` rows, so that memory does not grow with the dataset.

        Raises
        ------
        InputError
            A file turned out unreadable while it was being read.
        """
        try:
            with _little_ahead():
                if self.both is None:
                    yield from self.boxes.collect_batches(chunk_size=rows, maintain_order=True)
                else:
                    yield from self._parted(_looked_again(self.both, self.again, rows))
        except DAMAGE as error:
            raise unreadable(error, self.files) from error

    def without_objects(self) -> pl.DataFrame:
        """Ids and splits in ``empty``, each once: known after a complete pass over ``both``, else looked through."""
        if self._met:
            return self._met[0]
        try:
            return _images(self.images.head(0) if self.empty is None else self.empty)
        except DAMAGE as error:
            raise unreadable(error, self.files) from error

    def _parted(self, batches: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """Boxes of batches of ``both``; the images without objects are counted."""
        found, arrived = list[pl.DataFrame](), 0
        for batch in batches:
            arrived += batch.height
            empty = batch[EMPTY]
            batch = batch.drop(EMPTY)
            if empty.any():
                named = batch.filter(empty & batch["image_id"].is_not_null())
                found.append(named.select(IMAGE).unique())
                batch = batch.filter(~empty)
            if batch.height:
                yield batch
        if self.rows not in (None, arrived):
            raise incomplete(arrived, self.rows, self.files)
        self._met[:] = [_images(pl.concat([self.images.select(IMAGE).head(0), *(part.lazy() for part in found)]))]


def _looked_again(both: pl.LazyFrame, again: pl.LazyFrame | None, rows: int) -> Iterator[pl.DataFrame]:
    """Batches of ``both``; of ``again`` from the first on that has a row to be looked at again."""
    done = 0
    for batch in both.collect_batches(chunk_size=rows, maintain_order=True):
        if again is not None and batch[EMPTY].any():
            break
        yield batch
        done += batch.height
    else:
        return
    yield from again.slice(done).collect_batches(chunk_size=rows, maintain_order=True)


class _HasBoth(Protocol):
    @property
    def both(self) -> pl.LazyFrame | None: ...

    @property
    def again(self) -> pl.LazyFrame | None: ...

    @property
    def rows(self) -> int | None: ...


class Both(NamedTuple):
    """``both``, ``again`` and ``rows``, as in BoxTable."""

    both: pl.LazyFrame | None
    again: pl.LazyFrame | None
    rows: int | None


def joined_both(parts: Sequence[_HasBoth]) -> Both:
    """``both``, ``again`` and ``rows`` of parts that follow each other."""
    both = [part.both for part in parts if part.both is not None]
    if len(both) < len(parts):
        return Both(None, None, None)
    again = [fast if part.again is None else part.again for part, fast in zip(parts, both, strict=True)]
    rows = [part.rows for part in parts if part.rows is not None]
    return Both(
        pl.concat(both),
        pl.concat(again) if any(part.again is not None for part in parts) else None,
        sum(rows) if len(rows) == len(parts) else None,
    )


def _images(frame: pl.LazyFrame) -> pl.DataFrame:
    """Images, each once: ids are unique within a split only."""
    return frame.select(IMAGE).unique().collect()


@contextmanager
def _little_ahead() -> Iterator[None]:
    """Keep polars from reading many row groups ahead, which costs hundreds of megabytes and gains nothing here."""
    given = os.environ.get(_AHEAD)
    os.environ.setdefault(_AHEAD, "1")
    try:
        yield
    finally:
        if given is None:
            os.environ.pop(_AHEAD, None)
