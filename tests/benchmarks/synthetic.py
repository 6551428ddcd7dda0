"""Synthetic inputs of the benchmark table, seeded: COCO JSON, CSV, VOC XML trees and Parquet of any size.

Classes are placed off-centre by a class-dependent law, so that the statistics have something to find. Coordinates have
two decimals as in COCO; integers in VOC.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl

IMAGES_PER_BOX = 1 / 7
CLASSES = 1000
CHUNK = 1 << 20
DATE = "2026-11-20 12:00:00, synthetic"
_LINE = (
    '{"id": %d, "image_id": %d, "category_id": %d, "bbox": [%.2f, %.2f, %.2f, %.2f], "area": %.4f, "iscrowd": 0, '
    '"segmentation": [[%.2f, %.2f, %.2f, %.2f, %.2f, %.2f]]}'
)
_VOC = (
    "<annotation>\n\t<folder>synthetic</folder>\n\t<filename>{name}.jpg</filename>\n\t<source>\n"
    "\t\t<database>synthetic</database>\n\t</source>\n\t<size>\n\t\t<width>{width}</width>\n\t\t<height>{height}</height>\n"
    "\t\t<depth>3</depth>\n\t</size>\n\t<segmented>0</segmented>\n{objects}</annotation>\n"
)
_OBJECT = (
    "\t<object>\n\t\t<name>{label}</name>\n\t\t<pose>Unspecified</pose>\n\t\t<truncated>0</truncated>\n"
    "\t\t<difficult>0</difficult>\n\t\t<bndbox>\n\t\t\t<xmin>{x0}</xmin>\n\t\t\t<ymin>{y0}</ymin>\n"
    "\t\t\t<xmax>{x1}</xmax>\n\t\t\t<ymax>{y1}</ymax>\n\t\t</bndbox>\n\t</object>\n"
)


def frames(boxes: int, *, seed: int = 0, classes: int = CLASSES) -> Iterator[pl.DataFrame]:
    """Boxes of about seven an image, image by image, in frames of a million rows.

    Columns: image (number), width, height, label (number), x0, y0, x1, y1 as pixel edges with two decimals.
    """
    rng = np.random.default_rng(seed)
    pull = rng.uniform(0.5, 2.0, (classes, 2))
    first = 0
    for start in range(0, boxes, CHUNK):
        count = min(CHUNK, boxes - start)
        images = max(1, round(count * IMAGES_PER_BOX))
        image = np.sort(rng.integers(0, images, count)) + first
        sizes = rng.integers(320, 641, (images, 2))
        width, height = sizes[image - first].T
        label = rng.integers(0, classes, count)
        share = np.exp(rng.uniform(np.log(0.05), np.log(0.9), (2, count)))
        placed = rng.beta(pull[label].T, pull[label].T)
        w, h = share[0] * width, share[1] * height
        x0, y0 = np.round(placed[0] * (width - w), 2), np.round(placed[1] * (height - h), 2)
        yield pl.DataFrame(
            {
                "image": image,
                "width": width,
                "height": height,
                "label": label,
                "x0": x0,
                "y0": y0,
                "x1": np.minimum(np.round(x0 + w, 2), width),
                "y1": np.minimum(np.round(y0 + h, 2), height),
            }
        )
        first += images


def coco(path: Path, boxes: int = 1_000_000, classes: int = CLASSES) -> Path:
    """COCO JSON in the order of the official files: images, annotations, categories (217 MB for a million boxes)."""
    made = pl.concat(list(frames(boxes, classes=classes)))
    images = made.unique("image", maintain_order=True).select("image", "width", "height")
    with path.open("w", encoding="utf-8") as file:
        file.write('{"info": {"description": "synthetic"}, "licenses": [], "images": [')
        file.write(
            ", ".join(
                json.dumps(
                    {
                        "license": 1,
                        "file_name": f"{image:012d}.jpg",
                        "height": h,
                        "width": w,
                        "id": image,
                        "date_captured": DATE,
                    }
                )
                for image, w, h in images.iter_rows()
            )
        )
        file.write('], "annotations": [')
        for start in range(0, made.height, CHUNK // 8):
            part = made.slice(start, CHUNK // 8).iter_rows()
            file.write(", " if start else "")
            file.write(", ".join(_annotation(number, *row) for number, row in enumerate(part, start + 1)))
        categories = [{"supercategory": "thing", "id": key + 1, "name": f"class {key:04d}"} for key in range(classes)]
        file.write(f'], "categories": {json.dumps(categories)}}}')
    return path


def csv(path: Path, boxes: int = 1_000_000, classes: int = CLASSES) -> Path:
    """CSV with corners and image sizes (about 68 MB for a million boxes)."""
    with path.open("wb") as file:
        for number, part in enumerate(frames(boxes, classes=classes)):
            named = part.select(
                image="img_" + pl.col("image").cast(pl.String).str.zfill(12) + ".jpg",
                width="width",
                height="height",
                label="class " + pl.col("label").cast(pl.String),
                xmin="x0",
                ymin="y0",
                xmax="x1",
                ymax="y1",
            )
            named.write_csv(file, include_header=number == 0)
    return path


def voc(folder: Path, images: int = 50_000, classes: int = CLASSES) -> Path:
    """VOC XML, one file an image with two or three objects, all in one folder."""
    folder.mkdir(parents=True, exist_ok=True)
    made = next(frames(round(images * 2.5), classes=classes))
    rows = iter(made.iter_rows())
    counts = 2 + np.arange(images) % 2
    for number, count in enumerate(counts.tolist()):
        objects = list(islice(rows, count))
        width, height = (objects[0][1], objects[0][2]) if objects else (500, 375)
        text = "".join(_object(row, width, height) for row in objects)
        name = f"{number:08d}"
        (folder / f"{name}.xml").write_text(_VOC.format(name=name, width=width, height=height, objects=text))
    return folder


def parquet(path: Path, boxes: int = 50_000_000, classes: int = CLASSES) -> Path:
    """Parquet with corners and image sizes, written piece by piece."""
    import pyarrow.parquet as pq

    writer = None
    for part in frames(boxes, classes=classes):
        named = part.select(
            image_id="img_" + pl.col("image").cast(pl.String),
            label="class " + pl.col("label").cast(pl.String),
            image_width=pl.col("width").cast(pl.Int32),
            image_height=pl.col("height").cast(pl.Int32),
            **{name: pl.col(name).cast(pl.Float32) for name in ("x0", "y0", "x1", "y1")},
        ).to_arrow()
        writer = writer or pq.ParquetWriter(path, named.schema, compression="zstd")
        writer.write_table(named, row_group_size=1 << 18)
    assert writer is not None
    writer.close()
    return path


def _annotation(
    number: int, image: int, _width: int, _height: int, label: int, x0: float, y0: float, x1: float, y1: float
) -> str:
    w, h = x1 - x0, y1 - y0
    return _LINE % (number, image, label + 1, x0, y0, w, h, w * h, x0, y0, x1, y0, x1, y1)


def _object(row: tuple[float, ...], width: int, height: int) -> str:
    _, own_width, own_height, label, x0, y0, x1, y1 = row
    across, down = width / own_width, height / own_height
    corners = {"x0": int(x0 * across) + 1, "y0": int(y0 * down) + 1}
    corners |= {"x1": max(corners["x0"], int(x1 * across)), "y1": max(corners["y0"], int(y1 * down))}
    return _OBJECT.format(label=f"class{label:04d}", **corners)


def main(kind: str, path: str, count: str, classes: str) -> None:
    """Write one input; called in a process of its own by :mod:`tests.benchmarks.generate`."""
    {"coco": coco, "csv": csv, "voc": voc, "parquet": parquet}[kind](Path(path), int(count), int(classes))


if __name__ == "__main__":
    main(*sys.argv[1:])
