"""Tables of the result kinds, from sweeps that are written out."""

from dataclasses import replace

import numpy as np
import pytest

from biasscope.core.results import Table
from biasscope.images.picture import Picture
from biasscope.pipeline.invariance import clips, curves, resizes, samples, shifts
from biasscope.pipeline.invariance.shifts import RASTER_SHIFTS, spread
from biasscope.pipeline.invariance.tables import Part
from tests.unit.pipeline.invariance.made import measurement

PIXELS = np.arange(64, dtype=np.uint8).reshape(8, 8)
FOUND = {f"i{number}": Picture(f"i{number}", PIXELS, 0) for number in range(4)}
ANSWERS = [[0, 1, 2, 0], [0, 1, 1, 0], [0, 2, 1, 3]]
TRUTH = [0, 1, 2, 1]


def of(part: Part, name: str) -> Table:
    """Table of a part."""
    (found,) = (table for table in part.tables if table.name == name)
    return found


def test_shifts_has_every_table_and_their_numbers() -> None:
    item = measurement(ANSWERS, TRUTH)
    found = shifts.part([item], FOUND)
    rows = of(found, "map")
    assert rows["agreement"] == [1.0, 0.75, 0.25]
    assert rows["accuracy"] == [0.75, 0.5, 0.25]
    assert rows["dx"] == [0, 1, 2]
    raster = of(found, "raster")
    assert (raster["images"], raster["shifts"]) == ([4], [3])
    assert raster["cells"] == [[1, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0]]
    worst = of(found, "worst")
    assert worst["image_id"] == ["i2", "i1", "i3"]
    assert worst["flips"] == [2, 1, 1]
    assert worst["answers"][0] == "class 1 (2), class 2 (1)"
    roles = set(of(found, "pictures")["role"])
    assert roles == {"trace", "worst"}
    assert all(str(address).startswith("data:image/") for address in of(found, "pictures")["picture"])


def test_without_labels_the_raster_shows_agreement_and_accuracy_is_undefined() -> None:
    item = measurement(ANSWERS)
    found = shifts.part([item], {})
    assert of(found, "map")["accuracy"] == [None, None, None]
    assert of(found, "raster")["cells"][0] == [1, 1, 1, 1, 1, 0, 1, 1, 0, 1, 0, 0]
    assert of(found, "worst")["label"] == [None, None, None]


def test_pictures_without_a_label_are_no_rows_of_a_raster_of_right_answers() -> None:
    item = measurement(ANSWERS, [0, -1, -1, -1])
    assert shifts.raster_table([item])["images"] == [1]


def test_a_large_raster_is_thinned_evenly() -> None:
    rng = np.random.default_rng(0)
    item = measurement(rng.integers(0, 2, (100, 500)).tolist(), [0] * 500)
    table = shifts.raster_table([item] * 3)
    assert table["shifts"] == [RASTER_SHIFTS] * 3
    assert table["images"][0] <= 200
    assert sum(len(cells) for cells in table["cells"]) <= 100_000  # type: ignore[arg-type]


@pytest.mark.parametrize(("length", "most"), [(10, 3), (3, 10), (1, 1), (200, 64)])
def test_spread_keeps_the_ends(length: int, most: int) -> None:
    chosen = spread(length, most)
    assert len(chosen) == min(length, most)
    assert (chosen[0], chosen[-1]) == (0, length - 1)


def test_the_path_is_the_central_row_else_the_diagonal() -> None:
    grid = np.array([(y, x) for y in (-1, 0, 1) for x in (1, 0, -1)])
    assert samples.path({"dy": grid[:, 0], "dx": grid[:, 1]}) == [5, 4, 3]
    line = np.arange(4)
    assert samples.path({"dy": line, "dx": line}) == [0, 1, 2, 3]
    assert samples.path({"dy": line, "dx": line * 0}) == [0, 1, 2, 3]
    assert samples.path({"frame": line}) == [0, 1, 2, 3]


def test_sampled_pictures_are_the_most_changing_a_middle_one_and_a_steady_one() -> None:
    assert samples.sampled(measurement(ANSWERS)) == ["i2", "i3", "i0"]
    assert samples.sampled(measurement([[0, 1], [0, 1]])) == ["i1", "i0"]


def test_sizes_in_order_with_top_5() -> None:
    item = measurement(ANSWERS, TRUTH, coordinates={"size": np.array([4, 2, 3])})
    table = of(curves.rescale([item], {}), "curve")
    assert table["size"] == [2, 3, 4]
    assert table["share"] == [0.5, 0.75, 1.0]
    assert table["top1"] == [0.5, 0.25, 0.75]
    assert table["top5"] == [0.5, 0.25, 0.75]
    assert table["agreement"] == [0.75, 0.25, 1.0]
    ends = zip(table["top1_low"], table["top1"], table["top1_high"], strict=True)
    assert all(low < value < high for low, value, high in ends)  # type: ignore[operator]


def test_published_curves_stand_only_beside_many_classes() -> None:
    few = measurement(ANSWERS, TRUTH, coordinates={"size": np.array([4, 2, 3])})
    assert "published" not in {item.name for item in curves.rescale([few], {}).tables}
    names = tuple(str(number) for number in range(1000))
    many = replace(few, sweep=replace(few.sweep, class_names=names))
    found = of(curves.rescale([many], {}), "published")
    assert (found["series"][-1], found["size"][-1], found["top5"][-1], found["grade"][-1]) == ("humans", 100, 0.85, "D")


def test_angles_in_order() -> None:
    item = measurement(ANSWERS, coordinates={"angle": np.array([0.0, 10.0, -10.0])})
    table = of(curves.rotation([item], {}), "curve")
    assert table["angle"] == [-10.0, 0.0, 10.0]
    assert table["agreement"] == [0.25, 1.0, 0.75]
    assert table["accuracy"] == [None, None, None]
    assert (table["n"], table["accuracy_pictures"]) == ([4] * 3, [0] * 3)


def test_every_share_has_the_number_of_its_pictures() -> None:
    some = [0, -1, 2, -1]
    line = np.arange(3)
    for function, coordinates, name, share in (
        (shifts.map_table, None, "map", "accuracy"),
        (lambda items: of(curves.rotation(items, {}), "curve"), {"angle": line}, "curve", "accuracy"),
        (lambda items: of(curves.rescale(items, {}), "curve"), {"size": line + 1}, "curve", "top1"),
        (resizes.implementation_table, {"implementation": np.array(["a", "b", "c"])}, "implementations", "accuracy"),
    ):
        table = function([measurement(ANSWERS, some, coordinates=coordinates)])
        assert table.name == name
        assert (table["n"], table[f"{share}_pictures"]) == ([4] * 3, [2] * 3)


def test_resize_agreement_is_a_matrix_and_least_is_its_smallest_entry() -> None:
    item = measurement(ANSWERS, TRUTH, coordinates={"implementation": np.array(["a", "b", "c"])})
    table = resizes.agreement_table([item])
    matrix = np.array(table["agreement"]).reshape(3, 3)
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(np.diag(matrix), 1)
    assert resizes.least(item) == (0.25, "a", "c")
    assert [flip.picture for flip in resizes.flips(item)] == [2, 1, 3]
    assert resizes.wanted([item]) == ["i2", "i1", "i3"]
    assert resizes.implementation_table([item])["accuracy"] == [0.75, 0.5, 0.25]


def test_clips_are_followed_from_frame_to_frame() -> None:
    item = measurement(ANSWERS, coordinates={"frame": np.arange(3)})
    found = clips.part([item], {})
    table = of(found, "traces")
    assert table["clip"][:3] == ["i2"] * 3
    assert table["answer"][:3] == ["class 2", "class 1", "class 1"]
    assert table["p_first"][:3] == [0.5, 0.0, 0.0]
