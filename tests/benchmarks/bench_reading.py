"""Reading alone, whole processes: COCO JSON, CSV, VOC XML and Parquet, against the idioms people write."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.benchmarks import generate
from tests.benchmarks.measure import PYTHON, ratio, record, rounds, row, run

ROUNDS = 5
READ = """
import sys
from biasscope.boxes import read_boxes
table = read_boxes(sys.argv[1], stream="stream" in sys.argv, cache="cached" in sys.argv)
count = sum(batch.height for batch in table.batches())
"""
INSPECT = """
import sys
from biasscope.boxes import inspect, read_boxes
inspect(read_boxes(sys.argv[1], stream="stream" in sys.argv, cache="cached" in sys.argv))
"""
JSON_PANDAS = """
import json, sys
import numpy as np, pandas as pd
data = json.load(open(sys.argv[1]))
images = pd.DataFrame(data["images"]).set_index("id")
boxes = pd.DataFrame(data["annotations"])
xywh = np.array(boxes["bbox"].tolist())
size = images.loc[boxes["image_id"], ["width", "height"]].to_numpy()
"""
PANDAS_CSV = "import sys, pandas as pd; pd.read_csv(sys.argv[1])"
READ_FILES = """
import os, sys
for entry in os.scandir(sys.argv[1]):
    with open(entry.path, "rb") as file:
        file.read()
"""
PARQUET_BOXES = 20_000_000


def command(code: str, path: Path, *words: str) -> list[str]:
    """Return the command line of one child."""
    return [PYTHON, "-c", code, str(path), *words]


def main() -> None:
    """Measure and record every line."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [*coco_rows(folder), *csv_rows(folder), *voc_rows(folder), *parquet_rows(folder)]
    print(record("reading", rows), file=sys.stderr)


def coco_rows(folder: Path) -> list[dict[str, object]]:
    """COCO JSON with a million boxes."""
    path = generate.coco(folder / "coco.json")
    runs = rounds(
        {
            "whole": command(READ, path),
            "stream": command(READ, path, "stream"),
            "inspected": command(INSPECT, path),
            "json + pandas": command(JSON_PANDAS, path),
        },
        ROUNDS,
    )
    return [
        row("COCO JSON, 1M boxes, to frames", runs["whole"], cpu=1.2, peak_mb=450),
        row("the same, streaming", runs["stream"], cpu=2.0, peak_mb=130),
        row("the same, whole, with integrity", runs["inspected"]),
        {**row("json + pandas", runs["json + pandas"]), "times": ratio(runs["json + pandas"], runs["whole"])},
    ]


def csv_rows(folder: Path) -> list[dict[str, object]]:
    """CSV with a million rows."""
    path = generate.csv(folder / "boxes.csv")
    runs = rounds(
        {"read": command(READ, path), "inspected": command(INSPECT, path), "pandas": command(PANDAS_CSV, path)}, ROUNDS
    )
    return [
        row("CSV, 1M rows, to frames", runs["read"]),
        row("the same, with integrity", runs["inspected"]),
        {**row("pandas.read_csv", runs["pandas"]), "times": ratio(runs["pandas"], runs["read"])},
    ]


def voc_rows(folder: Path) -> list[dict[str, object]]:
    """50,000 VOC XML: parsed, from the column cache, and merely opened and read."""
    trees, environment = generate.voc(folder / "voc"), {"XDG_CACHE_HOME": str(folder / "cache")}
    run(command(READ, trees, "cached"), environment=environment)
    runs = rounds(
        {
            "first": command(READ, trees),
            "second": command(READ, trees, "cached"),
            "open and read": command(READ_FILES, trees),
            "start-up": command(READ, generate.small(folder)),
        },
        ROUNDS,
        environment=environment,
    )
    times = ratio(runs["first"], runs["open and read"])
    return [
        row("opening and reading 50,000 VOC XML", runs["open and read"]),
        {**row("50,000 VOC XML, first run", runs["first"]), "ratio": times, "ratio_target": 1.6},
        row("50,000 VOC XML, second run", runs["second"]),
        row("start-up: 100 boxes of CSV", runs["start-up"]),
    ]


def parquet_rows(folder: Path) -> list[dict[str, object]]:
    """Parquet, streaming."""
    path = generate.parquet(folder / "boxes.parquet", PARQUET_BOXES)
    runs = rounds({"read": command(READ, path, "stream"), "inspected": command(INSPECT, path, "stream")}, 3)
    return [
        {**row(f"Parquet, {PARQUET_BOXES} boxes, {name}", made), "boxes_per_second": PARQUET_BOXES / made[0].wall}
        for name, made in runs.items()
    ]


if __name__ == "__main__":
    main()
