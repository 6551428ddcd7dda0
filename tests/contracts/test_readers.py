"""Promises that every reader keeps, run over the registry."""

from __future__ import annotations

import random
import re
from pathlib import Path

import polars as pl
import pytest

from biasscope.boxes import BOXES, IMAGES, READERS, BoxTable, inspect, read_boxes
from biasscope.boxes.convention import CONVENTIONS, from_edges
from biasscope.core.errors import InputError, UsageError
from tests.unit.boxes.box_samples import BOXES_ONLY, SAMPLES, SIZES, Sample, expected, rows

SHIFTED = {"inclusive0": (0, 1), "inclusive1": (-1, 0)}


@pytest.fixture(params=list(READERS))
def reader(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sample(reader: str, tmp_path: Path) -> Sample:
    return SAMPLES[reader](tmp_path)


def test_facts(reader: str) -> None:
    facts = READERS[reader].facts
    assert facts["title"]
    assert facts["convention"] in CONVENTIONS
    assert (facts["pixels"], facts["convention"]) != (True, "fraction")
    assert all(suffix.startswith(".") for suffix in facts["suffixes"])


def test_the_help_of_the_command_names_it(reader: str) -> None:
    from biasscope.commands.dataset import dataset

    assert re.search(rf"unless named:[^.]*\b{reader}\b", str(dataset.__doc__))


def test_the_right_reader_is_found(reader: str, sample: Sample) -> None:
    path, options = sample
    assert read_boxes(path, **options).format == reader


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_boxes_and_schema(reader: str, sample: Sample, stream: bool) -> None:
    path, options = sample
    table = read_boxes(path, format=reader, stream=stream, **options)
    assert table.boxes.match_to_schema(BOXES).collect_schema() == BOXES
    assert table.images.match_to_schema(IMAGES).collect_schema() == IMAGES
    frame = table.boxes.collect()
    assert frame.schema == BOXES
    assert rows(frame) == expected()
    assert frame.select(pl.col("crowd", "truncated", "occluded", "difficult").any()).row(0) == (False,) * 4
    assert {row[:3] for row in frame.select("image_id", "image_width", "image_height").rows()} == {
        ("a", 100, 80),
        ("b", 50, 40),
    }
    assert frame["row"].min() >= 1
    assert frame["file"].null_count() == 0
    assert not table.log.counts
    assert len(table.files) >= 1
    assert all(file.exists() for file in table.files)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_images(reader: str, sample: Sample, stream: bool) -> None:
    path, options = sample
    table = read_boxes(path, stream=stream, **options)
    wanted = {(key, *size) for key, size in SIZES.items() if key != "c" or reader not in BOXES_ONLY}
    images = table.images.collect()
    assert set(images.select("image_id", "image_width", "image_height").rows()) == wanted
    assert images.height == len(wanted)
    result = inspect(table)
    assert result.scalar("images").value == len(wanted)
    assert result.scalar("images_without_objects").value == len(wanted) - 2
    assert result.scalar("excluded").value == 0


def test_batches_are_the_boxes_and_can_be_read_again(reader: str, sample: Sample) -> None:
    path, options = sample
    table = read_boxes(path, stream=True, **options)
    for _ in range(2):
        assert rows(pl.concat(list(table.batches(2)))) == expected()


def test_projection_filter_and_head_of_the_lazy_frame(reader: str, sample: Sample) -> None:
    path, options = sample
    boxes = read_boxes(path, stream=True, **options).boxes
    right = boxes.filter(pl.col("image_id") == "a").select("x1").collect()["x1"]
    assert right.sort().to_list() == pytest.approx([30.0, 100.0])
    assert boxes.head(1).collect().height == 1
    assert boxes.select("label").collect()["label"].n_unique() == 2


@pytest.mark.parametrize("name", list(SHIFTED))
def test_a_named_convention_overrides_the_default(reader: str, sample: Sample, name: str) -> None:
    path, options = sample
    usual = read_boxes(path, **options).boxes.collect()
    named = read_boxes(path, box_convention=name, **options).boxes.collect()
    edges = [usual[key] for key in ("x0", "y0", "x1", "y1")]
    raw = from_edges(*edges, str(READERS[reader].facts["convention"]))
    if reader == "huggingface":  # there the convention says how the four numbers x, y, width, height are laid out
        raw = (edges[0], edges[1], edges[2] - edges[0], edges[3] - edges[1])
    first, last = SHIFTED[name]
    for key, column, offset in zip(("x0", "y0", "x1", "y1"), raw, (first, first, last, last), strict=True):
        assert (named[key] - column - offset).abs().max() == pytest.approx(0, abs=1e-9)


def test_unknown_convention(sample: Sample) -> None:
    with pytest.raises(UsageError, match="inclusive1"):
        read_boxes(sample[0], box_convention="voc", **sample[1])


def test_a_named_split(sample: Sample) -> None:
    path, options = sample
    frame = read_boxes(path, split="mine", **options).boxes.collect()
    assert frame["split"].cast(pl.String).unique().to_list() == ["mine"]


def files_of(sample: Sample) -> list[Path]:
    path = sample[0]
    return [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())


def outcome(path: Path, reader: str, options: dict[str, object]) -> str:
    """Read and inspect: an input error, or a table that conforms."""
    try:
        table: BoxTable = read_boxes(path, format=reader, cache=False, **options)  # type: ignore[arg-type]
        frame = pl.concat([pl.DataFrame(schema=BOXES), *table.batches()])
        result = inspect(table)
    except InputError:
        return "error"
    assert frame.schema == BOXES
    assert result.scalar("boxes").value == frame.height
    return "table"


def test_no_input_ends_in_another_error(reader: str, sample: Sample) -> None:
    """Cut, overwritten and swapped bytes anywhere: a listed row or an input error, whatever happens."""
    path, options = sample
    rng = random.Random(reader)  # noqa: S311 (damage, not a secret)
    outcomes = set()
    for target in files_of(sample)[:4]:
        good = target.read_bytes()
        for _ in range(25):
            bad = bytearray(good)
            place = rng.randrange(len(bad)) if bad else 0
            match rng.randrange(4):
                case 0:
                    bad = bad[:place]
                case 1 if bad:
                    bad[place] = rng.randrange(256)
                case 2:
                    bad[place : place + 3] = b"\xff\xfe\0"
                case _:
                    bad[place:place] = rng.choice([b"NaN", b"1e999", b'"', b"<", b"}", b"]", b",", b"\n", b"-", b"\0"])
            target.write_bytes(bytes(bad))
            outcomes.add(outcome(path, reader, options))
        target.write_bytes(good)
    assert outcomes <= {"error", "table"}
    assert outcome(path, reader, options) == "table"


@pytest.mark.parametrize("content", [b"", b"\xff\xfeh\0i\0", b"\0" * 100, b"{", b"<", b"[[[["])
def test_files_of_another_sort(reader: str, sample: Sample, content: bytes) -> None:
    path, options = sample
    for target in files_of(sample):
        target.write_bytes(content)
    if outcome(path, reader, options) == "table":
        assert read_boxes(path, format=reader, cache=False, **options).boxes.collect().height == 0


def test_markup_in_names_is_plain_text(reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A class may be called anything; it is passed on as it is."""
    name = "<script>alert(1)</script>"
    written = "&lt;script&gt;alert(1)&lt;/script&gt;" if reader in ("voc", "cvat") else name
    monkeypatch.setattr("tests.unit.boxes.box_samples.CLASSES", (written, "dog"))
    monkeypatch.setattr(
        "tests.unit.boxes.box_samples.BOXES",
        (("a", written, (10.0, 20.0, 30.0, 60.0)), ("b", "dog", (5.0, 4.0, 25.0, 20.0))),
    )
    path, options = SAMPLES[reader](tmp_path)
    if reader == "yolo":
        (tmp_path / "data.yaml").write_text(f"names: {{0: '{name}', 1: dog}}\n")
    labels = read_boxes(path, format=reader, **options).boxes.collect()["label"].cast(pl.String)
    assert sorted(labels.to_list()) == [name, "dog"]
