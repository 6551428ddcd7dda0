"""Elements of a CVAT file as they come: images, tracks, boxes, and what the tasks say of themselves."""

from __future__ import annotations

import re
from collections import ChainMap, Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from biasscope.boxes.assemble import Raw, size_number
from biasscope.boxes.files.names import split_from, unique_ids
from biasscope.boxes.rowlog import RowLog

SHAPES = frozenset({"polygon", "polyline", "points", "cuboid", "ellipse", "mask", "skeleton"})
_TASKS = ("task", "job")
_META = frozenset({"id", "subset", "size", "width", "height", "start_frame", "stop_frame", "frame_filter"})
_ABOVE = frozenset({*_TASKS, "meta", "original_size"})
_MOST_FRAMES = 10_000_000


@dataclass(frozen=True)
class Annotations:
    """What one file holds: raw frames, which of the images are frames of a video, and the number of tracks."""

    file: str
    images: pl.DataFrame
    boxes: pl.DataFrame
    frames: pl.Series
    tracks: int

    @property
    def video(self) -> bool:
        """Whether there are frames of a video, which have no names of their own."""
        return bool(self.frames.any())


@dataclass
class Parser:
    """Takes elements as they come; keeps images and boxes only. ``asked`` is the split of everything, if any."""

    file: str
    split: str | None
    log: RowLog
    asked: str | None = None
    raw: Raw = field(default_factory=Raw)
    tasks: list[str | None] = field(default_factory=list)
    tracks: int = 0
    row: int = 0
    path: list[str] = field(default_factory=list)
    metas: list[dict[str, str]] = field(default_factory=lambda: [{}])
    track: Mapping[str, str] = field(default_factory=dict)
    image: int | None = None
    frames: dict[tuple[str | None, int], int] = field(default_factory=dict)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take the beginning of an element."""
        self.path.append(tag)
        if tag in _TASKS and self.path[1:2] == ["meta"]:
            self.metas.append({"tag": tag})
        elif tag == "image" and len(self.path) == 2:
            self._image(attributes)
        elif tag == "track" and len(self.path) == 2:
            self.tracks += 1
            self.track = attributes
        elif tag == "box" and len(self.path) == 3:
            self._box(attributes)
        elif tag in SHAPES and len(self.path) == 3:
            self.row += 1
            self.log.add("shape is not a box", f"{self.file}:{self.row}", tag)

    def end(self, tag: str) -> None:
        """Take the end of an element."""
        self.path.pop()

    def text(self, data: str) -> None:
        """Take the text of an element."""
        path = self.path
        if path[:2] == ["annotations", "meta"] and path[-1] in _META and path[-2] in _ABOVE and data.strip():
            self.metas[-1].setdefault(path[-1], data.strip())

    def annotations(self) -> Annotations:
        """What was found, once everything was taken."""
        if self.tracks:
            self._list_frames()
        names = self._names()
        self.raw.images = [(name, *image[1:]) for name, image in zip(names, self.raw.images, strict=True)]
        frames = pl.repeat(False, len(names), eager=True).scatter([*self.frames.values()], True)
        return Annotations(self.file, *self.raw.frames(), frames, self.tracks)

    def _names(self) -> list[str]:
        """Ids of the images; those of one name in one split are of different tasks, or else are numbered."""
        names = [image[0] for image in self.raw.images]
        splits = [image[1] for image in self.raw.images]
        if len({*zip(names, splits, strict=True)}) < len(names):
            names = [f"{task}/{name}" if task else name for task, name in zip(self.tasks, names, strict=True)]
        ids, met = unique_ids(names), Counter[tuple[str, str | None]]()
        for place, key in enumerate(zip(ids, splits, strict=True)):
            met[key] += 1
            if met[key] > 1:
                ids[place] += f"#{place + 1}"
        return ids

    def _image(self, attributes: Mapping[str, str]) -> None:
        width, height = size_number(attributes.get("width")), size_number(attributes.get("height"))
        name, task = attributes.get("name") or attributes.get("id", ""), attributes.get("task_id")
        split = self._split(attributes.get("subset") or self._meta(task).get("subset"))
        self.image = len(self.raw.images)
        self.raw.images.append((name, split, width, height, self.file, None))
        self.tasks.append(task)

    def _split(self, subset: str | None) -> str | None:
        return self.asked or split_from(subset or "") or self.split

    def _box(self, attributes: Mapping[str, str]) -> None:
        self.row += 1
        where = f"{self.file}:{self.row}"
        tracked = self.path[1] != "image"
        try:
            x0, y0, x1, y1 = (float(attributes[key]) for key in ("xtl", "ytl", "xbr", "ybr"))
            turned = float(attributes.get("rotation") or 0) % 180 != 0
            image = self._frame(self.track.get("task_id"), int(attributes["frame"])) if tracked else self.image
        except KeyError as missing:
            return self.log.add("box without a corner", where, f"{missing.args[0]} is missing")
        except ValueError as error:
            return self.log.add("coordinate is not a number", where, str(error))
        if turned:  # its corners are those before it was turned, so it lies elsewhere
            return self.log.add("box is turned", where, f"by {attributes['rotation']} degrees; upright ones are read")
        if attributes.get("outside") == "1" or image is None:
            return None
        label = self.track.get("label") if self.path[1] == "track" else attributes.get("label")
        occluded = attributes.get("occluded") == "1"
        label = (label or "").strip() or None
        self.raw.boxes.append((image, label, x0, y0, x1, y1, False, False, occluded, False, self.row))
        return None

    def _meta(self, task: str | None) -> Mapping[str, str]:
        """What a task says of itself; of none in particular, what any says."""
        if task is None:
            return ChainMap(*self.metas)
        return next((meta for meta in self.metas if meta.get("id") == task), {})

    def _frame(self, task: str | None, number: int) -> int:
        if (task, number) not in self.frames:
            meta = self._meta(task)
            split = self._split(self.track.get("subset") or meta.get("subset"))
            width, height = size_number(meta.get("width")), size_number(meta.get("height"))
            self.frames[task, number] = len(self.raw.images)
            self.raw.images.append((f"frame_{number:06d}", split, width, height, self.file, None))
            self.tasks.append(task)
        return self.frames[task, number]

    def _list_frames(self) -> None:
        """Frames of the tasks that no track speaks of are images without objects."""
        several = any(task is not None for task, _ in self.frames)
        self.track = {}
        for task in [meta["id"] for meta in self.metas if "id" in meta] if several else [None]:
            for number in _numbers(self._meta(task)):
                self._frame(task, number)


def _numbers(meta: Mapping[str, str]) -> range:
    """Numbers of a task's frames, as boxes have them: those in the video, of which a filter may leave some out.

    A task says from which frame to which; a job, by the place among those that are left, which its size tells.

    >>> list(_numbers({"size": "3", "start_frame": "10", "stop_frame": "20", "frame_filter": "step=5"}))
    [10, 15, 20]
    >>> list(_numbers({"tag": "job", "size": "3", "start_frame": "0", "stop_frame": "2", "frame_filter": "step=5"}))
    [0, 5, 10]
    """
    first, last = size_number(meta.get("start_frame")) or 0, size_number(meta.get("stop_frame"))
    if last is None or last - first >= _MOST_FRAMES:
        return range(0)
    step = _step(meta.get("frame_filter"))
    placed = meta.get("tag") == "job" and size_number(meta.get("size")) == last - first + 1
    times = step if placed else 1
    return range(first * times, last * times + 1, step)


def _step(frame_filter: str | None) -> int:
    """Every how many frames of the video one is of the task.

    >>> _step("step=5"), _step("step = 0"), _step(None)
    (5, 1, 1)
    """
    found = re.search(r"\bstep\s*=\s*([1-9]\d{0,8})\b", frame_filter or "", re.ASCII)
    return int(found[1]) if found else 1
