"""A sweep with a checkpoint, as a process to be killed: ``python -m tests.unit.sweep.resumed FOLDER OUT BLOCKS``."""

import sys
import time
from pathlib import Path

from biasscope.sweep import Sweep, sweep
from tests.unit.sweep.toys import Still, TinyNet, loaded, source

PICTURES, VIEWS = 20, 9


def run(folder: Path | None, most: int = 5, calls: list[int] | None = None) -> Sweep:
    """Sweep 20 pictures in blocks of 4, one of them refused; when ``most`` blocks are stored it does not go on."""
    net = TinyNet()
    net.register_forward_pre_hook(lambda module, args: hold(folder, most))
    if calls is not None:
        net.register_forward_pre_hook(lambda module, args: calls.append(len(args[0])))
    return sweep(loaded(net), source(PICTURES), Still(1, 1, ("picture-6",)), batch=4, floor=3, checkpoint=folder)


def hold(folder: Path | None, most: int) -> None:
    """Wait for being killed when that many blocks are stored."""
    while folder and most < 5 and len(list(folder.glob("*/*.safetensors"))) >= most:
        time.sleep(1)


if __name__ == "__main__":
    run(Path(sys.argv[1]), int(sys.argv[3])).save(sys.argv[2])
