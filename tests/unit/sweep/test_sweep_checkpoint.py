import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from torch import nn

from biasscope.core.errors import InputError, OutputError
from biasscope.models import circular
from biasscope.sweep import sweep
from tests.unit.sweep import resumed
from tests.unit.sweep.toys import Listener, Roll, TinyNet, loaded, source

ROOT = Path(__file__).parents[3]
TABLES = ("predictions", "p_top", "p_true", "p_reference", "p_step", "rank_true", "rank_reference", "targets")


def stored(folder):
    return sorted(folder.glob("*/*.safetensors"))


def start(folder, out, most=5):
    command = [sys.executable, "-m", "tests.unit.sweep.resumed", str(folder), str(out), str(most)]
    return subprocess.Popen(command, cwd=ROOT)


def same_bytes(one, other):
    for name in TABLES:
        assert getattr(one, name).numpy().tobytes() == getattr(other, name).numpy().tobytes(), name
    assert all(torch.equal(one.tta[k], other.tta[k]) for k in one.tta)
    assert (one.image_ids, one.problems, one.floors) == (other.image_ids, other.problems, other.floors)
    assert one.indices.tolist() == other.indices.tolist()


class Counted:
    """A sweep over 9 pictures that counts its forward passes."""

    def __init__(self, folder):
        self.folder, self.listener = folder, Listener()

    def __call__(self, net=None, pictures=None, transformation=None, **options):
        net, calls = net or TinyNet(), []
        hook = next(net.modules()).register_forward_pre_hook(lambda module, args: calls.append(1))
        options = {"batch": 4, "floor": 0, "label": "toy", **options}
        pictures = pictures or source(9)
        try:
            self.found = sweep(
                loaded(net), pictures, transformation or Roll(1), checkpoint=self.folder,
                progress=self.listener, **options,
            )  # fmt: skip
        finally:
            hook.remove()
        return len(calls) - 1


@pytest.fixture
def counted(tmp_path):
    return Counted(tmp_path / "checkpoint")


def test_killed_again_and_again_it_ends_with_the_same_bytes(tmp_path):
    folder, out = tmp_path / "checkpoint", tmp_path / "out"
    for blocks in (1, 3):
        process = start(folder, out, blocks)
        while len(stored(folder)) < blocks and process.poll() is None:
            time.sleep(0.005)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert len(stored(folder)) == blocks
        assert not out.exists()
    calls = []
    found = resumed.run(folder, calls=calls)
    whole = []
    same_bytes(found, resumed.run(None, calls=whole))
    assert 0 < len(calls) <= len(whole) - (9 + 7 + 9)  # the block with a refused picture takes 7 passes


def test_two_processes_on_one_checkpoint_do_not_disturb_each_other(tmp_path):
    folder = tmp_path / "checkpoint"
    processes = [start(folder, tmp_path / name) for name in ("one", "other")]
    assert [process.wait() for process in processes] == [0, 0]
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    calls = []
    same_bytes(resumed.run(folder, calls=calls), resumed.run(None))
    assert len(stored(folder)) == 5
    assert not list(folder.glob("*/.biasscope-*"))
    assert len(calls) < 12


def test_done_blocks_are_not_run_again(counted):
    assert counted() == 9 + 9 + 3
    first = counted.found
    assert counted() == 0
    same_bytes(first, counted.found)
    assert counted.listener.said == []
    assert counted.listener.done == 2 * 81


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: data[:-3] + b"abc", lambda data: b""])
def test_damaged_blocks_are_computed_again(counted, damage):
    counted()
    first, path = counted.found, stored(counted.folder)[0]
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert counted() in (9, 3)
    same_bytes(first, counted.found)
    assert path.read_bytes() == whole
    assert ["damaged" in text for text in counted.listener.said] == [True]


class Wider(TinyNet):
    """The same weights in the same layers, used otherwise."""

    def forward(self, x):
        return super().forward(x.flip(3))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"net": TinyNet(seed=1)}, "weights"),
        ({"net": circular(TinyNet())}, "structure"),
        ({"net": Wider()}, "outputs"),
        ({"transformation": Roll(1, factor=2)}, "transformation"),
        ({"batch": 8}, "settings"),
        ({"amp": "bf16"}, "settings"),
        ({"tta": (2,)}, "settings"),
        ({"seed": 1}, "settings"),
    ],
)
def test_another_plan_starts_anew_and_says_why(counted, change, named):
    counted()
    assert counted(**change) > 0
    assert len(counted.listener.said) == 1
    assert named in counted.listener.said[0]
    assert "started anew" in counted.listener.said[0]
    assert counted() == 0
    assert counted(**change) == 0


def test_another_model_in_the_same_folder_is_nothing_to_speak_of(counted):
    counted()
    assert counted(net=TinyNet(seed=1), label="other") > 0
    assert counted.listener.said == []


def test_other_pictures_are_computed_and_the_rest_is_not(counted):
    counted()
    changed = source(9)
    changed.pictures[5].pixels[0, 0] ^= 1
    assert counted(pictures=changed) == 9
    assert counted(pictures=source(8)) == 0
    assert counted(pictures=source(9, label=False)) == 18  # the last picture never had a label
    assert counted.listener.said == []


def test_a_failure_keeps_what_is_done(counted):
    dark = source(9)
    dark.pictures[6].pixels[0, 0] = 0

    class Fails(TinyNet):
        def forward(self, x):
            return super().forward(x).where((x[:, 0] > -2).all(2).all(1)[:, None], float("nan"))

    for number, picture in enumerate(dark.pictures):
        picture.pixels.clip(1 if number != 6 else 0, 255, picture.pixels)
    with pytest.raises(InputError, match="picture-6"):
        counted(net=Fails(), pictures=dark)
    assert len(stored(counted.folder)) == 1


def test_shards_share_a_checkpoint(counted):
    assert counted(shard=(0, 2)) > 0
    assert counted(shard=(1, 2)) > 0
    assert counted(shard=(0, 2)) == counted(shard=(1, 2)) == 0
    assert counted.listener.said == []


def test_what_a_killed_process_left_is_removed_after_a_while(counted):
    counted()
    for name, age in (("old", 7200), ("new", 0)):
        path = stored(counted.folder)[0].parent / f".biasscope-{name}"
        path.mkdir()
        os.utime(path, (time.time() - age,) * 2)
    counted()
    left = [path.name for path in counted.folder.glob("*/.biasscope-*")]
    assert left == [".biasscope-new"]


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="the checkpoint") as raised:
        sweep(loaded(), source(2), Roll(1), checkpoint=tmp_path / "file")
    assert "Choose another folder" in raised.value.hint


def test_modules_without_weights_have_plans_too(tmp_path):
    class Corner(nn.Module):
        def forward(self, x):
            return x[:, 0, 0, :5]

    one = sweep(loaded(Corner()), source(3), Roll(1), checkpoint=tmp_path)
    same_bytes(one, sweep(loaded(Corner()), source(3), Roll(1), checkpoint=tmp_path))
