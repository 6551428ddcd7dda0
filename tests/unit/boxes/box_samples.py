"""The same three images in every annotation format: what contract tests read.

Boxes as pixel edges: image ``a`` (100 x 80) has a cat and a dog, ``b`` (50 x 40) a cat, ``c`` (64 x 64) nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

SIZES = {"a": (100, 80), "b": (50, 40), "c": (64, 64)}
BOXES = (
    ("a", "cat", (10.0, 20.0, 30.0, 60.0)),
    ("a", "dog", (0.0, 0.0, 100.0, 80.0)),
    ("b", "cat", (5.0, 4.0, 25.0, 20.0)),
)
CLASSES = ("cat", "dog")
Sample = tuple[Path, dict[str, Any]]


def expected() -> list[tuple[str, str, float, float, float, float]]:
    """Return the rows every format must give, sorted."""
    return sorted((image, label, *corners) for image, label, corners in BOXES)


def rows(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    """Rows of a BOXES frame in the form of :func:`expected`."""
    chosen = frame.select("image_id", pl.col("label").cast(pl.String), *(pl.col("x0", "y0", "x1", "y1").round(6),))
    return sorted(chosen.rows())


def sizes_csv(folder: Path) -> Path:
    path = folder / "table_of_sizes.csv"
    path.write_text("image_id,width,height\n" + "".join(f"{key},{w},{h}\n" for key, (w, h) in SIZES.items()))
    return path


def voc(folder: Path, *, database: str = "The VOC Database", first: int = 1, last: int = 0) -> Sample:
    folder.mkdir(exist_ok=True)
    for image, (width, height) in SIZES.items():
        objects = "".join(
            f"<object><name>{label}</name><difficult>0</difficult><bndbox><xmin>{x0 + first}</xmin>"
            f"<ymin>{y0 + first}</ymin><xmax>{x1 + last}</xmax><ymax>{y1 + last}</ymax></bndbox></object>"
            for key, label, (x0, y0, x1, y1) in BOXES
            if key == image
        )
        (folder / f"{image}.xml").write_text(
            f"<annotation><filename>{image}.jpg</filename><source><database>{database}</database></source>"
            f"<size><width>{width}</width><height>{height}</height><depth/></size>{objects}</annotation>"
        )
    return folder, {}


def coco_dict() -> dict[str, Any]:
    return {
        "info": {"year": 2026},
        "images": [
            {"id": 7 * number, "file_name": f"{key}.jpg", "width": w, "height": h}
            for number, (key, (w, h)) in enumerate(SIZES.items(), 1)
        ],
        "annotations": [
            {
                "id": number,
                "image_id": 7 * (1 + list(SIZES).index(image)),
                "category_id": 3 + 80 * CLASSES.index(label),
                "bbox": [x0, y0, x1 - x0, y1 - y0],
                "segmentation": [[x0, y0, x1, y1, x0, y1]],
                "iscrowd": 0,
            }
            for number, (image, label, (x0, y0, x1, y1)) in enumerate(BOXES, 1)
        ],
        "categories": [{"id": 3 + 80 * number, "name": name} for number, name in enumerate(CLASSES)],
    }


def coco(folder: Path) -> Sample:
    path = folder / "boxes.json"
    path.write_text(json.dumps(coco_dict()))
    return path, {}


def cvat(folder: Path) -> Sample:
    images = "".join(
        f'<image id="{number}" name="{key}.jpg" width="{w}" height="{h}">'
        + "".join(
            f'<box label="{label}" occluded="0" xtl="{c[0]}" ytl="{c[1]}" xbr="{c[2]}" ybr="{c[3]}"></box>'
            for image, label, c in BOXES
            if image == key
        )
        + "</image>"
        for number, (key, (w, h)) in enumerate(SIZES.items())
    )
    path = folder / "annotations.xml"
    path.write_text(f"<?xml version='1.0'?><annotations><version>1.1</version>{images}</annotations>")
    return path, {}


def yolo(folder: Path) -> Sample:
    labels = folder / "labels"
    labels.mkdir()
    for image, (width, height) in SIZES.items():
        lines = [
            f"{CLASSES.index(label)} {(x0 + x1) / 2 / width} {(y0 + y1) / 2 / height} "
            f"{(x1 - x0) / width} {(y1 - y0) / height}\n"
            for key, label, (x0, y0, x1, y1) in BOXES
            if key == image
        ]
        (labels / f"{image}.txt").write_text("".join(lines))
    (folder / "data.yaml").write_text("names: {0: cat, 1: dog}\n")
    return labels, {"sizes": sizes_csv(folder)}


def openimages(folder: Path) -> Sample:
    path = folder / "all-annotations-bbox.csv"
    lines = ["ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf\n"]
    for image, label, (x0, y0, x1, y1) in BOXES:
        width, height = SIZES[image]
        lines.append(f"{image},x,{label},1,{x0 / width},{x1 / width},{y0 / height},{y1 / height},0,0,0\n")
    path.write_text("".join(lines))
    return path, {"sizes": sizes_csv(folder)}


def kaggle(folder: Path) -> Sample:
    path = folder / "LOC_solution.csv"
    lines = ["ImageId,PredictionString\n"]
    for image in SIZES:
        words = [
            f"{label} {x0:.0f} {y0:.0f} {x1 - 1:.0f} {y1 - 1:.0f}"
            for key, label, (x0, y0, x1, y1) in BOXES
            if key == image
        ]
        lines.append(f"{image},{' '.join(words)}\n")
    path.write_text("".join(lines))
    return path, {"sizes": sizes_csv(folder)}


def table_frame() -> pl.DataFrame:
    columns = ("filename", "xmin", "ymin", "xmax", "ymax", "class", "width", "height")
    made = [(f"{image}.jpg", *corners, label, *SIZES[image]) for image, label, corners in BOXES]
    return pl.DataFrame([*made, ("c.jpg", None, None, None, None, None, *SIZES["c"])], schema=columns, orient="row")


def table(folder: Path) -> Sample:
    path = folder / "boxes.csv"
    table_frame().write_csv(path)
    return path, {}


def huggingface(folder: Path) -> Sample:
    import datasets

    features = datasets.Features(
        {
            "image_id": datasets.Value("string"),
            "width": datasets.Value("int32"),
            "height": datasets.Value("int32"),
            "objects": {
                "bbox": datasets.Sequence(datasets.Sequence(datasets.Value("float32"), length=4)),
                "category": datasets.Sequence(datasets.ClassLabel(names=list(CLASSES))),
            },
        }
    )
    made = []
    for image, (width, height) in SIZES.items():
        own = [(label, c) for key, label, c in BOXES if key == image]
        boxes = [[x0, y0, x1 - x0, y1 - y0] for _, (x0, y0, x1, y1) in own]
        objects = {"bbox": boxes, "category": [label for label, _ in own]}
        made.append({"image_id": image, "width": width, "height": height, "objects": objects})
    path = folder / "dataset"
    datasets.Dataset.from_list(made, features=features).save_to_disk(str(path))
    return path, {}


SAMPLES: dict[str, Callable[[Path], Sample]] = {
    "voc": voc,
    "cvat": cvat,
    "coco": coco,
    "yolo": yolo,
    "openimages": openimages,
    "kaggle": kaggle,
    "table": table,
    "huggingface": huggingface,
}
"""One builder a reader; the contract tests fail for a reader without one."""
BOXES_ONLY = frozenset({"openimages"})
"""Formats whose files say nothing of images without objects."""
