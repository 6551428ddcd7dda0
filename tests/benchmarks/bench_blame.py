"""What blame costs: time beside one forward pass a layer and pair of pictures.

ResNet-18, 64 x 64, 16 pictures, one shift, one thread, CPU time of the thread, interleaved rounds, median ratio.
The bare work is as many passes over the shifted pictures as there are layers.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import torch
import torchvision

from biasscope.trace.blame.engine import Patching
from biasscope.trace.blame.pairs import Block
from biasscope.trace.places import Selectors, layers_of
from biasscope.trace.probe import as_found, probe
from tests.benchmarks.measure import record

ROUNDS, SIDE, PICTURES, SHIFT, MOST = 7, 64, 16, (1.0, 1.0), 1.3


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this thread."""
    started = time.thread_time()
    work()
    return time.thread_time() - started


def compared(layers: Selectors, name: str, first_order: bool) -> dict[str, object]:
    """One line: bare milliseconds and the ratio."""
    net = torchvision.models.resnet18().eval()
    x = torch.randn(PICTURES, 3, SIDE, SIDE)
    views = x.roll((1, 1), (2, 3))
    with as_found(net):
        found = layers_of(probe(net, x[:1]), layers)
        patching = Patching(net, found, wraps=True, first_order=first_order, batch=PICTURES)
        block = Block(tuple(map(str, range(PICTURES))), x, views[:, None])

        def bare() -> None:
            for _ in found:
                net(views)

        rounds = [(seconds(bare), seconds(lambda: patching.run(block, [SHIFT]))) for _ in range(ROUNDS + 1)][1:]
    ratio = statistics.median(two / one for one, two in rounds)
    bare_ms = 1000 * statistics.median(one for one, _ in rounds)
    target = {"ratio_target": MOST, "met": ratio <= MOST}
    return {"work": name, "layers": len(found), "bare_ms": bare_ms, "ratio": ratio, **target}


def main() -> int:
    """Measure and record `results/blame.json`."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rows = [
        compared(None, "all leaves", False),
        compared(None, "all leaves, and first order", True),
        compared("blocks", "blocks", False),
    ]
    record("blame", rows)
    return 0 if all(row["met"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
