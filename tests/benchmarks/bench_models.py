"""An anti-aliased ResNet-18 against its baseline: time beside multiply-adds.

One thread, interleaved rounds, medians of the ratios of each round, CPU time of the thread. The target is for the
default surgery; the stem, whose work at stride 1 is bound by memory, is recorded without one.
"""

from __future__ import annotations

import statistics
import sys
import time

import torch
import torchvision
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from biasscope.models import antialias
from tests.benchmarks.measure import record

ROUNDS, WARM_UP, MOST = 31, 3, 1.2
FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def multiply_adds(model: nn.Module, x: Tensor) -> int:
    """Multiply-adds of one forward pass, blurs included."""
    with FlopCounterMode(display=False) as counter:
        model(x)
    return counter.get_total_flops() // 2


def seconds(model: nn.Module, x: Tensor) -> float:
    """CPU seconds of one forward pass in this thread."""
    started = time.thread_time()
    model(x)
    return time.thread_time() - started


def compared(layout: str, filter_size: int, stem: bool) -> dict[str, object]:
    """One line: ratios of time and of multiply-adds."""
    torch.manual_seed(0)
    baseline = torchvision.models.resnet18().eval().to(memory_format=FORMATS[layout])
    changed = antialias(baseline, filter_size, stem=stem)
    x = torch.randn(4, 3, 224, 224).contiguous(memory_format=FORMATS[layout])
    work = multiply_adds(changed, x) / multiply_adds(baseline, x)
    pairs = [(seconds(changed, x), seconds(baseline, x)) for _ in range(ROUNDS + WARM_UP)][WARM_UP:]
    ratio = statistics.median(one / other for one, other in pairs)
    target = {} if stem else {"ratio_of_ratios_target": MOST, "met": ratio / work <= MOST}
    return {
        "work": f"ResNet-18, 4 x 224 x 224, {layout}, {filter_size} taps{', stem' if stem else ''}",
        "baseline_ms": 1000 * statistics.median(other for _, other in pairs),
        "antialiased_ms": 1000 * statistics.median(one for one, _ in pairs),
        "time_ratio": ratio,
        "multiply_add_ratio": work,
        "ratio_of_ratios": ratio / work,
        **target,
    }


def main() -> int:
    """Measure and record `results/models.json`."""
    torch.set_num_threads(1)
    cases = [("contiguous", 4, False), ("channels_last", 4, False), ("contiguous", 3, False), ("contiguous", 4, True)]
    with torch.inference_mode():
        rows = [compared(*case) for case in cases]
    record("models", rows)
    return 0 if all(row.get("met", True) for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
