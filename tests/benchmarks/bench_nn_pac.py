"""Time and peak memory of `PacConv2d` against ``nn.Conv2d`` and against unfold-and-multiply.

One thread, interleaved rounds in one process, median of per-round ratios to ``nn.Conv2d``. Memory is the growth of the
resident set during the first call, each in a fresh process in which torch has loaded what any first backward pass with
given gradients loads (some 45 MB of Python modules). Every figure is of a module call: kernel computation
included, 16 guidance channels, gradients to input, guidance, filter and bias.
Run ``python tests/benchmarks/bench_nn_pac.py``; a GPU is measured too where there is one.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from biasscope.nn import PacConv2d

CASES = {"A": (4, 64, 64, 3), "B": (1, 256, 28, 3), "C": (1, 256, 28, 5)}
"""Batch, channels in and out, side of the map, side of the filter."""

TARGETS = {"forward": {"A": 2.2, "B": 1.4, "C": 1.5}, "forward+backward": {"A": 2.4, "B": 1.6, "C": 1.8}}
SPEEDUPS = {"A": 5.0, "B": 1.8, "C": 1.8}
"""How much faster than unfold-and-multiply."""

MEMORY_MB = {"forward": {"A": 41.3, "B": 24.2, "C": 40.5}, "forward+backward": {"A": 72.8, "B": 79.2, "C": 115.2}}
"""0.35 (A), 1.1 (B), 0.9 (C) of the reference implementation's growth in MB (118, 22, 45; 208, 72, 128)."""

GUIDANCE_CHANNELS = 16


class UnfoldAndMultiply(nn.Module):
    """The peer: unfold, multiply in place, matrix product, all at once."""

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        conv = nn.Conv2d(channels, channels, side, padding=side // 2)
        self.weight, self.bias, self.side = conv.weight, conv.bias, side

    def forward(self, x: Tensor, guidance: Tensor) -> Tensor:
        n, _, height, width = x.shape
        taps = self.side**2
        features = F.unfold(guidance, self.side, padding=self.side // 2).view(n, -1, taps, height * width)
        kernel = (features - guidance.view(n, -1, 1, height * width)).square().sum(1, keepdim=True).mul(-0.5).exp()
        patches = F.unfold(x, self.side, padding=self.side // 2).view(n, -1, taps, height * width) * kernel
        out = self.weight.flatten(1) @ patches.view(n, -1, height * width)
        return (out + self.bias[:, None]).view(n, -1, height, width)


def implementations(case: str) -> dict[str, Callable[[], tuple[nn.Module, tuple[Tensor, ...]]]]:
    """Name of each contender -> its module and inputs."""
    n, channels, size, side = CASES[case]

    def inputs(layout: torch.memory_format, guided: bool) -> tuple[Tensor, ...]:
        torch.manual_seed(0)
        x = torch.randn(n, channels, size, size).contiguous(memory_format=layout).requires_grad_()
        guidance = (0.1 * torch.randn(n, GUIDANCE_CHANNELS, size, size)).requires_grad_()
        return (x, guidance) if guided else (x,)

    def conv() -> nn.Module:
        return nn.Conv2d(channels, channels, side, padding=side // 2)

    def pac() -> nn.Module:
        return PacConv2d(channels, channels, side, padding=side // 2)

    plain, last = torch.contiguous_format, torch.channels_last
    return {
        "nn.Conv2d": lambda: (conv(), inputs(plain, False)),
        "nn.Conv2d channels_last": lambda: (conv(), inputs(last, False)),
        "PacConv2d": lambda: (pac(), inputs(plain, True)),
        "PacConv2d channels_last": lambda: (pac(), inputs(last, True)),
        "unfold and multiply": lambda: (UnfoldAndMultiply(channels, side), inputs(plain, True)),
    }


def runner(module: nn.Module, inputs: tuple[Tensor, ...], mode: str) -> Callable[[], object]:
    """One call to be timed."""
    if mode == "forward":

        def forward() -> object:
            with torch.no_grad():
                return module(*inputs)

        return forward
    wanted = [*inputs, *module.parameters()]
    with torch.no_grad():
        gradient = torch.randn_like(module(*inputs))
    return lambda: torch.autograd.grad(module(*inputs), wanted, gradient)


def interleaved(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of processor time of this thread, one entry a round."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for index in range(rounds + 3):
        for name, call in calls.items():
            start = time.thread_time()
            call()
            if index >= 3:
                times[name].append(1e3 * (time.thread_time() - start))
    return times


def time_case(case: str, mode: str, rounds: int) -> dict[str, dict[str, float]]:
    """Median time and median ratio to ``nn.Conv2d`` of every contender."""
    times = interleaved({name: runner(*make(), mode) for name, make in implementations(case).items()}, rounds)
    base = times["nn.Conv2d"]
    return {
        name: {
            "ms": statistics.median(values),
            "ratio": statistics.median(value / reference for value, reference in zip(values, base, strict=True)),
        }
        for name, values in times.items()
    }


def resident_high() -> float:
    """Highest resident size of this process in MB since the counter was last cleared."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def first_call_memory(case: str, name: str, mode: str) -> float:
    """Growth in MB during the first call; to be run in a fresh process."""
    module, inputs = implementations(case)[name]()
    wanted = [*inputs, *module.parameters()]
    gradient = torch.ones(inputs[0].shape)
    warm = torch.ones(8, 8, requires_grad=True)
    torch.autograd.grad(warm @ warm, warm, torch.ones(8, 8))
    Path("/proc/self/clear_refs").write_text("5")
    before = resident_high()
    if mode == "forward":
        with torch.no_grad():
            module(*inputs)
    else:
        torch.autograd.grad(module(*inputs), wanted, gradient)
    return resident_high() - before


def memory_table() -> dict[str, dict[str, dict[str, float]]]:
    """Memory of every contender in every case, median of three fresh processes each."""
    table: dict[str, dict[str, dict[str, float]]] = {}
    for case in CASES:
        for mode in TARGETS:
            for name in ("nn.Conv2d", "PacConv2d", "PacConv2d channels_last", "unfold and multiply"):
                command = [sys.executable, __file__, "--memory", case, name, mode]
                growth = [float(subprocess.check_output(command)) for _ in range(3)]
                table.setdefault(case, {}).setdefault(name, {})[mode] = statistics.median(growth)
    return table


def gpu_table(rounds: int = 30) -> dict[str, dict[str, float]]:
    """Milliseconds on the GPU: fp32 and bf16, both layouts, eager and compiled."""
    table: dict[str, dict[str, float]] = {}
    for case, (n, channels, size, side) in CASES.items():
        for dtype in (torch.float32, torch.bfloat16):
            options = {"device": "cuda", "dtype": dtype}
            x = torch.randn(n, channels, size, size, **options).contiguous(memory_format=torch.channels_last)
            guidance = 0.1 * torch.randn(n, GUIDANCE_CHANNELS, size, size, **options)
            conv = nn.Conv2d(channels, channels, side, padding=side // 2, **options)
            layer = PacConv2d(channels, channels, side, padding=side // 2, **options)
            compiled = torch.compile(layer)
            x.requires_grad_()
            calls = {
                "nn.Conv2d": (conv, (x,)),
                "PacConv2d": (layer, (x, guidance)),
                "compiled": (compiled, (x, guidance)),
            }
            for mode in TARGETS:
                row = table.setdefault(f"{case} {dtype} {mode}", {})
                for name, (module, inputs) in calls.items():
                    row[name] = cuda_time(runner(module, tuple(t.requires_grad_() for t in inputs), mode), rounds)
    return table


def cuda_time(call: Callable[[], object], rounds: int) -> float:
    """Median milliseconds between two events around the call."""
    times = []
    for index in range(rounds + 5):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        call()
        end.record()
        torch.cuda.synchronize()
        if index >= 5:
            times.append(start.elapsed_time(end))
    return statistics.median(times)


def machine() -> dict[str, object]:
    """What the numbers depend on."""
    cpu = next((x for x in Path("/proc/cpuinfo").read_text().splitlines() if x.startswith("model name")), "")
    return {
        "processor": cpu.partition(":")[2].strip() or platform.processor(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "load": os.getloadavg(),
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def verdicts(times: dict[str, dict[str, dict[str, dict[str, float]]]], memory: dict) -> dict[str, bool]:
    """Whether each target holds."""
    held: dict[str, bool] = {}
    for case in CASES:
        for mode in TARGETS:
            row = times[case][mode]
            held[f"{case} {mode} ratio <= {TARGETS[mode][case]}"] = row["PacConv2d"]["ratio"] <= TARGETS[mode][case]
            faster = row["unfold and multiply"]["ratio"] / row["PacConv2d"]["ratio"]
            held[f"{case} {mode} {SPEEDUPS[case]}x unfold and multiply"] = faster >= SPEEDUPS[case]
            limit = MEMORY_MB[mode][case]
            held[f"{case} {mode} first call <= {limit} MB"] = memory[case]["PacConv2d"][mode] <= limit
    return held


def main(rounds: int = 15) -> int:
    """Measure, print, and write the results."""
    torch.set_num_threads(1)
    times = {case: {mode: time_case(case, mode, rounds) for mode in TARGETS} for case in CASES}
    memory = memory_table()
    held = verdicts(times, memory)
    result = {"machine": machine(), "times": times, "first_call_mb": memory, "targets": held}
    if torch.cuda.is_available():
        result["gpu"] = gpu_table()
    for case in CASES:
        for mode in TARGETS:
            row = "  ".join(f"{k} {v['ms']:.2f} ms ({v['ratio']:.2f}x)" for k, v in times[case][mode].items())
            mb = "  ".join(f"{k} {v[mode]:.0f} MB" for k, v in memory[case].items())
            print(f"{case} {mode}: {row}\n    {mb}")
    for target, ok in held.items():
        print("held  " if ok else "MISSED", target)
    target = Path(__file__).parent / "results" / "nn_pac.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=2, sort_keys=True) + "\n")
    return 0 if all(held.values()) else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        torch.set_num_threads(1)
        print(first_call_memory(*sys.argv[2:5]))
    else:
        sys.exit(main())
