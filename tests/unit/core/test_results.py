"""The JSON contract: no NaN, kinds read off the values, equal lengths, round trip."""

import math

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasscope.core.results import Result, Scalar, Table, column, interval, number, table


@given(st.lists(st.floats(), max_size=20))
def test_undefined_numbers_become_none_and_the_json_is_strict(values: list[float]) -> None:
    made = table("t", {"a": values})
    assert [value is None for value in made["a"]] == [not math.isfinite(value) for value in values]
    encoded = msgspec.json.encode(made)
    assert b"NaN" not in encoded
    assert msgspec.json.decode(encoded, type=Table) == made


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2], "integer"),
        ([1, 2.5], "number"),
        (["a", None], "text"),
        ([True, False], "boolean"),
        ([[1, 2], [3, 4]], "vector"),
        (np.arange(4).reshape(2, 2), "vector"),
        (pl.Series(["x"]), "text"),
        (np.array([1.5, np.nan]), "number"),
        ([None, None], "number"),
        (np.array([]), "number"),
        (np.array(["x"]), "text"),
        (np.array([True]), "boolean"),
        (np.array([3], np.uint8), "integer"),
    ],
)
def test_kind_is_read_off_the_values(values: object, kind: str) -> None:
    assert column("c", values).kind == kind  # type: ignore[arg-type]


def test_mixed_columns_and_foreign_objects_are_refused() -> None:
    with pytest.raises(TypeError, match="mixes"):
        column("c", [1, "a"])
    with pytest.raises(TypeError, match="no place"):
        column("c", [object()])
    with pytest.raises(ValueError, match="undefined"):
        column("c", np.array([[1.0, np.nan]]))
    with pytest.raises(ValueError, match="different lengths"):
        table("t", {"a": [1], "b": [1, 2]})


def test_lookup_by_name() -> None:
    result = Result("k", "f", scalars=[Scalar("a", 1.0)], tables=[table("t", {"x": [1]})])
    assert result.scalar("a").value == 1.0
    assert result.table("t")["x"] == [1]
    both = table("t", {"x": [1], "y": [2]})
    assert list(both) == ["x", "y"]
    assert {name: both[name] for name in both} == {"x": [1], "y": [2]}
    assert "x" in result.table("t")
    assert result.table("t").height == 1
    for missing in (lambda: result.scalar("b"), lambda: result.table("u"), lambda: result.table("t")["y"]):
        with pytest.raises(KeyError):
            missing()


def test_numbers_and_intervals() -> None:
    assert number(np.float32(2)) == 2.0
    assert number(float("inf")) is None
    assert number(None) is None
    assert interval(0, float("nan")) is None
    made = interval(0, 1, method="jackknife")
    assert made is not None
    assert (made.low, made.high, made.level) == (0.0, 1.0, 0.95)
