"""Time of `BlurPool2d` against those of timm and kornia, and of an anti-aliased ResNet-18 against its multiply-adds.

One thread, interleaved rounds in one process, both memory layouts. timm pads by reflection as we do; kornia pads with
zeros inside the convolution, which is less work. Run ``python tests/benchmarks/bench_nn_blur.py``.
"""

import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from biasscope.nn import BlurPool2d, MaxBlurPool2d

SHAPES = [(4, 64, 56, 56), (1, 64, 112, 112), (1, 256, 28, 28), (1, 512, 14, 14)]
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def peers(channels: int, filter_size: int) -> dict[str, nn.Module]:
    """Our layer and those of the others, stride 2."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import kornia
        from timm.layers import BlurPool2d as TimmBlurPool2d
    return {
        "biasscope": BlurPool2d(channels, filter_size),
        "biasscope zeros": BlurPool2d(channels, filter_size, padding_mode="zeros"),
        "timm": TimmBlurPool2d(channels, filter_size, 2),
        "kornia": kornia.filters.BlurPool2D(filter_size, 2),
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


def blur_row(shape: tuple[int, ...], filter_size: int, layout: str, rounds: int) -> dict[str, Any]:
    """Median times, and the median per-round ratio of ours to the faster of the others."""
    x = torch.randn(shape).contiguous(memory_format=LAYOUTS[layout])
    calls = {name: (lambda module=module: module(x)) for name, module in peers(shape[1], filter_size).items()}
    times = interleaved(calls, rounds)
    medians = {name: statistics.median(values) for name, values in times.items()}
    ratio = {
        f"{ours} / {peer}": statistics.median(a / b for a, b in zip(times[ours], times[peer], strict=True))
        for ours in ("biasscope", "biasscope zeros")
        for peer in ("timm", "kornia")
    }
    return {"shape": list(shape), "filter_size": filter_size, "layout": layout, "ms": medians, "ratio": ratio}


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


def not_slower(rows: list[dict[str, Any]], pair: str) -> bool:
    """Whether the median ratio over all shapes is at most 1 in each layout."""
    return all(
        statistics.median(row["ratio"][pair] for row in rows if row["layout"] == layout) <= 1.0 for layout in LAYOUTS
    )


def main(rounds: int = 41) -> int:
    """Measure, print, and write the results."""
    from tests.benchmarks.bench_nn_pac import machine

    torch.set_num_threads(1)
    with torch.no_grad():
        blur = [blur_row(s, m, layout, rounds) for s in SHAPES for m in (3, 4, 5) for layout in LAYOUTS]
        resnet = [resnet_row(layout, max(5, rounds // 4)) for layout in LAYOUTS]
    for row in blur:
        print(row["shape"], row["filter_size"], row["layout"], {k: round(v, 2) for k, v in row["ratio"].items()})
    for row in resnet:
        print(row)
    held = {
        "reflection: BlurPool2d not slower than timm": not_slower(blur, "biasscope / timm"),
        "zeros: BlurPool2d not slower than kornia": not_slower(blur, "biasscope zeros / kornia"),
        "reflection: BlurPool2d not slower than kornia, which pads with zeros": not_slower(blur, "biasscope / kornia"),
        "ResNet-18 at most 1.2x its multiply-adds": all(row["quotient"] <= 1.2 for row in resnet),
    }
    for target, ok in held.items():
        print("held  " if ok else "MISSED", target)
    result = {"machine": machine() | peer_versions(), "blur": blur, "resnet18": resnet, "targets": held}
    target = Path(__file__).parent / "results" / "nn_blur.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=2, sort_keys=True) + "\n")
    return 0 if all(held.values()) else 1


def peer_versions() -> dict[str, Any]:
    """Versions of the libraries compared with."""
    from importlib.metadata import version

    return {name: version(name) for name in ("timm", "kornia", "torchvision")}


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    sys.exit(main())
