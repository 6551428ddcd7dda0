"""Pictures for tests, good and bad, and one sample of every image source."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from PIL import Image

from biasscope.core.randomness import generator


def noise(number: int = 0, *, size: tuple[int, int] = (20, 16)) -> Image.Image:
    """RGB picture, different for every number; ``size`` is width, height."""
    values = generator(number, "picture").integers(0, 256, (size[1], size[0], 3), np.uint8)
    return Image.fromarray(values)


def coded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(width: int, height: int, *, depth: int = 8, colour: int = 0, rows: bytes = b"") -> bytes:
    """PNG written by hand: any header, whatever the rows hold."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def bad_pictures() -> dict[str, tuple[bytes, str, bool]]:
    """Name -> bytes, code of the problem, whether the picture is used all the same."""
    jpeg = coded(noise(size=(64, 48)), "JPEG", quality=95)
    deep = Image.fromarray(np.linspace(0, 65535, 320).reshape(16, 20).astype(np.uint16))
    turned = Image.Exif()
    turned[0x0112] = 6
    clear = noise().convert("RGBA")
    clear.putalpha(Image.fromarray(np.full((16, 20), 100, np.uint8)))
    frames = [noise(number).convert("L") for number in range(3)]
    return {
        "truncated-early.jpg": (jpeg[: len(jpeg) // 4], "truncated", False),
        "truncated-late.jpg": (jpeg[:-200], "truncated", False),
        "truncated.png": (coded(noise())[:200], "truncated", False),
        "header.jpg": (jpeg[:10], "truncated", False),
        "empty.jpg": (b"", "unreadable", False),
        "text.jpg": (b"<html>not found</html>", "unreadable", False),
        "script.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20 20\n", "unreadable", False),
        "wide.png": (png(30_000, 20), "too-large", False),
        "bomb.png": (png(19_000, 19_000, rows=b"\0" * 19_001 * 100), "too-large", False),
        "huge.png": (png(60_000, 60_000), "too-large", False),
        "pixel.png": (coded(noise(size=(1, 1))), "too-small", False),
        "float.tif": (coded(Image.fromarray(np.ones((16, 20), np.float32)), "TIFF"), "unsupported", False),
        "deep32.tif": (coded(Image.fromarray(np.full((16, 20), 70_000, np.int32)), "TIFF"), "unsupported", False),
        "cmyk.jpg": (coded(noise().convert("CMYK"), "JPEG"), "cmyk", True),
        "deep.png": (coded(deep), "deep", True),
        "deep-colour.png": (png(8, 8, depth=16, colour=2, rows=(b"\0" + b"\x80\x00" * 24) * 8), "deep", True),
        "palette.png": (coded(noise().quantize(16)), "palette", True),
        "alpha.png": (coded(clear), "alpha", True),
        "animated.png": (coded(frames[0], "PNG", save_all=True, append_images=frames[1:]), "animated", True),
        "turned.jpg": (coded(noise(), "JPEG", exif=turned), "exif-rotated", True),
        "lab.tif": (coded(Image.new("YCbCr", (20, 16)), "TIFF"), "colour-space", True),
    }


def write_folder(folder: Path, count: int = 12) -> Path:
    for number in range(count):
        path = folder / "pictures" / ("cat", "ant", "bee")[number % 3] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        noise(number).save(path)
    return folder / "pictures"


def frame(count: int = 12) -> pl.DataFrame:
    numbers = list(range(count))
    return pl.DataFrame(
        {
            "image_id": [f"picture {number}" for number in numbers],
            "class_id": [number % 3 for number in numbers],
            "class_name": [("cat", "ant", "bee")[number % 3] for number in numbers],
            "jpeg": [coded(noise(number)) for number in numbers],
        }
    )


def write_table(folder: Path) -> Path:
    path = folder / "pictures.parquet"
    frame().write_parquet(path, row_group_size=5)
    return path


def write_dataset(folder: Path) -> Path:
    dataset().save_to_disk(folder / "saved")
    return folder / "saved"


def dataset(count: int = 12) -> Any:
    import datasets

    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "ant", "bee"])})
    rows = {
        "image": [{"bytes": coded(noise(number)), "path": None} for number in range(count)],
        "label": [number % 3 for number in range(count)],
    }
    return datasets.Dataset.from_dict(rows, features=features)


def write_frames(folder: Path, count: int = 24, *, name: str = "walk") -> str:
    (folder / name).mkdir(parents=True)
    for number in range(count):
        noise(number).save(folder / name / f"frame{number}.png")
    return f"video:{folder / name}"


SAMPLES: dict[str, Callable[[Path], tuple[Any, dict[str, Any]]]] = {
    "scenes": lambda folder: ("scenes:12", {}),
    "video": lambda folder: (write_frames(folder), {"clip_length": 4, "clip_step": 2}),
    "huggingface": lambda folder: (write_dataset(folder), {}),
    "table": lambda folder: (write_table(folder), {}),
    "folder": lambda folder: (write_folder(folder), {}),
    "memory": lambda folder: (
        [noise(number) for number in range(12)],
        {"labels": [number % 3 for number in range(12)]},
    ),
}
"""One sample of every source: specification and options, from an empty folder."""
