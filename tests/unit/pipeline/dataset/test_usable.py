"""What reaches the statistics: every usable box once, and samples that do not depend on how rows are cut."""

from pathlib import Path

import polars as pl
import pytest

from biasscope.boxes import read_boxes
from biasscope.core.errors import InputError
from biasscope.pipeline.dataset.embedded import embedded_boxes
from biasscope.pipeline.dataset.usable import Sample, Usable, integrity_of


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return embedded_boxes().boxes.collect()


def taken(frame: pl.DataFrame, *, seed: int, size: int) -> pl.DataFrame:
    """Sample of a frame that comes in one piece."""
    sample = Sample(seed=seed, size=size)
    assert len(list(sample.watch([frame]))) == 1
    return sample.frame()


@pytest.mark.parametrize("cut", [1, 7, 640, 5000])
def test_sample_does_not_depend_on_batches(frame: pl.DataFrame, cut: int) -> None:
    sample = Sample(seed=1, size=500)
    parts = [frame.slice(start, cut) for start in range(0, min(frame.height, 40 * cut), cut)]
    assert pl.concat(list(sample.watch(parts))).equals(pl.concat(parts))
    whole = taken(pl.concat(parts), seed=1, size=500)
    assert sample.frame().equals(whole)
    assert whole.height == min(500, sum(part.height for part in parts))


def test_sample_is_seeded_and_even(frame: pl.DataFrame) -> None:
    one, other = (taken(frame, seed=seed, size=2000)["row"] for seed in (1, 2))
    assert one.to_list() != other.to_list()
    assert abs(one.mean() - frame["row"].mean()) < 100  # type: ignore[operator]  # 3.4 standard errors


def test_rows_of_many_files_are_sampled_alike(frame: pl.DataFrame) -> None:
    """In one file an image every box is in row 1, 2, ...: the files still have the same chance."""
    row = taken(frame.with_columns(pl.lit(1, pl.Int64).alias("row"), x0=pl.col("row")), seed=1, size=500)["x0"]
    assert abs(row.mean() - 2500.5) < 4 * 5000 / (12 * 500) ** 0.5  # type: ignore[operator]
    assert row.n_unique() == 500


def test_small_frames_are_their_own_sample(frame: pl.DataFrame) -> None:
    assert taken(frame, seed=0, size=5000).equals(frame)
    assert Sample(seed=0).frame().height == 0


def test_unusable_boxes_stay_out_and_are_counted(frame: pl.DataFrame) -> None:
    table = embedded_boxes()
    spoiled = frame.with_columns(x1=pl.when(pl.col("row") == 3).then(1000.0).otherwise("x1"))
    usable = Usable(table.__class__(spoiled.lazy(), table.images, table.format, table.convention))
    assert usable.frame()["row"].to_list() == [row for row in range(1, 5001) if row != 3]
    assert usable.inspector.violations == 1


def test_a_column_of_labels_that_is_none_is_refused(frame: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("biasscope.pipeline.dataset.usable.MOST_CLASSES", 9)
    with pytest.raises(InputError, match=r"more than 9 classes.*--columns label"):
        Usable(embedded_boxes()).frame()
    monkeypatch.setattr("biasscope.pipeline.dataset.usable.MOST_CLASSES", 10)
    assert Usable(embedded_boxes()).frame().height == frame.height


def test_the_error_says_that_corners_may_be_widths(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    lines = "".join(f"{row},30,40,10,20,cat,100,80\n" for row in range(20))
    path.write_text(f"image,xmin,ymin,xmax,ymax,label,width,height\n{lines}")
    side = Usable(read_boxes(path))
    with pytest.raises(InputError, match=r"no usable box.*such as a corner with a width and height \(xywh\) instead"):
        integrity_of(side, side.frame(), ["x.csv"])
    assert Usable(read_boxes(path, box_convention="xywh")).frame().height == 20
