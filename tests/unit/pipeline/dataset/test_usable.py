"""What reaches the statistics: every usable box once, and samples that do not depend on how rows are cut."""

import polars as pl
import pytest

from biasscope.pipeline.dataset.embedded import embedded_boxes
from biasscope.pipeline.dataset.usable import Sample, Usable


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return embedded_boxes().boxes.collect()


@pytest.mark.parametrize("cut", [1, 7, 640, 5000])
def test_sample_does_not_depend_on_batches(frame: pl.DataFrame, cut: int) -> None:
    sample = Sample(seed=1, size=500)
    parts = [frame.slice(start, cut) for start in range(0, min(frame.height, 40 * cut), cut)]
    assert pl.concat(list(sample.watch(parts))).equals(pl.concat(parts))
    whole = Sample(seed=1, size=500).of(pl.concat(parts))
    assert sample.frame().equals(whole)
    assert whole.height == min(500, sum(part.height for part in parts))


def test_sample_is_seeded_and_even(frame: pl.DataFrame) -> None:
    one, other = (Sample(seed=seed, size=2000).of(frame)["row"] for seed in (1, 2))
    assert one.to_list() != other.to_list()
    assert abs(one.mean() - frame["row"].mean()) < 100  # type: ignore[operator]  # 3.4 standard errors


def test_small_frames_are_their_own_sample(frame: pl.DataFrame) -> None:
    assert Sample(seed=0).of(frame) is frame
    assert Sample(seed=0).frame().height == 0


def test_unusable_boxes_stay_out_and_are_counted(frame: pl.DataFrame) -> None:
    table = embedded_boxes()
    spoiled = frame.with_columns(x1=pl.when(pl.col("row") == 3).then(1000.0).otherwise("x1"))
    usable = Usable(table.__class__(spoiled.lazy(), table.images, table.format, table.convention))
    assert usable.frame()["row"].to_list() == [row for row in range(1, 5001) if row != 3]
    assert usable.inspector.violations == 1
