"""Frames of a video file through PyAV."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from biasscope.core.errors import UsageError
from biasscope.images.clips import Frame
from biasscope.images.decode import Limits
from biasscope.images.pixels import Note

SUFFIXES = frozenset((".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ogv", ".wmv"))
"""Ends of the names of video files."""


def require_av() -> Any:
    """Import PyAV.

    Raises
    ------
    UsageError
        It is not installed.
    """
    try:
        import av
    except ImportError as error:
        hint = "Install the extra: pip install 'biasscope[video]'. Or give a folder of frames."
        raise UsageError("video files need PyAV, which is not installed", hint=hint) from error
    return av


def frames_of_video(path: Path, limits: Limits, note: Callable[[int, Note], None]) -> Iterator[Frame]:
    """Frames of the first video stream, (H, W, 3) RGB, turned as the file says; it ends where the file is damaged.

    Whatever is wrong is handed to ``note`` with the number of the frame.
    """
    av = require_av()
    number = 0
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0] if container.streams.video else None
            refused = _refusal(stream, limits)
            if refused or stream is None:
                note(0, refused or Note("unreadable", "there is no video in the file", used=False))
                return
            for number, frame in enumerate(container.decode(stream)):
                if number == 0 and _turns(frame):
                    note(0, Note("exif-rotated", f"frames were turned by {_turns(frame) * 90} degrees"))
                pixels = frame.to_ndarray(format="rgb24")
                yield number, np.ascontiguousarray(np.rot90(pixels, _turns(frame)))
    except (av.FFmpegError, OSError, ValueError) as error:
        code = "truncated" if number else "unreadable"
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        note(number, Note(code, f"it cannot be decoded ({reason.splitlines()[0][:200]})", used=number > 0))


def _refusal(stream: Any, limits: Limits) -> Note | None:
    size = (stream.codec_context.width, stream.codec_context.height) if stream is not None else (0, 0)
    return limits.refusal(*size) if all(size) else None


def _turns(frame: Any) -> int:
    """Quarter turns against the clock."""
    return round(getattr(frame, "rotation", 0) / 90) % 4
