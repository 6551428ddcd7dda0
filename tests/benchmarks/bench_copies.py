"""Many networks at once against one after the other, and the cost of a whole network of the augmentation sweep.

One thread, rounds interleaved in one process, CPU time of the thread, medians of the ratios of each round. Where there
is a GPU: 64 small networks at once against one after the other, and against bare forward and backward passes.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from biasscope.copies import Training, augmentation_sweep
from biasscope.copies.networks import build
from biasscope.copies.train import Sequential, Vectorised
from biasscope.copies.train.engine import Engine
from biasscope.models.small.network import SmallNet
from tests.benchmarks.measure import record

ROUNDS, NETWORKS, BATCH, SIDE, STEPS = 5, 4, 64, 32, 3


def batch(count: int, device: str) -> tuple[Tensor, Tensor]:
    """Noise for some networks."""
    x = torch.randn(count, BATCH, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    return x.to(device), (torch.arange(count * BATCH).view(count, BATCH) % 10).to(device)


def engine(kind: type[Sequential | Vectorised], count: int, device: str, training: Training) -> Engine:
    """Engine with small networks of stride product 8."""
    return kind([build(lambda: SmallNet(8, width=8), seed).to(device) for seed in range(count)], training)


def timed(work: Callable[[], object], clock: Callable[[], float]) -> float:
    """Seconds of some steps."""
    started = clock()
    for _ in range(STEPS):
        work()
    return clock() - started


def cpu_row() -> dict[str, object]:
    """The engine that `auto` takes on the CPU against the other one."""
    x, y = batch(NETWORKS, "cpu")
    both = [engine(kind, NETWORKS, "cpu", Training()) for kind in (Sequential, Vectorised)]
    for made in both:
        made.step(x, y, 0.01)
    pairs = [[timed(lambda m=made: m.step(x, y, 0.01), time.thread_time) for made in both] for _ in range(ROUNDS)]
    slower = statistics.median(together / alone for alone, together in pairs)
    return {
        "work": f"{NETWORKS} networks (stride product 8, width 8, side {SIDE}, batch {BATCH}), one thread",
        "seconds_a_step_and_network": statistics.median(pair[0] for pair in pairs) / STEPS / NETWORKS,
        "vectorised_over_sequential": slower,
        "met": slower >= 1,
    }


def network_row() -> dict[str, object]:
    """Cost of one network, trained and asked, in a sweep."""
    started = time.thread_time()
    options = {"copies": [1, 4], "variants": ["plain"], "seeds": 1, "steps": 30, "device": "cpu", "test_images": 50}
    found = augmentation_sweep("small:8:8", "scenes:500@32", **options)  # type: ignore[arg-type]
    return {
        "work": f"{len(found.runs)} networks, 30 steps of {BATCH}, asked about {found.predictions[0].numel()} versions",
        "seconds_a_network": (time.thread_time() - started) / len(found.runs),
    }


def gpu_row(amp: str | None) -> dict[str, object]:
    """64 networks at once, one after the other, and bare passes of one network over as many images."""
    training = Training(amp=amp)
    x, y = batch(64, "cuda")
    together, alone = (engine(kind, 64, "cuda", training) for kind in (Vectorised, Sequential))
    bare = build(lambda: SmallNet(8, width=8), 0).cuda().train()

    def passes() -> None:
        for k in range(64):
            with training.precision(x.device):
                logits = bare(x[k])
            F.cross_entropy(logits.float(), y[k]).backward()  # type: ignore[no-untyped-call]

    works = [lambda: together.step(x, y, 0.01), lambda: alone.step(x, y, 0.01), passes]
    for work in works:
        work()
    rounds = [[timed(work, _clock) for work in works] for _ in range(ROUNDS)]
    faster = statistics.median(row[1] / row[0] for row in rounds)
    return {
        "work": f"64 networks at once on {torch.cuda.get_device_name()}, {amp or 'fp32'}",
        "seconds_a_step": statistics.median(row[0] for row in rounds) / STEPS,
        "times_as_fast": faster,
        "share_of_bare_passes": statistics.median(row[2] / row[0] for row in rounds),
        "target": 8.0,
        "met": faster >= 8,
    }


def _clock() -> float:
    torch.cuda.synchronize()
    return time.perf_counter()


def main() -> int:
    """Measure and record `results/copies.json`."""
    torch.set_num_threads(1)
    rows = [cpu_row(), network_row()]
    if torch.cuda.is_available():
        rows += [gpu_row(None), gpu_row("bf16")]
    record("copies", rows)
    return 0 if all(row.get("met", True) for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
