"""A slow sweep with a checkpoint, as a process to be killed: ``python -m tests.unit.sweep.resumed FOLDER OUT 0.1``."""

import sys
import time
from pathlib import Path

from biasscope.sweep import Sweep, sweep
from tests.unit.sweep.toys import Still, TinyNet, loaded, source

PICTURES, VIEWS = 20, 9


def run(folder: Path | None, seconds: float = 0.0, calls: list[int] | None = None) -> Sweep:
    """Sweep 20 pictures in blocks of 4, one of them refused; each forward pass takes ``seconds`` longer."""
    net = TinyNet()
    net.register_forward_pre_hook(lambda module, args: time.sleep(seconds))
    if calls is not None:
        net.register_forward_pre_hook(lambda module, args: calls.append(len(args[0])))
    return sweep(loaded(net), source(PICTURES), Still(1, 1, ("picture-6",)), batch=4, floor=3, checkpoint=folder)


if __name__ == "__main__":
    run(Path(sys.argv[1]), float(sys.argv[3])).save(sys.argv[2])
