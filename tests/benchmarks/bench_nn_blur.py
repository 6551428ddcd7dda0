"""Time of `BlurPool2d` against those of timm and kornia, and of an anti-aliased ResNet-18 against its multiply-adds.

One thread, interleaved rounds in one process, both memory layouts, like against like: kornia pads with zeros inside
its convolution, so for reflection its convolution runs behind a reflecting pad, and for zeros timm's layer pads by
zeros. The time is that of the thread, and glibc is told to keep freed memory: otherwise whoever happens to get fresh
pages pays for their faults. Run ``python tests/benchmarks/bench_nn_blur.py``.
"""

import importlib
import json
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from biasscope.nn import BlurPool2d, MaxBlurPool2d

SHAPES = [(4, 64, 56, 56), (1, 64, 112, 112), (1, 256, 28, 28), (1, 512, 14, 14)]
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


class KorniaBehindPad(nn.Module):
    """kornia's blur with reflection: its kernel, repeated for the channels at each call as there, behind a pad."""

    def __init__(self, filter_size: int, stride: int) -> None:
        super().__init__()
        self.blur = quietly_import("kornia.filters").BlurPool2D(filter_size, stride)
        self.stride, self.amount = stride, ((filter_size - 1) // 2, filter_size // 2) * 2

    def forward(self, x: Tensor) -> Tensor:
        """Pad, blur, subsample."""
        kernel = self.blur.kernel.to(x).repeat(x.shape[1], 1, 1, 1)
        return F.conv2d(F.pad(x, self.amount, mode="reflect"), kernel, stride=self.stride, groups=x.shape[1])


def quietly_import(name: str) -> Any:
    """Import a peer without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


def contenders(padding: str, channels: int, filter_size: int) -> dict[str, nn.Module]:
    """Our layer and those of the others, stride 2, all with the same padding."""
    timm, kornia = quietly_import("timm.layers"), quietly_import("kornia.filters")
    reflects = padding == "reflect"
    return {
        "biasscope": BlurPool2d(channels, filter_size, padding_mode=padding),
        "timm": timm.BlurPool2d(channels, filter_size, 2, pad_mode="reflect" if reflects else "constant"),
        "kornia": KorniaBehindPad(filter_size, 2) if reflects else kornia.BlurPool2D(filter_size, 2),
    }


def interleaved(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of processor time of this thread, one entry a round."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    names = list(calls)
    for index in range(rounds + 5):
        for name in names[index % len(names) :] + names[: index % len(names)]:
            start = time.thread_time()
            calls[name]()
            if index >= 5:
                times[name].append(1e3 * (time.thread_time() - start))
    return times


def blur_row(padding: str, shape: tuple[int, ...], filter_size: int, layout: str, rounds: int) -> dict[str, Any]:
    """Median times, and the median per-round ratio of ours to each of the others and to the faster one."""
    x = torch.randn(shape).contiguous(memory_format=LAYOUTS[layout])
    layers = contenders(padding, shape[1], filter_size)
    times = interleaved({name: (lambda layer=layer: layer(x)) for name, layer in layers.items()}, rounds)
    medians = {name: statistics.median(values) for name, values in times.items()}
    ratio = {
        peer: statistics.median(a / b for a, b in zip(times["biasscope"], times[peer], strict=True))
        for peer in ("timm", "kornia")
    }
    names = {"padding": padding, "shape": list(shape), "filter_size": filter_size, "layout": layout}
    return names | {"ms": medians, "ratio": ratio | {"the faster": max(ratio.values())}}


class BlurBefore(nn.Module):
    """A 1 x 1 shortcut convolution of stride 2, anti-aliased: blur, then convolve."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.blur = BlurPool2d(conv.in_channels)
        self.conv = nn.Conv2d(conv.in_channels, conv.out_channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Blur, subsample, convolve."""
        return self.conv(self.blur(x))


def antialiased_resnet18() -> nn.Module:
    """ResNet-18 with every stride but the stem's blurred (Zhang 2019)."""
    import torchvision

    model = torchvision.models.resnet18()
    model.maxpool = MaxBlurPool2d(64, 3, 2, 1)
    for layer in (model.layer2, model.layer3, model.layer4):
        block = layer[0]
        block.conv1.stride = (1, 1)
        block.conv2 = nn.Sequential(BlurPool2d(block.conv1.out_channels), block.conv2)
        block.downsample[0] = BlurBefore(block.downsample[0])
    return model


def multiply_adds(model: nn.Module, x: Tensor) -> int:
    """Multiply-adds of all convolutions and linear layers in one forward."""
    total = 0

    def count(module: nn.Module, _: object, out: Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.Conv2d):
            total += out.numel() * module.weight[0].numel()
        elif isinstance(module, nn.Linear):
            total += out.numel() * module.in_features
        elif isinstance(module, BlurPool2d):
            total += out.numel() * module.filter_size**2

    hooks = [module.register_forward_hook(count) for module in model.modules()]
    model(x)
    for hook in hooks:
        hook.remove()
    return total


def resnet_row(layout: str, rounds: int) -> dict[str, Any]:
    """Ratio of times, ratio of multiply-adds, and their quotient."""
    import torchvision

    x = torch.randn(1, 3, 224, 224).contiguous(memory_format=LAYOUTS[layout])
    models = {"baseline": torchvision.models.resnet18(), "antialiased": antialiased_resnet18()}
    for model in models.values():
        model.eval().to(memory_format=LAYOUTS[layout])
    work = {name: multiply_adds(model, x) for name, model in models.items()}
    times = interleaved({name: (lambda model=model: model(x)) for name, model in models.items()}, rounds)
    slower = statistics.median(a / b for a, b in zip(times["antialiased"], times["baseline"], strict=True))
    more = work["antialiased"] / work["baseline"]
    return {"layout": layout, "time_ratio": slower, "multiply_add_ratio": more, "quotient": slower / more}


def median_ratio(rows: list[dict[str, Any]], padding: str, layout: str) -> float:
    """Median over shapes and filters of the ratio to the faster peer."""
    return statistics.median(
        row["ratio"]["the faster"] for row in rows if (row["padding"], row["layout"]) == (padding, layout)
    )


def keep_freed_memory() -> None:
    """Start this script again under an allocator that gives nothing back, unless it runs so already."""
    wanted = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "2147483647"}
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | wanted)  # noqa: S606 (no shell is wanted)


def main(rounds: int = 41) -> int:
    """Measure, print, and write the results."""
    from tests.benchmarks.bench_nn_pac import machine

    torch.set_num_threads(1)
    with torch.no_grad():
        blur = [
            blur_row(padding, s, m, layout, rounds)
            for padding in ("reflect", "zeros")
            for s in SHAPES
            for m in (3, 4, 5)
            for layout in LAYOUTS
        ]
        resnet = [resnet_row(layout, max(5, rounds // 4)) for layout in LAYOUTS]
    for row in blur:
        what = (row["padding"], row["shape"], row["filter_size"], row["layout"])
        print(*what, {k: round(v, 2) for k, v in row["ratio"].items()})
    for row in resnet:
        print(row)
    groups = [(padding, layout) for padding in ("reflect", "zeros") for layout in LAYOUTS]
    medians = {f"{padding}, {layout}": median_ratio(blur, padding, layout) for padding, layout in groups}
    held = {f"{what}: BlurPool2d not slower than the faster peer": ratio <= 1 for what, ratio in medians.items()}
    held["ResNet-18 at most 1.2x its multiply-adds"] = all(row["quotient"] <= 1.2 for row in resnet)
    print(medians)
    for target, ok in held.items():
        print("held  " if ok else "MISSED", target)
    result = {
        "machine": machine() | peer_versions(),
        "blur": blur,
        "median_ratio_to_the_faster": medians,
        "resnet18": resnet,
        "targets": held,
    }
    target = Path(__file__).parent / "results" / "nn_blur.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=2, sort_keys=True) + "\n")
    return 0 if all(held.values()) else 1


def peer_versions() -> dict[str, Any]:
    """Versions of the libraries compared with."""
    from importlib.metadata import version

    return {name: version(name) for name in ("timm", "kornia", "torchvision")}


if __name__ == "__main__":
    keep_freed_memory()
    sys.path.insert(0, str(Path(__file__).parents[2]))
    sys.exit(main())
