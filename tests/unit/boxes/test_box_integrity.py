"""The inspector against a loop over rows, in batches of any size."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biasscope.boxes import BOXES, IMAGES, BoxTable, Inspector, RowLog, inspect, read_boxes, usable_boxes
from biasscope.boxes.integrity.evidence import Evidence
from biasscope.boxes.integrity.keysets import Seen
from biasscope.boxes.integrity.problems import PROBLEMS

NUMBERS = st.sampled_from([0.0, -0.0, 1.0, 5.0, 10.0, 19.0, 20.0, 20.0005, 25.0, -3.0, 0.5, math.nan, math.inf, None])
ROWS = st.fixed_dictionaries(
    {
        "image_id": st.sampled_from(["a", "b", "c"]),
        "split": st.sampled_from(["train", None]),
        "label": st.sampled_from(["cat", "dog", None]),
        "x0": NUMBERS,
        "y0": NUMBERS,
        "x1": NUMBERS,
        "y1": NUMBERS,
        "image_width": st.sampled_from([20, 10, None]),
        "image_height": st.sampled_from([20, 25, None]),
        "crowd": st.sampled_from([False, False, True]),
    }
)


def frame_of(rows: list[dict[str, Any]]) -> pl.DataFrame:
    flags = dict.fromkeys(("crowd", "truncated", "occluded", "difficult"), False)
    whole = [{**flags, **row, "file": "x.csv", "row": number} for number, row in enumerate(rows, 1)]
    return pl.DataFrame(whole, schema=BOXES)


def table_of(frame: pl.DataFrame, log: RowLog | None = None) -> BoxTable:
    images = frame.select(IMAGES.names()).unique(("image_id", "split"), maintain_order=True)
    return BoxTable(frame.lazy(), images.lazy(), "test", "edges", log=log or RowLog())


def naive(rows: list[dict[str, Any]]) -> tuple[Counter[str], list[bool]]:  # noqa: C901 (a plain list of rules)
    """Judge row by row, in the words of the explanations."""
    counts: Counter[str] = Counter()
    usable, boxes, sizes = [], set(), {}
    for row in rows:
        found = set()
        corners = [math.nan if row[key] is None else row[key] for key in ("x0", "y0", "x1", "y1")]
        w, h = row["image_width"], row["image_height"]
        unknown = w is None or h is None
        finite = all(map(math.isfinite, corners))
        fraction = unknown and finite and max(map(abs, corners)) <= 2
        x0, y0, x1, y1 = corners

        def within(width: float, height: float, c: list[float] = corners, one: bool = fraction) -> bool:
            slack = 2e-6 if one else 1e-3
            return c[0] >= -slack and c[1] >= -slack and c[2] <= width + slack and c[3] <= height + slack

        if not finite:
            found.add("not_finite")
        elif x1 <= x0 or y1 <= y0:
            found.add("degenerate")
        elif not unknown or fraction:
            width, height = (1, 1) if fraction else (w, h)
            if not within(width, height):
                found.add("swapped" if width != height and within(height, width) else "outside")
        if unknown:
            found.add("fraction" if fraction else "unknown_size")
        image = (row["image_id"], row["split"])
        known = sizes.setdefault(image, {(w, h)}) if not unknown else {(w, h)}
        if (w, h) not in known:
            found.add("size_conflict")
            known.add((w, h))
        if row["label"] is None:
            found.add("unlabelled")
        if row["crowd"]:
            found.add("crowd")
        key = (image, row["label"], *corners, any(not PROBLEMS[code].used for code in found))
        if finite and key in boxes:
            found.add("duplicate")
        boxes.add(key)
        counts.update(found)
        usable.append(not any(not PROBLEMS[code].used for code in found))
    return counts, usable


@settings(deadline=None, max_examples=200)
@given(st.lists(ROWS, min_size=1, max_size=40), st.integers(1, 40))
def test_every_problem_against_a_loop(rows: list[dict[str, Any]], size: int) -> None:
    frame, inspector = frame_of(rows), Inspector()
    masks = [inspector.check(frame.slice(start, size)) for start in range(0, frame.height, size)]
    counts, usable = naive(rows)
    assert np.concatenate(masks).tolist() == usable
    assert {code: count for code, count in inspector.counts.items() if count} == dict(counts)
    result = inspector.result(table_of(frame))
    assert result.scalar("boxes").value == len(rows)
    assert result.scalar("excluded").value == usable.count(False)
    assert result.scalar("classes").value == len({row["label"] for row in rows} - {None})
    assert result.scalar("images").value == len({(row["image_id"], row["split"]) for row in rows})


def good(number: int) -> dict[str, Any]:
    row = {"image_id": f"i{number}", "split": "train", "label": "cat", "image_width": 50, "image_height": 40}
    return {**row, "x0": 1.0, "y0": 1.0, "x1": 9.0, "y1": 9.0, "crowd": False}


def test_counts_are_complete_and_lists_are_not() -> None:
    rows = [{**good(number), "x1": 60.0} for number in range(2500)]
    log = RowLog()
    for number in range(1200):
        log.add("why", f"x:{number}")
    result = inspect(table_of(frame_of(rows), log))
    codes = Counter(result.table("rows")["code"])
    assert codes == {"outside": 1000, "unreadable": 1000}
    problems = dict(zip(result.table("problems")["code"], result.table("problems")["count"], strict=True))
    assert (problems["outside"], problems["unreadable"]) == (2500, 1200)
    assert result.table("rows")["where"][-1] == "x.csv:1000"
    assert "2,500 of 2,500 boxes are left out of the statistics; found: unreadable rows (1,200), " in result.finding


def test_violations_leave_crowds_out() -> None:
    inspector = Inspector()
    inspector.check(frame_of([{**good(1), "crowd": True}, {**good(2), "label": None}]))
    assert inspector.violations == 1


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("other", [{"image_width": None}, {"crowd": True}, {"image_width": 5, "image_height": 5}])
def test_a_copy_that_is_left_out_takes_no_other_with_it(other: dict[str, Any], size: int) -> None:
    """In any order the first one stays that nothing else is wrong with: two of three copies are left out."""
    copies = [good(1) | other, good(1), good(1)]
    for rows in (copies, copies[::-1], [copies[1], copies[0], copies[2]]):
        frame, inspector = frame_of(rows), Inspector()
        kept = [inspector.check(frame.slice(start, size)) for start in range(0, frame.height, size)]
        assert np.flatnonzero(np.concatenate(kept)).tolist() == [rows.index(good(1))]
        assert (inspector.excluded, inspector.counts["duplicate"]) == (2, 1)


@given(st.lists(ROWS, min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_counts_do_not_depend_on_the_order_of_rows(rows: list[dict[str, Any]], chance: Any) -> None:
    first, second = Inspector(), Inspector()
    first.check(frame_of(rows))
    second.check(frame_of(chance.sample(rows, len(rows))))
    assert first.excluded == second.excluded
    assert +first.counts == +second.counts


@pytest.mark.parametrize("stream", [False, True])
def test_boxes_that_one_of_two_files_gives_without_sizes(tmp_path: Path, stream: bool) -> None:
    header, box = "image,xmin,ymin,xmax,ymax,label,width,height\n", "{},1,2,30,40,cat,{}\n"
    for name, sides in (("a", ","), ("b", "100,80")):
        (tmp_path / f"{name}.csv").write_text(header + "".join(box.format(image, sides) for image in range(50)))
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for order in (paths, paths[::-1]):
        table = read_boxes(*order, stream=stream)
        assert inspect(table).scalar("excluded").value == 50
        assert usable_boxes(table)["image_width"].to_list() == [100] * 50


def test_a_shuffled_dataset_has_the_same_copies() -> None:
    rng = np.random.default_rng(0)
    rows = [{**good(number % 3000), "x0": float(number % 7)} for number in range(9000)]
    frame = frame_of([rows[place] for place in rng.permutation(len(rows)).tolist()])
    inspector = Inspector()
    for start in range(0, frame.height, 1100):
        inspector.check(frame.slice(start, 1100))
    distinct = frame.select("image_id", "x0").n_unique()
    assert inspector.counts["duplicate"] == frame.height - distinct


@given(st.lists(st.lists(st.integers(0, 50), max_size=30), max_size=8), st.integers(0, 3))
def test_seen_is_a_set(parts: list[list[int]], shift: int) -> None:
    seen, known = Seen(), set()
    for part in parts:
        keys = np.array(sorted(set(part)), np.uint64)
        assert seen.has(keys, np.uint64(shift)).tolist() == [int(key) >> shift in known for key in keys]
        seen.add(keys)
        known |= {int(key) >> shift for key in keys}


@pytest.mark.parametrize("shift", [0, 12])
def test_seen_is_a_set_of_many_hashes(shift: int) -> None:
    """Enough keys at a time for the bitmap, which has to grow on the way."""
    rng, seen, known = np.random.default_rng(0), Seen(), np.zeros(0, np.uint64)
    for _ in range(12):
        new = np.unique(rng.integers(0, 1 << 63, 6000).astype(np.uint64) << np.uint64(1))
        met = rng.choice(known, 500) ^ np.uint64((1 << shift) - 1) if known.size else known
        asked = rng.permutation(np.concatenate([new, met]))
        expected = np.isin(asked >> np.uint64(shift), known >> np.uint64(shift))
        assert seen.has(asked, np.uint64(shift)).tolist() == expected.tolist()
        seen.add(new)
        known = np.concatenate([known, new])


@pytest.mark.parametrize(
    ("raw_first", "raw_last", "read_as", "note"),
    [
        (1, 0, "edges", "inclusive1"),
        (1, 0, "inclusive0", "inclusive1"),
        (1, 0, "inclusive1", None),
        (0, -1, "edges", "inclusive0"),
        (0, -1, "xywh", "inclusive0"),
        (0, -1, "inclusive0", None),
        (0, -1, "inclusive1", "inclusive0"),
        (0, 0, "edges", None),
        (0, 0, "fraction", None),
        (0, 0, "inclusive0", "edges"),
        (0, 0, "inclusive1", "edges"),
    ],
)
def test_evidence_for_another_convention(raw_first: int, raw_last: int, read_as: str, note: str | None) -> None:
    """Boxes at random, many of them touching the frame, written in one convention and read in another."""
    rng = np.random.default_rng(1)
    x0 = np.where(rng.random(2000) < 0.1, 0, rng.integers(0, 40, 2000)).astype(float)
    x1 = np.where(rng.random(2000) < 0.1, 100, rng.integers(50, 101, 2000)).astype(float)
    first, last = {"inclusive0": (0, 1), "inclusive1": (-1, 0)}.get(read_as, (0, 0))
    evidence = Evidence()
    evidence.add(x0 + raw_first + first, x1 + raw_last + last, np.full(2000, 100.0))
    text = evidence.note(read_as)
    assert text is None if note is None else f"--box-convention {note}" in str(text)


@pytest.mark.parametrize(
    ("first", "last", "now"), [(0, 99, "inclusive1"), (0, 100, "inclusive1"), (1, 100, "inclusive0")]
)
@pytest.mark.parametrize("sloppy", [False, True])
def test_a_pixel_outside_is_evidence_although_others_touch_the_frame(
    first: int, last: int, now: str, sloppy: bool
) -> None:
    """As many are one pixel inside; unless boxes lie outside by any number of pixels."""
    rng = np.random.default_rng(1)
    x0 = np.where(rng.random(2000) < 0.1, first, rng.integers(first, first + 4, 2000)).astype(float)
    x1 = np.where(rng.random(2000) < 0.1, last, rng.integers(last - 3, last + 1, 2000)).astype(float)
    if sloppy:
        x0, x1 = x0 - rng.integers(0, 9, 2000), x1 + rng.integers(0, 9, 2000)
    evidence = Evidence()
    evidence.add(x0 - (now == "inclusive1"), x1 + (now == "inclusive0"), np.full(2000, 100.0))
    assert (evidence.note(now) is None) == sloppy


@pytest.mark.parametrize(("first", "last", "now"), [(0, 90, "inclusive1"), (40, 100, "inclusive0")])
def test_slips_of_a_pixel_are_no_evidence_where_more_touch_the_frame(first: int, last: int, now: str) -> None:
    """Of boxes that are read rightly 2 % lie one pixel outside, and no other lies further outside."""
    rng = np.random.default_rng(1)
    begin = float(now == "inclusive1")
    x0, x1 = rng.integers(20, 40, 1000).astype(float), rng.integers(50, 80, 1000).astype(float)
    x0[:200], x1[-200:] = begin, 99 + begin
    x0[:20], x1[-20:] = (first, x1[-20:]) if now == "inclusive1" else (x0[:20], last)
    evidence = Evidence()
    evidence.add(x0 - (now == "inclusive1"), x1 + (now == "inclusive0"), np.full(1000, 100.0))
    assert evidence.note(now) is None


def test_no_evidence_from_few_or_from_decimals() -> None:
    few, decimals = Evidence(), Evidence()
    few.add(np.ones(50), np.full(50, 100.0), np.full(50, 100.0))
    decimals.add(np.full(500, 1.0), np.full(500, 99.37), np.full(500, 100.0))
    assert few.note("edges") is None
    assert decimals.note("edges") is None


@pytest.mark.parametrize(
    ("rows", "finding"),
    [
        ([good(1)], "The one box can be used: no problem was found."),
        ([good(1), good(2)], "All 2 boxes can be used: no problem was found."),
        (
            [good(1), {**good(2), "x1": 60.0}],
            "1 of 2 boxes is left out of the statistics; found: boxes outside the frame (1).",
        ),
        (
            [good(1), {**good(1), "x0": 2.0, "image_width": 51}],
            "All 2 boxes can be used; found: different sizes for one image (1).",
        ),
    ],
)
def test_findings_count_in_words(rows: list[dict[str, Any]], finding: str) -> None:
    assert inspect(table_of(frame_of(rows))).finding == finding


@pytest.mark.parametrize(
    ("format", "code"),
    [("table", "fraction"), ("openimages", "fraction"), ("kaggle, table", "fraction"), ("huggingface", "fraction")]
    + [(name, "unknown_size") for name in ("voc", "coco", "kaggle", "cvat", "voc, coco")],
)
def test_small_boxes_of_formats_in_pixels_are_no_fractions(format: str, code: str) -> None:  # noqa: A002
    small = {**good(1), "x0": 0.0, "y0": 0.0, "x1": 1.0, "y1": 1.0, "image_width": None, "image_height": None}
    found = inspect(replace(table_of(frame_of([small])), format=format))
    assert found.table("rows")["code"] == [code]


@pytest.mark.parametrize("turned", [False, True])
def test_each_of_several_paths_knows_whether_its_boxes_are_in_pixels(tmp_path: Path, turned: bool) -> None:
    """Two by one pixels in an image of unknown size are no fractions, though those of the table beside them are."""
    box = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 2, 1]}
    listed = {"images": [{"id": 1, "file_name": "a.jpg"}], "categories": [{"id": 1, "name": "cat"}]}
    (tmp_path / "x.json").write_text(json.dumps({**listed, "annotations": [box]}))
    (tmp_path / "x.csv").write_text("image,xmin,ymin,xmax,ymax,label\nb,0,0,0.5,0.5,cat\nc,0.1,0.1,0.5,0.5,dog\n")
    paths = [tmp_path / "x.json", tmp_path / "x.csv"]
    table = read_boxes(*(paths[::-1] if turned else paths))
    found = inspect(table)
    coded = dict(zip(found.table("rows")["image_id"], found.table("rows")["code"], strict=True))
    assert coded == {"a": "unknown_size", "b": "fraction", "c": "fraction"}
    assert usable_boxes(table)["image_id"].to_list() == ["b", "c"]
    assert sorted(pl.concat(table.batches())["image_id"]) == ["a", "b", "c"]
    assert read_boxes(paths[1], paths[1]).parts == ()


@pytest.mark.parametrize("side", [2.0, 640.0])
def test_fractions_that_were_read_as_pixels(side: float) -> None:
    x0 = np.random.default_rng(1).uniform(0, 0.5, 60)
    evidence = Evidence()
    evidence.add(x0, x0 + 0.5, np.full(60, side))
    assert ("--box-convention fraction" in str(evidence.note("edges"))) == (side > 2)
    evidence.add(x0 * side, x0 * side + 40, np.full(60, side))
    assert evidence.note("edges") is None


@pytest.mark.parametrize(("wrong", "doubted"), [(9, False), (19, False), (20, True), (100, True)])
def test_many_impossible_boxes_cast_doubt_on_the_convention(wrong: int, doubted: bool) -> None:
    """Corners that are read as a width and height reach beyond the image."""
    inspector = Inspector()
    inspector.check(frame_of([{**good(place), "x1": 60.0 if place < wrong else 9.0} for place in range(100)]))
    note = inspector.doubt(table_of(frame_of([good(1)])))
    assert (note is not None) == doubted
    assert not doubted or f"{wrong} of 100 boxes reach beyond their image" in str(note)


@pytest.mark.parametrize(
    ("convention", "said"), [("auto", "instead of a corner with a width"), ("edges", "corners, or a centre")]
)
def test_no_option_is_advised_that_changes_nothing(tmp_path: Path, convention: str, said: str) -> None:
    """COCO JSON of two corners a box: its layout is that of COCO whatever is said of its corners."""
    listed = {"images": [{"id": 1, "file_name": "a.jpg", "width": 60, "height": 60}], "categories": [{"id": 1}]}
    boxes = [{"image_id": 1, "category_id": 1, "bbox": [20 + x, 30, 40 + x, 50]} for x in range(20)]
    (tmp_path / "x.json").write_text(json.dumps({**listed, "annotations": boxes}))
    note = inspect(read_boxes(tmp_path / "x.json", box_convention=convention)).notes[-1]
    assert said in note
    assert "write them anew" in note
    assert "say --box-convention" not in note


@pytest.mark.parametrize(
    ("last", "share", "said"),
    [
        (99, 2, "say --box-convention inclusive0"),
        (100, 2, "say --box-convention edges"),
        (60, 2, "say --box-convention inclusive0 if they end with"),
        (60.5, 9, "say --box-convention inclusive0 if they end with"),
    ],
)
def test_a_pixel_aside_is_told_of_however_many_boxes_it_puts_outside(
    tmp_path: Path, last: float, share: int, said: str
) -> None:
    """VOC files of tools that count from 0, many or few of whose boxes touch the frame."""
    for place in range(120):
        corners = (10 + place % 7, 10, 60, 50) if place % share else (0, 10, last, 50)
        names = ("xmin", "ymin", "xmax", "ymax")
        box = "".join(f"<{name}>{value}</{name}>" for name, value in zip(names, corners, strict=True))
        size = "<size><width>100</width><height>80</height></size>"
        text = f"<annotation>{size}<object><name>cat</name><bndbox>{box}</bndbox></object></annotation>"
        (tmp_path / f"{place}.xml").write_text(text)
    found = inspect(read_boxes(tmp_path))
    assert found.table("problems")["count"][list(PROBLEMS).index("outside")] == -(-120 // share)
    assert said in found.notes[-1]


def test_pixels_in_a_format_of_fractions_need_no_sizes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("".join(f"0 {x} 40 20 20\n" for x in range(30, 50)))
    found = inspect(read_boxes(tmp_path))
    assert "give --images" not in found.finding
    assert "20 of 20 boxes" in found.notes[-1]
    assert "pixels instead of shares of the image" in found.notes[-1]


@pytest.mark.parametrize(
    ("reach", "side", "told"), [(100, 640, True), (100, 150, False), (640, 640, False), (45, 640, False)]
)
def test_per_cent_that_were_read_as_pixels(tmp_path: Path, reach: float, side: int, told: bool) -> None:
    rng = np.random.default_rng(1)
    first, last = rng.uniform(0, 0.4, (50, 2)) * reach, rng.uniform(0.5, 1, (50, 2)) * reach
    rows = [[f"{x}", *a, *b, "cat", side, side] for x, (a, b) in enumerate(zip(first, last, strict=True))]
    lines = [",".join(map(str, row)) for row in rows]
    (tmp_path / "x.csv").write_text("\n".join(["image,xmin,ymin,xmax,ymax,label,width,height", *lines]))
    assert ("as per cent of the image" in str(inspect(read_boxes(tmp_path / "x.csv")).notes)) == told


def test_a_list_in_shares_is_two_corners_and_the_advice_says_so(tmp_path: Path) -> None:
    """As FiftyOne has its boxes: left, top, width and height in shares of the image."""
    lines = [f'{x},cat,"[0.4, 0.5, 0.2, 0.3]",100,100' for x in range(30)]
    (tmp_path / "x.csv").write_text("\n".join(["image,label,bounding_box,width,height", *lines]))
    for options in ({}, {"box_convention": "fraction"}):
        notes = inspect(read_boxes(tmp_path / "x.csv", **options)).notes
        assert "write left, top, width and height as columns x, y, w, h" in notes[-1]
    lines = [f"{x},cat,0.4,0.5,0.2,0.3,100,100" for x in range(30)]
    (tmp_path / "y.csv").write_text("\n".join(["image,label,x,y,w,h,width,height", *lines]))
    found = read_boxes(tmp_path / "y.csv", box_convention="fraction").boxes.collect()
    assert found.select("x0", "y0", "x1", "y1").row(0) == pytest.approx((40, 50, 60, 80))


def counted(*paths: Path, **options: Any) -> tuple[float | None, float | None]:
    """Images, and those of them without objects."""
    found = inspect(read_boxes(*paths, **options))
    images, without = (found.scalar(name).value for name in ("images", "images_without_objects"))
    return images, without


@pytest.mark.parametrize("options", [{}, {"stream": True}, {"images": True}])
def test_an_image_with_a_box_and_a_row_without_objects_is_one_image(tmp_path: Path, options: dict[str, Any]) -> None:
    header, boxes = "image,xmin,ymin,xmax,ymax,label,width,height\n", "a,0,0,9,9,cat,20,10\nb,0,0,9,9,cat,,\n"
    path, other = tmp_path / "x.csv", tmp_path / "y.csv"
    path.write_text(f"{header}{boxes}a,,,,,,20,10\na,,,,,,20,10\nb,,,,,,,\nc,,,,,,20,10\n")
    other.write_text(f"{header}c,0,0,9,9,dog,20,10\nd,,,,,,20,10\n")
    options = options | ({"images": tmp_path} if "images" in options else {})
    assert counted(path, **options) == (3, 1)  # a and b have boxes, c has none
    assert counted(path, other, **options) == (4, 1)  # c has a box in the other file, d none


def test_an_image_that_another_path_lists_without_objects(tmp_path: Path) -> None:
    listed = {"images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "b.jpg"}], "categories": []}
    (tmp_path / "x.json").write_text(json.dumps(listed | {"annotations": []}))
    (tmp_path / "y.csv").write_text("image,xmin,ymin,xmax,ymax,label,width,height\na.jpg,0,0,9,9,cat,20,10\n")
    assert counted(tmp_path / "x.json", tmp_path / "y.csv") == (2, 1)
