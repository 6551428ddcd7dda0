"""Clips of natural video: folders of frames, or video files through PyAV (extra ``video``).

A clip is ``clip_length`` frames that follow each other; the next one starts ``clip_step`` frames later. Frames of a
folder are in natural order of their names (frame9 before frame10). Memory holds one clip.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biasscope.core.errors import InputError, UsageError
from biasscope.core.words import counted
from biasscope.images.clips import Frame, clips
from biasscope.images.decode import DEFAULT, Limits, decode
from biasscope.images.decode import SUFFIXES as PICTURES
from biasscope.images.order import natural
from biasscope.images.picture import ImageProblem, ImageSource, Picture
from biasscope.images.pixels import Note
from biasscope.images.request import Request
from biasscope.images.sampling import choose
from biasscope.images.videofile import SUFFIXES, frames_of_video, require_av

PREFIX = "video:"


class Sequence(NamedTuple):
    """Frames that belong together: a video file, or a folder with the names of its frames."""

    name: str
    path: Path
    frames: tuple[str, ...] | None


@dataclass
class VideoSource(ImageSource):
    """Clips of one or several sequences; `Picture.pixels` is (T, H, W, 3).

    Attributes
    ----------
    sequences
        What the clips are from.
    length, step
        Frames a clip, and from one to the next.
    chosen
        Numbers of the clips that are taken, if it is known how many there are.
    first
        Most clips, if it is not.
    limits
        Frames that are not decoded.
    """

    sequences: list[Sequence] = field(default_factory=list)
    length: int = 16
    step: int = 16
    chosen: NDArray[np.int64] | None = None
    first: int | None = None
    limits: Limits = DEFAULT

    @property
    def count(self) -> int | None:
        """Number of clips; not known of video files."""
        return None if self.chosen is None else len(self.chosen)

    def __iter__(self) -> Iterator[Picture]:
        """Clips in order."""
        self.problems.clear()
        yield from islice(self._taken(), self.first)

    def _taken(self) -> Iterator[Picture]:
        if self.chosen is None:
            for sequence in self.sequences:
                yield from self._clips(sequence, frames_of_video(sequence.path, self.limits, self._noter(sequence)))
            return
        for sequence, at, names in self.cuts(self.chosen):
            yield from self._clips(sequence, self._files(sequence, at, names))

    def cuts(self, chosen: NDArray[np.int64]) -> Iterator[tuple[Sequence, int, tuple[str, ...]]]:
        """Folder, number of the first frame, and names of the frames of each clip that is chosen."""
        start = 0
        for sequence in self.sequences:
            names = sequence.frames or ()
            end = start + _clip_count(len(names), self.length, self.step)
            for number in chosen[(chosen >= start) & (chosen < end)].tolist():
                at = (number - start) * self.step
                yield sequence, at, names[at : at + self.length]
            start = end

    def _clips(self, sequence: Sequence, frames: Iterator[Frame]) -> Iterator[Picture]:
        for number, pixels in clips(frames, self.length, self.step, self._noter(sequence)):
            yield Picture(f"{sequence.name}#{number:06d}", pixels)

    def _files(self, sequence: Sequence, start: int, names: tuple[str, ...]) -> Iterator[Frame]:
        for number, name in enumerate(names, start):
            decoded = decode(sequence.path / name, self.limits)
            for note in decoded.notes:
                self._noter(sequence)(number, note)
            yield number, decoded.pixels

    def _noter(self, sequence: Sequence) -> _Noter:
        return _Noter(self.problems, sequence.name)


class _Noter:
    """Writes problems of frames down."""

    def __init__(self, problems: list[ImageProblem], name: str) -> None:
        self.problems, self.name = problems, name

    def __call__(self, frame: int, note: Note) -> None:
        problem = ImageProblem(note.code, f"{self.name}#{frame:06d}", note.detail, note.used)
        if problem not in self.problems:  # clips may share frames
            self.problems.append(problem)


def detect(request: Request) -> bool:
    """Paths after ``video:``, and video files."""
    path = request.path
    return request.text.startswith(PREFIX) or (path is not None and path.is_file() and _is_video(path))


def open_source(request: Request) -> VideoSource:
    """List sequences of frames.

    Raises
    ------
    UsageError
        Clips cannot be so long, or PyAV is not installed and a video file was given.
    InputError
        There are no frames, or folders of frames are mixed with video files.
    """
    step = request.clip_length if request.clip_step is None else request.clip_step
    if request.clip_length < 1 or step < 1:
        raise UsageError(f"clips of {request.clip_length} frames every {step} frames", hint="Both are at least 1.")
    path = request.path or Path()
    sequences = _sequences(path)
    source = VideoSource(request.text, sequences=sequences, length=request.clip_length, step=step)
    source.limits = request.limits
    source.law = f"Clips of {request.clip_length} frames that follow each other, one every {step} frames."
    if sequences[0].frames is None:
        require_av()
        source.files = [sequence.path for sequence in sequences]
        source.first = request.limit
        if request.limit is not None:
            source.notes.append(f"Of video files the first {counted(request.limit, 'clip')} were taken, not a sample.")
        return source
    lengths = [len(sequence.frames or ()) for sequence in sequences]
    total = sum(_clip_count(length, request.clip_length, step) for length in lengths)
    if total == 0:
        what = f"no folder has {request.clip_length} frames (at most {max(lengths)})"
        raise InputError(what, where=str(path), hint="Ask for shorter clips with clip_length (--clip-length).")
    source.chosen = choose(total, request.limit, request.seed)
    taken = (sequence.path / name for sequence, _, names in source.cuts(source.chosen) for name in names)
    source.files = list(dict.fromkeys(taken))  # clips may share frames
    short = sum(length < request.clip_length for length in lengths)
    source.notes += [f"{counted(short, 'folder')} with fewer frames than a clip left out."] if short else []
    return source


def _clip_count(frames: int, length: int, step: int) -> int:
    return max((frames - length) // step + 1, 0)


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES


def _sequences(path: Path) -> list[Sequence]:
    if path.is_file():
        return [Sequence(path.name, path, None)]
    if not path.is_dir():
        raise InputError("there is no such file or folder", where=str(path))
    folders = [path, *sorted((below for below in path.rglob("*") if below.is_dir()), key=lambda one: natural(str(one)))]
    found = [sequence for folder in folders for sequence in _in_folder(folder, path)]
    if not found:
        hint = f"Frames are pictures; video files end in {', '.join(sorted(SUFFIXES))}."
        raise InputError("there are no frames and no video files", where=str(path), hint=hint)
    if len({sequence.frames is None for sequence in found}) > 1:
        hint = "Give the one or the other."
        raise InputError("folders of frames are mixed with video files", where=str(path), hint=hint)
    return found


def _in_folder(folder: Path, root: Path) -> list[Sequence]:
    files = [entry for entry in folder.iterdir() if entry.is_file() and not entry.name.startswith(".")]
    place = folder.relative_to(root).as_posix()
    name = folder.name if place == "." else place
    frames = sorted((entry.name for entry in files if entry.suffix.lower() in PICTURES), key=natural)
    found = [Sequence(name, folder, tuple(frames))] if frames else []
    videos = sorted((entry for entry in files if _is_video(entry)), key=lambda one: natural(one.name))
    return found + [Sequence(entry.relative_to(root).as_posix(), entry, None) for entry in videos]
