"""A sweep against the bare forward passes of the same pictures, against loops of batch 1, and its memory.

One thread, rounds interleaved in one process, CPU time of the process (pictures are prepared in a second thread),
medians of the ratios of each round. Memory is the peak of a process of its own. Where there is a GPU, ResNet-50 at 224
is measured too: pictures x shifts per second beside those of the bare forward pass.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import biasscope.sweep
from biasscope.models import LoadedModel, load_model
from biasscope.sweep import Sweep
from biasscope.transforms import Transformation, make
from tests.benchmarks.measure import PYTHON, record

ROUNDS, PICTURES, BATCH, FEW = 5, 64, 64, 8
MODEL = "torchvision:resnet18@none?size=64&classes=10"
MEMORY = (
    "import sys, torch; torch.set_num_threads(1)\n"
    "from tests.benchmarks.bench_sweep import peak_of\n"
    "print(peak_of(sys.argv[1]))\n"
)


def pictures(count: int, side: int = 96) -> np.ndarray:
    """Pictures of noise, (count, side, side, 3)."""
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), np.uint8)


def run(model: LoadedModel, images: np.ndarray, transformation: Transformation, **options: object) -> Sweep:
    """Sweep on the CPU unless another device is given."""
    return biasscope.sweep(model, images, transformation, **{"device": "cpu", "batch": BATCH, **options})


def bare(model: LoadedModel, x: Tensor, passes: int) -> None:
    """Nothing but forward passes."""
    with torch.inference_mode():
        for _ in range(passes):
            model.module(x)


def loop(model: LoadedModel, images: np.ndarray, grid: Transformation) -> list[int]:
    """One picture, one shift, one forward pass at a time, on pictures that are prepared already."""
    answers = []
    offsets = np.stack([grid.coordinates["dy"], grid.coordinates["dx"]], 1).tolist()
    for image in images:
        x = model.preprocessing(image)
        for dy, dx in offsets:
            with torch.inference_mode():
                probability = model.module(x.roll((dy, dx), (1, 2))[None]).softmax(1)
            answers.append(int(probability.argmax()))
    return answers


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process."""
    started = time.process_time()
    work()
    return time.process_time() - started


def own_row(name: str, model: LoadedModel, images: np.ndarray, made: Transformation) -> dict[str, object]:
    """CPU time of a whole sweep beside that of its own forward passes: the same seconds, so drift falls out."""
    marks: list[float] = []
    hooks = [
        model.module.register_forward_pre_hook(lambda module, args: marks.append(-time.thread_time())),
        model.module.register_forward_hook(lambda module, args, out: marks.append(time.thread_time())),
    ]
    ratios = []
    for _ in range(3):
        marks.clear()
        whole = seconds(lambda: run(model, images, made, floor=0))
        ratios.append(whole / sum(marks))
    for hook in hooks:
        hook.remove()
    return {
        "work": f"{name} / its own forward passes",
        "ratio": statistics.median(ratios),
        "spread": max(ratios) - min(ratios),
    }


def cpu_rows() -> list[dict[str, object]]:
    """Ratios on the CPU."""
    model, images, grids = (
        load_model(MODEL),
        pictures(PICTURES),
        {"circular": "7x7", "crop": "7x7", "fourier": "7x7:0.5"},
    )
    made = {name: make(name, grid=grid) for name, grid in grids.items()}
    views = len(made["circular"])
    x = model.preprocessing.batch(list(images))
    works = {
        "bare": lambda: bare(model, x, views),
        **{name: (lambda one=one: run(model, images, one, floor=0)) for name, one in made.items()},
        "with floors": lambda: run(model, images, made["circular"]),
        "loop": lambda: loop(model, images[:FEW], made["circular"]),
    }
    taken: dict[str, list[float]] = {name: [] for name in works}
    bare(model, x, 2)
    for number in range(ROUNDS):
        names = list(works)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            taken[name].append(seconds(works[name]))
    rows = [_row(name, taken, most) for name, most in (("circular", 1.03), ("crop", 1.03), ("fourier", 1.06))]
    rows.append(_row("with floors", taken, None))
    rows += [own_row(name, model, images, one) for name, one in made.items()]
    times = [PICTURES / FEW * one / other for one, other in zip(taken["loop"], taken["circular"], strict=True)]
    faster = statistics.median(times)
    rows.append({"work": "loop of batch 1 / circular sweep", "ratio": faster, "ratio_target": 5, "met": faster >= 5})
    return rows


def _row(name: str, taken: dict[str, list[float]], most: float | None) -> dict[str, object]:
    ratios = [one / other for one, other in zip(taken[name], taken["bare"], strict=True)]
    ratio = statistics.median(ratios)
    target = {} if most is None else {"ratio_target": most, "met": ratio <= most}
    work = f"{name}, {PICTURES} pictures x 49 shifts, / bare forward passes"
    return {
        "work": work,
        "cpu": statistics.median(taken[name]),
        "ratio": ratio,
        "spread": max(ratios) - min(ratios),
        **target,
    }


def peak_of(grid: str) -> float:
    """Peak resident MB of this process while it sweeps; the peak of what came before is forgotten (Linux only)."""
    model, images = load_model(MODEL), pictures(16)
    for name, forget in (("3x3", True), (grid, False)):
        made = make("circular", grid=name)
        run(model, images, made, batch=16)
        if forget:
            Path("/proc/self/clear_refs").write_text("5")
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


def memory_row() -> dict[str, object]:
    """Peak memory for 225 shifts above that for 49, each in processes of its own."""
    peaks: dict[str, list[float]] = {"7x7": [], "15x15": []}
    for _ in range(3):
        for grid, found in peaks.items():
            found.append(float(subprocess.check_output([PYTHON, "-c", MEMORY, grid], env=one_thread())))
    few, many = (statistics.median(found) for found in peaks.values())
    more = many - few
    return {
        "work": "peak memory, 16 pictures, 225 shifts above 49",
        "peak_mb": many,
        "spread_mb": max(max(found) - min(found) for found in peaks.values()),
        "more_mb": more,
        "more_mb_target": 5,
        "met": more <= 5,
    }


def one_thread() -> dict[str, str]:
    """Environment of a child that computes in one thread."""
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def gpu_rows() -> list[dict[str, object]]:
    """Pictures x shifts per second on a GPU, ResNet-50 at 224, reading and preparing the pictures included."""
    if not torch.cuda.is_available():
        print("no GPU: ResNet-50 at 224 not measured", file=sys.stderr)
        return []
    model, images = load_model("torchvision:resnet50@none"), pictures(512, 256)
    cases = [(None, False), (None, True), ("bf16", False), ("bf16", True)]
    return [_gpu_row(model, images, amp, channels_last) for amp, channels_last in cases]


def _gpu_row(model: LoadedModel, images: np.ndarray, amp: str | None, channels_last: bool) -> dict[str, object]:
    grid, batch = make("crop", grid="15x15"), 256
    options = {"device": "cuda", "amp": amp, "channels_last": channels_last, "batch": batch, "floor": 0}
    pairs = []
    for _ in range(3):
        plain = _gpu_rate(model, amp, channels_last, batch)
        started = time.perf_counter()
        run(model, images, grid, **options)
        pairs.append((len(images) * len(grid) / (time.perf_counter() - started), plain))
    share = statistics.median(one / other for one, other in pairs[1:])
    return {
        "work": f"ResNet-50 at 224, {amp or 'fp32'}{', channels_last' if channels_last else ''}",
        "device": torch.cuda.get_device_name(),
        "cuda": torch.version.cuda,
        "pairs_per_second": statistics.median(one for one, _ in pairs[1:]),
        "bare_per_second": statistics.median(other for _, other in pairs[1:]),
        "share": share,
        "share_target": 0.95,
        "met": share >= 0.95,
    }


def _gpu_rate(model: LoadedModel, amp: str | None, channels_last: bool, batch: int, passes: int = 49) -> float:
    layout = torch.channels_last if channels_last else torch.contiguous_format
    net = model.module.cuda().to(memory_format=layout)
    x = torch.randn(batch, 3, 224, 224, device="cuda").contiguous(memory_format=layout)
    with torch.inference_mode(), torch.autocast("cuda", dtype=torch.bfloat16, enabled=amp is not None):
        net(x)
        torch.cuda.synchronize()
        started = time.perf_counter()
        for _ in range(passes):
            net(x)
        torch.cuda.synchronize()
    rate = batch * passes / (time.perf_counter() - started)
    net.cpu().to(memory_format=torch.contiguous_format)
    return rate


def main() -> int:
    """Measure and record `results/sweep.json`."""
    torch.set_num_threads(1)
    rows = [*cpu_rows(), memory_row(), *gpu_rows()]
    record("sweep", rows)
    return 0 if all(row.get("met", True) for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
