"""What an analysis of upsampling costs beside the forward passes that it needs.

Decoders of three transposed convolutions and two convolutions, codes of 16 x 16 to pictures of 128 x 128, with 256 or
512 channels at first; one thread, CPU time of the thread, interleaved rounds, medians of the ratios of each round. Bare
work is: one forward pass over the pictures, one over constants of twice the side, one over one picture. The target is
1.2 times that and the spectra, so the time of the spectra is taken off the analysis before the ratio.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from biasscope.upsampling import analyse, phase_anova, spectral_peaks
from biasscope.upsampling.watch import watch
from tests.benchmarks.measure import record

ROUNDS, WARM_UP, MOST = 7, 2, 1.2
PICTURES, BATCH, CHANNELS, LEVELS = 32, 16, 16, 5


def decoder(width: int) -> nn.Module:
    """Generator-like stack of transposed convolutions."""
    torch.manual_seed(0)
    half, quarter = width // 2, width // 4
    return nn.Sequential(
        nn.ConvTranspose2d(width, half, 3, 2, 1, 1), nn.BatchNorm2d(half), nn.ReLU(),
        nn.Conv2d(half, half, 3, 1, 1), nn.ReLU(),
        nn.ConvTranspose2d(half, quarter, 3, 2, 1, 1), nn.BatchNorm2d(quarter), nn.ReLU(),
        nn.Conv2d(quarter, quarter, 3, 1, 1), nn.ReLU(),
        nn.ConvTranspose2d(quarter, 3, 4, 2, 1),
    ).eval()  # fmt: skip


def forwards(net: nn.Module, codes: Tensor) -> None:
    """Every picture once."""
    with torch.inference_mode():
        for part in torch.split(codes, BATCH):
            net(part)


def constants(net: nn.Module, codes: Tensor) -> None:
    """Constant pictures of twice the side."""
    channels, height, width = codes.shape[1:]
    with torch.inference_mode():
        net(torch.zeros(LEVELS, channels, 2 * height, 2 * width))


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this thread."""
    started = time.thread_time()
    work()
    return time.thread_time() - started


def parts(net: nn.Module, codes: Tensor) -> dict[str, Callable[[], object]]:
    """Pieces of work by name."""
    seen = watch(net, codes, batch=BATCH, channels=CHANNELS)
    maps = [torch.cat(found) for found in seen.maps.values()]
    periods = [(2, 2), (4, 4), (8, 8)]
    return {
        "forwards": lambda: forwards(net, codes),
        "constants": lambda: constants(net, codes),
        "single": lambda: forwards(net, codes[:1]),
        "spectra": lambda: [spectral_peaks(m, p, margin=m.shape[-1] // 8) for m, p in zip(maps, periods, strict=True)],
        "watched": lambda: watch(net, codes, batch=BATCH, channels=CHANNELS),
        "variance": lambda: [phase_anova(m, p, margin=m.shape[-1] // 8) for m, p in zip(maps, periods, strict=True)],
        "analysis": lambda: analyse(net, codes, batch=BATCH, channels=CHANNELS, heads=0),
    }


def row(name: str, ratios: list[float], **more: float) -> dict[str, object]:
    """One line of the record."""
    ordered = sorted(ratios)
    middle = statistics.median(ordered)
    return {
        "work": name, "ratio": middle, "ratio_low": ordered[len(ordered) // 4],
        "ratio_high": ordered[3 * len(ordered) // 4], "ratio_target": MOST, "met": middle <= MOST, **more,
    }  # fmt: skip


def measured(width: int) -> list[dict[str, object]]:
    """Two lines for one decoder."""
    net, codes = decoder(width), torch.randn(PICTURES, width, 16, 16)
    work = parts(net, codes)
    times = [{name: seconds(piece) for name, piece in work.items()} for _ in range(ROUNDS + WARM_UP)][WARM_UP:]
    middle = {f"{name}_ms": 1000 * statistics.median(one[name] for one in times) for name in work}
    passes = ("forwards", "constants", "single")
    whole = [(one["analysis"] - one["spectra"]) / sum(one[name] for name in passes) for one in times]
    return [
        row(f"{width} channels: all maps watched, by bare passes", [one["watched"] / one["forwards"] for one in times]),
        row(f"{width} channels: whole analysis but spectra, by its passes", whole, **middle),
    ]


def main() -> int:
    """Measure and record `results/upsampling.json`."""
    torch.set_num_threads(1)
    rows = [line for width in (256, 512) for line in measured(width)]
    record("upsampling", rows)
    return 0 if all(line["met"] for line in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
