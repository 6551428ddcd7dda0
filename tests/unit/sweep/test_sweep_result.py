import numpy as np
import polars as pl
import pytest
import torch

import biasscope.sweep
from biasscope.core.errors import InputError, OutputError, UsageError
from biasscope.sweep import Sweep, sweep
from tests.unit.sweep.toys import CLASSES, SIDE, Roll, Still, loaded, source


@pytest.fixture(scope="module")
def found():
    names = [f"class {number}" for number in range(CLASSES)]
    return sweep(loaded(class_names=names), source(broken=("picture-3",)), Roll(1, refuses=("picture-4",)), label="toy")


def same(one, other, *, floors=True):
    for name in ("predictions", "targets", "p_top", "p_true", "p_reference", "p_step", "rank_true", "rank_reference"):
        torch.testing.assert_close(getattr(one, name), getattr(other, name), equal_nan=True, atol=1e-6, rtol=0)
    assert one.tta.keys() == other.tta.keys()
    assert all(torch.equal(one.tta[k], other.tta[k]) for k in one.tta)
    for name in ("image_ids", "problems", "parameters", "class_names", "model", "transformation", "reference"):
        assert getattr(one, name) == getattr(other, name), name
    for name, values in one.coordinates.items():
        assert values.dtype == other.coordinates[name].dtype
        np.testing.assert_array_equal(values, other.coordinates[name])
    assert not floors or (one.floors == other.floors and one.settings == other.settings and one.notes == other.notes)


def test_the_package_is_the_function():
    assert len(biasscope.sweep(loaded(), source(2), Roll(1), floor=0)) == 2


def test_shapes_and_words(found):
    assert (found.views, len(found)) == (9, 5)
    assert found.p_step.shape == (2, 9, 5)
    assert found.offsets.tolist() == Roll(1).offsets.tolist()
    assert repr(found) == "Sweep(toy, roll: 9 views x 5 pictures, 3 labelled)"
    assert found.indices.tolist() == [0, 1, 2, 4, 5]
    assert [(problem.code, problem.image_id, problem.used) for problem in found.problems] == [
        ("truncated", "picture-3", False),
        ("refused", "picture-4", False),
    ]


def test_tensors_can_be_used_for_anything(found):
    assert not found.p_top.is_inference()
    weights = torch.ones(5, requires_grad=True)
    (found.p_top * weights).sum().backward()
    torch.testing.assert_close(weights.grad, found.p_top.sum(0))


def test_frame_has_a_row_a_view_and_picture(found):
    frame = found.frame()
    assert frame.height == 45
    row = frame.filter(pl.col("image_id") == "picture-5", pl.col("dy") == 1, pl.col("dx") == -1).row(0, named=True)
    s, i = 6, found.image_ids.index("picture-5")
    assert row["view"] == s
    assert row["prediction"] == found.predictions[s, i]
    assert row["target"] is None
    assert row["p_true"] is None
    assert row["rank_true"] is None
    assert row["p_top"] == pytest.approx(found.p_top[s, i].item())
    assert row["changed"] == bool(found.predictions[s, i] != found.predictions[4, i])
    assert row["previous"] is None
    assert row["previous_2"] == 3
    assert row["p_step_2"] == pytest.approx(found.p_step[1, s, i].item())
    assert frame["p_step"].null_count() == 15
    assert frame.filter(pl.col("target").is_not_null()).height == 27


def test_saved_and_loaded_again(found, tmp_path):
    path = found.save(tmp_path / "deep" / "toy.safetensors")
    again = Sweep.load(str(path))
    same(found, again)
    assert torch.equal(found.indices, again.indices)
    assert torch.equal(found.steps, again.steps)
    path.with_name("copy").write_bytes(again.save(tmp_path / "again").read_bytes())
    assert path.with_name("copy").read_bytes() == path.read_bytes()


def test_without_steps_and_with_text_coordinates(tmp_path):
    class Named(Roll):
        steps = np.zeros((0, 9), np.int64)
        coordinates = {"name": np.array([f"view {number}" for number in range(9)])}  # noqa: RUF012

    found = sweep(loaded(), source(3), Named(1), tta=())
    assert found.offsets is None
    assert found.p_step.shape == (0, 9, 3)
    same(found, Sweep.load(found.save(tmp_path / "named")))
    assert found.frame()["name"][0] == "view 0"


@pytest.mark.parametrize("cut", [0, 7, 300, -1])
def test_damaged_files_are_input_errors(found, tmp_path, cut):
    path = found.save(tmp_path / "toy")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InputError, match="toy"):
        Sweep.load(path)


def test_other_files_are_input_errors(tmp_path):
    from biasscope.models.checkpoints.safetensors import to_safetensors

    path = tmp_path / "weights"
    path.write_bytes(to_safetensors({"a": torch.ones(2)}, {}))
    with pytest.raises(InputError, match="no sweep"):
        Sweep.load(path)
    with pytest.raises(InputError, match="cannot be read"):
        Sweep.load(tmp_path / "missing")


def test_folders_that_cannot_be_written(found, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="the sweep"):
        found.save(tmp_path / "file" / "toy")


@pytest.mark.parametrize("world", [2, 3])
def test_shards_put_together_are_the_whole(world):
    options = {"broken": ("picture-3",)}
    roll = Roll(1, refuses=("picture-4",))
    whole = sweep(loaded(), source(9, **options), roll, batch=8)
    parts = [sweep(loaded(), source(9, **options), roll, batch=8, shard=(rank, world)) for rank in range(world)]
    joined = Sweep.concatenate(parts[::-1])
    same(whole, joined, floors=False)
    assert torch.equal(whole.indices, joined.indices)
    assert joined.floors["batch layout"].n == sum(part.floors["batch layout"].n for part in parts)


def test_what_is_no_shard_is_not_joined(found):
    other = sweep(loaded(), source(3), Roll(2))
    with pytest.raises(UsageError, match="differ"):
        Sweep.concatenate([found, other])
    with pytest.raises(UsageError, match="in two"):
        Sweep.concatenate([found, found])
    with pytest.raises(UsageError, match="no sweeps"):
        Sweep.concatenate([])


def test_floors_say_what_they_compared():
    found = sweep(loaded(), source(20), Still(2), batch=16, floor=6)
    layout, half, interpolation = (found.floors[name] for name in ("batch layout", "bf16", "interpolation"))
    assert layout.changed == 0
    assert layout.mean_absolute_change < 1e-5
    assert 1e-6 < half.mean_absolute_change < 0.1
    assert (layout.n, half.n, interpolation.n) == (6, 6, 6)
    assert "16 views" in interpolation.detail


def test_the_floor_of_interpolation_is_that_of_the_round_trip():
    found = sweep(loaded(), source(6), Still(1), floor=6)
    trip = sweep(loaded(), source(6), Roll(1), floor=0)
    others = [view for view in range(9) if view != 4]
    changed = (trip.predictions != trip.predictions[4])[others].double().mean().item()
    moved = (trip.p_reference - trip.p_reference[4]).abs()[others].double().mean().item()
    assert found.floors["interpolation"].changed == pytest.approx(changed)
    assert found.floors["interpolation"].mean_absolute_change == pytest.approx(moved, abs=1e-6)
    assert changed > 0
    assert "interpolation" not in sweep(loaded(), source(3), Roll(1)).floors


def test_no_floors_where_none_are_wanted():
    assert sweep(loaded(), source(3), Roll(1), floor=0).floors == {}


def test_indices_number_the_sample_and_ids_name_its_rows():
    pictures = torch.randint(0, 256, (30, 3, SIDE, SIDE), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))
    whole, part = (sweep(loaded(), pictures, Roll(1), limit=limit, floor=0) for limit in (None, 6))
    assert part.indices.tolist() == list(range(6))
    rows = [whole.image_ids.index(name) for name in part.image_ids]
    assert rows != list(range(6))
    assert torch.equal(part.predictions, whole.predictions[:, rows])
