"""What tracing costs: time beside bare forward passes of the same views, memory beside the number of shifts.

ResNet-18, 64 x 64, one thread, CPU time of the thread, interleaved rounds, medians of the ratios of each round. Aligned
errors are measured where every shift is a multiple of every stride (12 pictures x 4 shifts of 32 pixels), the most that
there is to compare, and on the grids of 8 pixels and of one pixel.

Memory is that of a process that traces one picture at all leaves, all default measures, after a first trace has
brought in what is imported and compiled once: bytes that torch holds, bytes that Python and numpy hold, and the peak
of resident memory. The peak is taken with an allocator that gives every block of 32 KiB back (thresholds of glibc);
with glibc's own thresholds it also holds what lies between blocks in use, which differs from run to run by more than
what is measured, so that figure is recorded beside it without a target.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
import torchvision
from torch import nn

from biasscope.trace.call import _options
from biasscope.trace.chunk import Layout
from biasscope.trace.engine import Engine, traced_layers
from biasscope.trace.places import Selectors, layers_of
from biasscope.trace.probe import as_found, probe
from biasscope.trace.shifts import plan_of
from biasscope.transforms import Circular
from tests.benchmarks.measure import PYTHON, record, run

ROUNDS, WARM_UP, SIDE = 15, 3, 64
SUMS, ALIGNED = ("nonshiftability", "sum_variation"), ("equivariance_cosine", "equivariance_l2")
FOURIER = (*ALIGNED, "fourier_cosine", "fourier_l2")
OUTPUTS = (nn.Conv2d, nn.MaxPool2d, "blocks")
MULTIPLES = "0,0;0,32;32,0;32,32"
EIGHTS = ";".join(f"{y},{x}" for y in range(0, SIDE, 8) for x in range(0, SIDE, 8))
CASES: list[tuple[str, Sequence[str], Selectors, str, int, float | None]] = [
    ("global sums, squares centred: all leaves, 7x7", ("sum_variation",), None, "7x7", 49, 1.10),
    ("the same and share of shifts: all leaves, 7x7", SUMS, None, "7x7", 49, 1.10),
    ("aligned error: conv, pool, block outputs, all shifts aligned", ALIGNED, OUTPUTS, MULTIPLES, 48, 1.15),
    ("aligned error: all leaves, all shifts aligned", ALIGNED, None, MULTIPLES, 48, 1.30),
    ("aligned error: all leaves, 8x8 shifts of 8 pixels", ALIGNED, None, EIGHTS, 49, None),
    ("aligned error: conv, pool, block outputs, 7x7", ALIGNED, OUTPUTS, "7x7", 49, 1.15),
    ("aligned error: all leaves, 7x7", ALIGNED, None, "7x7", 49, 1.30),
    ("fourier errors in between as well: all leaves, 7x7", FOURIER, None, "7x7", 49, None),
]
MOST_MB = 5 * 2**20 / 1e6
RUNS = 5
GLIBC = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "32768", "MALLOC_TRIM_THRESHOLD_": "65536"}
MEMORY = """
import json, sys, tracemalloc
import torch, torchvision
from torch.profiler import profile
from biasscope.trace import trace
torch.set_num_threads(1)
net, x = torchvision.models.resnet18(), torch.randn(1, 3, 64, 64)
trace(net, x, "0,0;0,1", batch=49)
kind, file = sys.argv[2:]
if kind == "python":
    tracemalloc.start()
    trace(net, x, sys.argv[1], batch=49)
    peak = tracemalloc.get_traced_memory()[1]
elif kind == "torch":
    with profile(profile_memory=True) as seen:
        trace(net, x, sys.argv[1], batch=49)
    seen.export_chrome_trace(file)
    events = json.load(open(file))["traceEvents"]
    peak = max(one["args"]["Total Allocated"] for one in events if one["name"] == "[memory]")
else:
    trace(net, x, sys.argv[1], batch=49)
    peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) * 1024
open(file, "w").write(str(peak))
"""


def passes(
    net: nn.Module, measures: Sequence[str], layers: Selectors, grid: str, batch: int
) -> tuple[Callable[[], None], Callable[[], None], int]:
    """Bare and traced passes over the same views in the same batches, and how many layers are traced."""
    transformation = Circular(grid)
    plan = plan_of(transformation)
    layout = Layout.of(plan.views, batch)
    found = layers_of(probe(net, torch.randn(1, 3, SIDE, SIDE)), layers)
    traced = traced_layers(found, plan, _options(measures), 0)
    engine = Engine(net, traced, plan, layout, (3, SIDE, SIDE), torch.empty(0))
    numbers = range(layout.pictures)
    views = transformation.open(torch.randn(layout.pictures, 3, SIDE, SIDE), list(numbers))
    buffer = torch.empty(layout.pictures * layout.views, 3, SIDE, SIDE)
    chunks = [chunk.slots for chunk in layout.chunks(tuple(numbers), plan.others, plan.reference)]

    def bare() -> None:
        for slots in chunks:
            views.write(buffer, *slots)
            net(buffer)

    def observed() -> None:
        with engine.watch() as watch:
            engine.run(watch, views, numbers)

    return bare, observed, len(found)


def seconds(work: Callable[[], None]) -> float:
    """CPU seconds of this thread."""
    started = time.thread_time()
    work()
    return time.thread_time() - started


def compared(
    net: nn.Module, name: str, measures: Sequence[str], layers: Selectors, grid: str, batch: int, most: float | None
) -> dict[str, object]:
    """One line: bare milliseconds, ratio, quartiles of the ratio."""
    bare, observed, count = passes(net, measures, layers, grid, batch)
    rounds = [(seconds(bare), seconds(observed)) for _ in range(ROUNDS + WARM_UP)][WARM_UP:]
    ratios = sorted(two / one for one, two in rounds)
    ratio = statistics.median(ratios)
    target = {} if most is None else {"ratio_target": most, "met": ratio <= most}
    return {
        "work": name,
        "layers": count,
        "bare_ms": 1000 * statistics.median(one for one, _ in rounds),
        "ratio": ratio,
        "ratio_low": ratios[len(ratios) // 4],
        "ratio_high": ratios[3 * len(ratios) // 4],
        **target,
    }


def held(kind: str, grid: str, allocator: Mapping[str, str] = GLIBC) -> float:
    """Most MB that one process holds for a grid of shifts: of ``torch``, of ``python``, or ``resident``."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "peak"
        run([PYTHON, "-c", MEMORY, grid, kind, str(file)], environment={"OMP_NUM_THREADS": "1", **allocator})
        return int(file.read_text()) / 1e6


def memory(kind: str, runs: int, most: float | None, allocator: Mapping[str, str] = GLIBC) -> dict[str, object]:
    """Peak memory of 225 shifts against 49: median of the differences of runs in turn, and their range."""
    pairs = [(held(kind, "7x7", allocator), held(kind, "15x15", allocator)) for _ in range(runs)]
    more = sorted(many - few for few, many in pairs)
    middle = statistics.median(more)
    target = {} if most is None else {"more_mb_target": most, "met": middle <= most}
    return {
        "work": f"memory, 225 shifts against 49: {kind}" + ("" if allocator else ", thresholds of glibc"),
        "mb_49": statistics.median(few for few, _ in pairs),
        "more_mb": middle,
        "more_mb_low": more[0],
        "more_mb_high": more[-1],
        "runs": runs,
        **target,
    }


def main() -> int:
    """Measure and record `results/trace.json`."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    net = torchvision.models.resnet18().eval()
    with as_found(net):
        rows = [compared(net, *case) for case in CASES]
    rows += [memory("torch", 1, MOST_MB), memory("python", 1, MOST_MB), memory("resident", RUNS, MOST_MB)]
    rows.append(memory("resident", RUNS, None, {}))
    record("trace", rows)
    return 0 if all(row.get("met", True) for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
