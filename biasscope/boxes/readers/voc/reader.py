"""ImageNet and PASCAL VOC annotations: one XML file an image, in a folder or inside a tar archive.

Convention
----------
Corners are the first and the last pixel of the object, counted from 1 in PASCAL VOC and from 0 in files whose
``<database>`` begins with ILSVRC (the official readme of neither says so for ImageNet: its values run from 0 to
``width - 1``). Decimal coordinates are taken as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, islice
from pathlib import Path

import polars as pl

from biasscope.boxes.assemble import RAW_BOXES, RAW_IMAGES, Raw, finish
from biasscope.boxes.boxtable import BoxTable
from biasscope.boxes.convention import choose_corners
from biasscope.boxes.files.archive import is_archive, members
from biasscope.boxes.files.cache import Parsed, cached
from biasscope.boxes.files.listing import Files, Listing, contents, head
from biasscope.boxes.files.names import unique_ids
from biasscope.boxes.files.packed import SPLIT_LIST, Packed
from biasscope.boxes.readers.voc.plain import plain
from biasscope.boxes.readers.voc.tree import add
from biasscope.boxes.rowlog import RowLog
from biasscope.boxes.schema import APART
from biasscope.boxes.sizes.lookup import fill_beside
from biasscope.boxes.source import Request
from biasscope.core.errors import InputError
from biasscope.core.words import first_few

NAME = "voc"
LOOKED_AT = 50
"""XML files of which one has to be an annotation: the first of them may be empty."""
TOGETHER, LARGEST_BLOCK = 2048, 1 << 24
"""Documents, and bytes, that are looked at together."""
ONE_BY_ONE = 16
"""Documents among which an unusual one is not looked for any longer."""
SHOWN = 4
Frames = tuple[pl.DataFrame, pl.DataFrame]


def detect(request: Request) -> bool:
    """XML files whose root is ``<annotation>``, or (where no XML file is) an archive that has XML files."""
    if found := list(islice((found for found in request.files if found.suffix == ".xml"), LOOKED_AT)):
        heads = (head(one.path, 4096).replace(b"\0", b"") for one in found)  # of UTF-16 every other byte is left
        return any(re.search(rb"<annotation[\s>]", begin) for begin in heads)
    packed = next((found.path for found in request.files if is_archive(found.name)), None)
    return packed is not None and any(True for _ in members(Path(packed), RowLog(), ".xml", most=1))


def read(request: Request) -> BoxTable:
    """Boxes of VOC files; see the module for the convention.

    An object without a readable ``<bndbox>`` and a file that is not well-formed, is no VOC annotation or declares a
    document type are bad rows. Of a size, a name or a ``<bndbox>`` given twice the first counts, the other is a bad
    row. Parts of an object (``<part>``) are not objects.
    """
    asked = choose_corners(request.convention, "inclusive1", "VOC XML") if request.convention != "auto" else "auto"
    files = _files(request)
    parsed = cached(request, NAME, lambda log: _parse(request, files, log))
    if not parsed.images.height and not request.log.counts:
        raise InputError(f"no XML file is here{Packed(NAME, parsed.beside).holds()}", where=str(request.path))
    images = fill_beside(parsed.images, request)
    found = sorted(set(images["convention"].drop_nulls().unique().to_list())) or ["inclusive1"]
    if asked != "auto":
        images = images.with_columns(convention=None)
    convention = asked if asked != "auto" else found[0]
    packed = [name for name, _ in parsed.beside]
    boxes, listed = finish(images, parsed.boxes, convention=convention, fraction=False, log=request.log)
    return BoxTable(
        boxes,
        listed,
        format=NAME,
        convention=asked if asked != "auto" else ", ".join(found),
        files=Files(files),
        log=request.log,
        notes=(*_notes(asked, found), *_unused([*request.files.names, *packed], images)),
        beside=tuple(member for member in parsed.beside if not SPLIT_LIST.search(member[0])),
        apart=images.lazy().select(pl.col("file").str.head(-4).alias(APART)),
    )


def _files(request: Request) -> Listing:
    """XML files and archives; all of them as they are listed where nothing else is."""
    if request.suffixes.keys() <= {".xml"}:
        return request.files
    return Listing.of(found for found in request.files if found.suffix == ".xml" or is_archive(found.name))


def _unused(names: Sequence[str], images: pl.DataFrame) -> list[str]:
    """Note on lists of images in ``ImageSets`` that say splits, where folders say none."""
    if images["split"].null_count() < images.height:
        return []
    lists = [name for name in names if SPLIT_LIST.search(name)]
    what = f"The splits of {first_few(lists, SHOWN)} were not read: to compare them, put the XML files of each"
    return [f"{what} into a folder of its name."] if lists else []


def _notes(asked: str, found: list[str]) -> tuple[str, ...]:
    if asked != "auto":
        return ()
    meaning = {
        "inclusive0": "Corners of ILSVRC files were read as first and last pixel, counted from 0 (inclusive0).",
        "inclusive1": "Corners of VOC files were read as first and last pixel, counted from 1 (inclusive1).",
    }
    return tuple(meaning[name] for name in found)


def _parse(request: Request, files: Listing, log: RowLog) -> Parsed:
    """Raw frames: block by block, those in the usual layout at once, the others one by one."""
    splits, parts, usual, packed = dict[str, str | None](), list[Frames](), True, Packed(NAME)
    for block in _blocks(_documents(files, log, packed)):
        names = [name for name, _ in block]
        folders = [_folder(name) for name in names]
        for folder in {*folders} - splits.keys():
            splits[folder] = request.split_of(folder + "/x", stem=False)
        own = [splits[folder] for folder in folders]
        found = list(_read(names, own, [data for _, data in block], log, usual=usual))
        usual = usual and any(plain for _, plain in found)
        parts += [frames for frames, _ in found]
    return replace(_joined(parts), beside=tuple(packed.found))


def _folder(name: str) -> str:
    """Folders that a document is in; an archive is the outermost of those of its members."""
    return name.replace("!", "/", 1).rpartition("/")[0]


def _blocks(documents: Iterator[tuple[str, bytes]]) -> Iterator[list[tuple[str, bytes]]]:
    """Documents by the thousand, or by the megabyte."""
    block, size = list[tuple[str, bytes]](), 0
    for document in documents:
        block.append(document)
        size += len(document[1])
        if len(block) >= TOGETHER or size >= LARGEST_BLOCK:
            yield block
            block, size = [], 0
    if block:
        yield block


def _read(
    names: Sequence[str], splits: Sequence[str | None], documents: Sequence[bytes], log: RowLog, *, usual: bool
) -> Iterator[tuple[Frames, bool]]:
    """Raw frames of documents in their order, and whether each part was in the usual layout; halved until all are."""
    if usual and (made := plain(names, splits, documents)) is not None:
        yield made, True
    elif usual and len(documents) > ONE_BY_ONE:
        for half in (slice(0, len(documents) // 2), slice(len(documents) // 2, None)):
            yield from _read(names[half], splits[half], documents[half], log, usual=True)
    else:
        raw = Raw()
        for name, split, data in zip(names, splits, documents, strict=True):
            add(raw, name, data, split, log)
        yield raw.frames(), False


def _joined(parts: Sequence[Frames]) -> Parsed:
    """Frames one after another, boxes pointing to their images and images named."""
    images = pl.concat([pl.DataFrame(schema=RAW_IMAGES), *(part[0] for part in parts)])
    counts = [part[0].height for part in parts]
    before = accumulate(counts, initial=0)
    moved = [part[1].with_columns(pl.col("image") + first) for part, first in zip(parts, before, strict=False)]
    boxes = pl.concat([pl.DataFrame(schema=RAW_BOXES), *moved])
    files = [name[:-4] for name in images["file"].to_list()]
    inside = [name.rpartition("!")[2] for name in files]
    ids = unique_ids(inside if len({*inside}) == len(files) else files)  # archives may hold files of one name
    return Parsed(images.with_columns(image_id=pl.Series(ids, dtype=pl.String)), boxes)


def _documents(files: Listing, log: RowLog, packed: Packed) -> Iterator[tuple[str, bytes]]:
    alone = [place for place, suffix in enumerate(files.suffixes) if suffix == ".xml"]
    found = contents([files.paths[place] for place in alone])
    for place, (path, name, suffix) in enumerate(zip(files.paths, files.names, files.suffixes, strict=True)):
        if suffix == ".xml":
            data = next(found)
            files.bytes[place] = len(data)
            yield name, data
        else:
            for inside, data in members(Path(path), log, ".xml", beside=packed.add):
                yield f"{name}!{inside}", data
