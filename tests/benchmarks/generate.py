"""Inputs of the benchmark table, each written by a process of its own.

A child's peak memory counts from its parent's at the time it was started, so the measuring process must stay small: it
imports neither numpy nor polars and holds no data.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CLASSES = 1000


def coco(path: Path, boxes: int = 1_000_000, classes: int = CLASSES) -> Path:
    """COCO JSON in the order of the official files: images, annotations, categories (217 MB for a million boxes)."""
    return _apart("coco", path, boxes, classes)


def csv(path: Path, boxes: int = 1_000_000, classes: int = CLASSES) -> Path:
    """CSV with corners and image sizes (68 MB for a million boxes)."""
    return _apart("csv", path, boxes, classes)


def voc(folder: Path, images: int = 50_000, classes: int = CLASSES) -> Path:
    """VOC XML, one file an image with two or three objects, all in one folder."""
    return _apart("voc", folder, images, classes)


def parquet(path: Path, boxes: int = 50_000_000, classes: int = CLASSES) -> Path:
    """Parquet with corners and image sizes, in row groups of a quarter million (the default of polars)."""
    return _apart("parquet", path, boxes, classes)


def small(folder: Path) -> Path:
    """A hundred boxes as CSV: what it costs to start."""
    return csv(folder / "small.csv", 100, 2)


def _apart(kind: str, path: Path, count: int, classes: int) -> Path:
    command = [sys.executable, "-m", "tests.benchmarks.synthetic", kind, str(path), str(count), str(classes)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2])
    return path
