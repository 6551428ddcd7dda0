"""Frames that are given to the statistics: other types of ids and labels, missing columns, other libraries."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from biasscope.bias import count_boxes
from biasscope.bias.compare import compare, splits
from biasscope.bias.leakage import leakage
from biasscope.bias.position import position
from biasscope.bias.repair import repair
from biasscope.boxes import read_boxes
from biasscope.core.errors import InputError
from tests.box_scenes import scene

BOXES = scene(2, 40, seed=1)
WITH_SPLIT = BOXES.with_columns(split=pl.Series(["train", "val"] * (BOXES.height // 2)))
USES: dict[str, Callable[[pl.DataFrame], object]] = {
    "position": lambda frame: position(count_boxes(frame)),
    "lazy position": lambda frame: position(count_boxes(frame.lazy())),
    "batches": lambda frame: position(count_boxes([frame])),
    "repair": repair,
    "compare": lambda frame: compare(frame, frame, permutations=99),
    "splits": lambda frame: splits(frame, permutations=99),
    "leakage": leakage,
}


@pytest.mark.parametrize("use", USES)
def test_whole_numbers_name_images_classes_and_splits_as_texts_do(use: str) -> None:
    numbers = WITH_SPLIT.with_columns(
        pl.col("image_id").rank("dense").cast(pl.Int64),
        pl.col("label").cast(pl.String).rank("dense").cast(pl.UInt8),
        pl.col("split").cast(pl.String).replace_strict({"train": 1, "val": 2}, return_dtype=pl.Int16),
    )
    texts = numbers.with_columns(pl.col("image_id", "label", "split").cast(pl.String))
    assert USES[use](numbers) == USES[use](texts)
    categories = texts.with_columns(pl.col("image_id", "label", "split").cast(pl.Categorical))
    assert USES[use](categories) == USES[use](texts)


@pytest.mark.parametrize("column", ["image_id", "label", "x0", "image_height"])
@pytest.mark.parametrize("use", USES)
def test_a_missing_column_is_an_input_error(use: str, column: str) -> None:
    with pytest.raises(InputError, match=f"boxes without .*{column}"):
        USES[use](WITH_SPLIT.drop(column))


def test_splits_need_their_column() -> None:
    with pytest.raises(InputError, match="boxes without split"):
        splits(WITH_SPLIT.drop("split"))


@pytest.mark.parametrize(
    ("column", "values"),
    [("image_id", pl.lit(0.5)), ("label", pl.lit([1, 2])), ("split", pl.lit(0.5)), ("x0", pl.col("label").cast(str))],
)
@pytest.mark.parametrize("use", USES)
def test_a_column_of_another_type_is_an_input_error(use: str, column: str, values: pl.Expr) -> None:
    with pytest.raises(InputError, match=f"column '{column}' holds n"):
        USES[use](WITH_SPLIT.with_columns(values.alias(column)))


@pytest.mark.parametrize("use", ["position", "repair", "compare", "splits", "leakage"])
def test_a_frame_of_pandas_is_an_input_error(use: str) -> None:
    frame = pd.DataFrame({name: WITH_SPLIT[name].cast(pl.String).to_list() for name in WITH_SPLIT.columns})
    with pytest.raises(InputError, match=r"no frame of polars but pandas\.DataFrame. For pandas there is"):
        USES[use](frame)  # type: ignore[arg-type]


@pytest.mark.parametrize("use", ["position", "repair", "compare", "splits", "leakage"])
@pytest.mark.parametrize("given", [None, 3])
def test_what_is_no_frame_is_an_input_error(use: str, given: object) -> None:
    with pytest.raises(InputError, match=f"no frame of polars but builtins.{type(given).__name__}"):
        USES[use](given)  # type: ignore[arg-type]


@pytest.mark.parametrize("use", [use for use in USES if use not in ("lazy position", "batches")])
def test_a_file_that_turns_out_damaged_behind_a_lazy_frame_is_an_input_error(use: str, tmp_path: Path) -> None:
    header = b"image_id,split,label,x0,y0,x1,y1,image_width,image_height\n"
    rows = b"a,train,cat,1.0,1.0,5.0,5.0,20,20\n" * 20_000
    (tmp_path / "x.csv").write_bytes(header + rows + b"b,val,caf\xe9,1.0,1.0,5.0,5.0,20,20\n")
    for frame in (read_boxes(tmp_path / "x.csv").boxes, pl.scan_parquet(tmp_path / "none.parquet")):
        with pytest.raises(InputError, match="cannot be read as a table of boxes"):
            USES[use](frame)  # type: ignore[arg-type]


@pytest.mark.parametrize("use", [use for use in USES if use not in ("lazy position", "batches")])
def test_a_mistake_in_an_expression_of_the_caller_is_not_blamed_on_a_file_alone(use: str) -> None:
    for wrong in (pl.col("nope") * 2, pl.col("label").cast(pl.Float64)):
        with pytest.raises(InputError, match="Is an expression of the lazy frame wrong"):
            USES[use](WITH_SPLIT.lazy().with_columns(x0=wrong))  # type: ignore[arg-type]


def test_images_without_names_are_one_image() -> None:
    found = count_boxes(WITH_SPLIT.drop("split").with_columns(image_id=pl.lit(None)))
    assert found.images.tolist() == [1, 1, 1]
