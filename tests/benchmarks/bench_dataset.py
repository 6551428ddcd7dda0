"""`dataset` as a whole process: the table of targets, one line each."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks import generate
from tests.benchmarks.measure import PYTHON, Run, median, ratio, record, rounds, row, run

ROUNDS = 5
ANALYZE = (PYTHON, "-m", "biasscope.analyze")
NUMBERS_ONLY = ("--no-html", "--no-leakage", "--quiet")
PANDAS_IDIOM = """
import json, sys
import numpy as np, pandas as pd
data = json.load(open(sys.argv[1]))
images = pd.DataFrame(data["images"]).set_index("id")
boxes = pd.DataFrame(data["annotations"])
xywh = np.array(boxes["bbox"].tolist())
size = images.loc[boxes["image_id"], ["width", "height"]].to_numpy()
boxes["u"] = xywh[:, 0] / (size[:, 0] - xywh[:, 2])
boxes["v"] = xywh[:, 1] / (size[:, 1] - xywh[:, 3])
for label, part in boxes.groupby("category_id"):
    counts, _, _ = np.histogram2d(part["v"], part["u"], bins=8, range=[[0, 1], [0, 1]])
    chi2 = ((counts - counts.sum() / 64) ** 2 / (counts.sum() / 64)).sum()
"""
PANDAS_TESTS = PANDAS_IDIOM.replace(
    "for label, part in boxes",
    """
from scipy import stats
size = size.astype(float)
boxes["cx"], boxes["cy"] = (xywh[:, :2] + xywh[:, 2:] / 2).T / size.T
boxes["scale"] = np.sqrt(xywh[:, 2] * xywh[:, 3] / size.prod(1))
bins, rest = np.geomspace(1 / 64, 1, 26), np.histogram(boxes["scale"], np.geomspace(1 / 64, 1, 26))[0]
for label, part in boxes.groupby("category_id"):
    for x, y in (("u", "v"), ("cx", "cy")):
        counts, _, _ = np.histogram2d(part[y], part[x], bins=8, range=[[0, 1], [0, 1]])
        stats.chisquare(counts.ravel())
    for axis in "uv":
        stats.cramervonmises(part[axis].dropna(), "uniform"), stats.ttest_1samp(part[axis].dropna(), 0.5)
    part["u"].var(), part["u"].corr(part["v"]), part["scale"].quantile([0.1, 0.5, 0.9])
    own = np.histogram(part["scale"], bins)[0]
    stats.chi2_contingency(np.stack([own, rest - own])[:, rest > 0])
for label, part in boxes""",
)
READ_FILES = """
import os, sys
for entry in os.scandir(sys.argv[1]):
    with open(entry.path, "rb") as file:
        file.read()
"""

FORGET = """
import os, sys
os.sync()
for entry in os.scandir(sys.argv[1]):
    descriptor = os.open(entry.path, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)
"""
"""Puts files out of memory, so that they come from the disk as those of a first run do."""


def main() -> None:
    """Measure and record every line; the inputs are made once in a temporary folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [help_row(), *coco_rows(folder), csv_row(folder), *voc_rows(folder), *real_rows(folder)]
        rows.append(parquet_row(folder))
    record("dataset", rows)


def dataset(path: Path, folder: Path, *options: str) -> list[str]:
    """Command line of one analysis."""
    return [*ANALYZE, "dataset", str(path), "--output", str(folder / "out"), *options]


def help_row() -> dict[str, object]:
    """`--help` starts fast."""
    return row("--help", rounds({"help": [*ANALYZE, "--help"]}, 7)["help"], cpu=0.3)


def coco_rows(folder: Path) -> list[dict[str, object]]:
    """COCO JSON with a million boxes: fast, bounded, and against the idiom that people write."""
    path = generate.coco(folder / "coco.json")
    runs = rounds(
        {
            "fast": dataset(path, folder, *NUMBERS_ONLY),
            "bounded": dataset(path, folder, *NUMBERS_ONLY, "--stream"),
            "pandas": [PYTHON, "-c", PANDAS_IDIOM, str(path)],
            "tests": [PYTHON, "-c", PANDAS_TESTS, str(path)],
        },
        ROUNDS,
    )
    return [
        row("COCO JSON, 1M boxes, 1000 classes", runs["fast"], cpu=3, peak_mb=700),
        row("the same, --stream", runs["bounded"], cpu=5, peak_mb=250),
        _peer("json + pandas, one chi-square a class", runs["pandas"], runs["fast"]),
        _peer("json + pandas + scipy, a good part of the tests and no intervals", runs["tests"], runs["fast"]),
    ]


def _peer(work: str, peer: list[Run], own: list[Run]) -> dict[str, object]:
    times = ratio(peer, own)
    return {**row(work, peer), "ratio": times, "ratio_target": 5, "met": times >= 5}


def csv_row(folder: Path) -> dict[str, object]:
    """CSV with a million rows."""
    path = generate.csv(folder / "boxes.csv")
    return row("CSV, 1M rows", rounds({"csv": dataset(path, folder, *NUMBERS_ONLY)}, ROUNDS)["csv"], cpu=1.5)


def voc_rows(folder: Path) -> list[dict[str, object]]:
    """50,000 VOC XML: against merely opening and reading them, from memory and from disk, and from the column cache."""
    trees, cache = generate.voc(folder / "voc"), {"XDG_CACHE_HOME": str(folder / "cache")}
    command, start_up = dataset(trees, folder, *NUMBERS_ONLY), dataset(generate.small(folder), folder, *NUMBERS_ONLY)
    run(command, environment=cache)
    first = [*command, "--no-cache"]
    read, forget = ([PYTHON, "-c", code, str(trees)] for code in (READ_FILES, FORGET))
    commands = {
        "first": first,
        "read": read,
        "second": command,
        "start-up": start_up,
        "forget": forget,
        "first from disk": first,
        "forget again": forget,
        "read from disk": read,
    }
    runs = rounds(commands, 3, environment=cache)
    start = median(runs["start-up"])
    second = row("50,000 VOC XML, second run, above start-up", _above(runs["second"], start), cpu=0.5)
    memory, disk = (_against_reading(runs, start, *about) for about in (("", "cpu"), (" from disk", "wall")))
    return [*memory, *disk, second, row("start-up: the same command on 100 boxes", runs["start-up"])]


def _against_reading(runs: Mapping[str, list[Run]], start: Run, where: str, figure: str) -> list[dict[str, object]]:
    """First run above start-up over merely reading: in CPU time from memory, in time on the clock from the disk."""
    first, read = _above(runs[f"first{where}"], start), runs[f"read{where}"]
    times = getattr(median(first), figure) / getattr(median(read), figure)
    made = row(f"50,000 VOC XML, first run{where}, above start-up", first)
    aim = {f"{figure}_ratio": times, "ratio_target": 1.6, "met": times <= 1.6}
    return [row(f"opening and reading 50,000 VOC XML{where}", read), {**made, **aim}]


def _above(runs: list[Run], start: Run) -> list[Run]:
    return [Run(item.cpu - start.cpu, item.wall - start.wall, item.peak_mb) for item in runs]


def real_rows(folder: Path) -> list[dict[str, object]]:
    """ImageNet's validation boxes to HTML, where they are at hand."""
    data = os.environ.get("BIASSCOPE_REAL_DATA")
    if not data:
        print("BIASSCOPE_REAL_DATA is not set: ImageNet validation boxes not measured", file=sys.stderr)
        return []
    path = Path(data) / "imagenet_val_boxes.parquet"
    command = dataset(path, folder, "--box-convention", "inclusive0", "--quiet")
    return [row("ImageNet validation boxes to HTML", rounds({"val": command}, 3)["val"], wall=15)]


def parquet_row(folder: Path) -> dict[str, object]:
    """50M boxes in Parquet, streaming."""
    boxes = 50_000_000
    path = generate.parquet(folder / "boxes.parquet", boxes)
    command = dataset(path, folder, *NUMBERS_ONLY, "--stream", "--per-image", "all")
    runs = rounds({"parquet": command}, 3)["parquet"]
    rate = boxes / median(runs).wall
    made = row("Parquet, 50M boxes, --stream", runs, peak_mb=1024)
    return {**made, "boxes_per_second": rate, "rate_target": 4e6, "met": bool(made["met"]) and rate >= 4e6}


if __name__ == "__main__":
    main()
