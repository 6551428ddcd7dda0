"""`kill -9` at random moments, ten times: the finished result is the undisturbed one, bit by bit."""

import os
import subprocess
import sys
from pathlib import Path

import torch

from biasscope.copies import CopiesSweep
from tests.unit.copies.sweeping import sweep

ATTEMPTS = """
import os, random, signal, sys, time
from pathlib import Path
import torch
torch.set_num_threads(1)
from tests.unit.copies.sweeping import sweep
folder, rng, killed = Path(sys.argv[1]), random.Random(0), 0
sweep(None, steps=1)
start = time.monotonic()
sweep(folder.with_name("timed"))
length = time.monotonic() - start

def stored():
    return sorted(path.name for path in folder.glob("*/*") if "safetensors" in path.name)
for attempt in range(10):
    child = os.fork()
    if not child:
        sweep(folder)
        os._exit(0)
    moment, wanted = time.monotonic() + rng.uniform(0.02, 0.2) * length, len(stored()) + attempt % 2
    while time.monotonic() < moment or len(stored()) < wanted:  # every second time after it has stored something
        if os.waitpid(child, os.WNOHANG)[0]:
            break
        time.sleep(0.002)
    else:
        os.kill(child, signal.SIGKILL)
        killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
    print(attempt, stored(), flush=True)
print("killed", killed)
"""


def equal(one: CopiesSweep, other: CopiesSweep) -> bool:
    """Whether everything but the times is the same."""
    tensors = ("predictions", "losses", "targets", "steps")
    same = all(torch.equal(getattr(one, name), getattr(other, name)) for name in tensors)
    return same and one.runs == other.runs and one.parameters == other.parameters and one.notes == other.notes


def test_killed_ten_times(tmp_path: Path) -> None:
    undisturbed = sweep(tmp_path / "whole")
    words = [sys.executable, "-W", "ignore", "-c", ATTEMPTS, str(tmp_path / "killed")]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) >= 3, done.stdout
    assert "safetensors" in done.stdout, "every attempt was killed before anything was stored"
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
