"""`kill -9` at random writes, ten times: the finished result is the undisturbed one, bit by bit."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import torch

from biasscope.copies import CopiesSweep
from tests.unit.copies.sweeping import sweep

ATTEMPTS = """
import os, random, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from tests.unit.copies.sweeping import sweep
folder, rng = Path(sys.argv[1]), random.Random(0)
left, touched = float("inf"), 0

def watch(event, arguments):
    global left, touched
    writes = event in ("os.rename", "os.remove") or event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)
    if writes and str(folder.parent) in str(arguments[0]):
        left, touched = left - 1, touched + 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

def stored():
    return sorted(path.name for path in folder.glob("*/*") if "safetensors" in path.name)
sys.addaudithook(watch)
sweep(folder.with_name("counted"))
for attempt in range(10):
    moment, child = rng.randrange(touched // 6), os.fork()
    if not child:
        left = moment
        sweep(folder)
        os._exit(0)
    print(attempt, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), stored(), flush=True)
"""


def equal(one: CopiesSweep, other: CopiesSweep) -> bool:
    """Whether everything but the times is the same."""
    tensors = ("predictions", "losses", "targets", "steps")
    same = all(torch.equal(getattr(one, name), getattr(other, name)) for name in tensors)
    return same and one.runs == other.runs and one.parameters == other.parameters and one.notes == other.notes


def test_killed_ten_times(tmp_path: Path) -> None:
    undisturbed = sweep(tmp_path / "whole")
    words = [sys.executable, "-W", "ignore", "-c", ATTEMPTS, str(tmp_path / "killed")]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(f" {-signal.SIGKILL} [") == 10, done.stdout
    assert "narrow-n1" in done.stdout, "every attempt was killed before any network was stored"
    assert "wide-n4" not in done.stdout, "the last attempt was at the end"
    assert equal(sweep(tmp_path / "killed"), undisturbed)
    assert not list((tmp_path / "killed").glob("*/state-*"))


def test_one_thread_or_two_and_with_or_without_a_checkpoint(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    assert equal(sweep(None), sweep(tmp_path))
    assert torch.get_num_threads() == before


def test_a_damaged_file_is_trained_again(tmp_path: Path) -> None:
    whole = sweep(tmp_path)
    files = sorted(tmp_path.glob("*/narrow-*.safetensors"))
    files[0].write_bytes(files[0].read_bytes()[:-20])
    files[1].unlink()
    assert equal(sweep(tmp_path), whole)
    assert len(files) == 2
