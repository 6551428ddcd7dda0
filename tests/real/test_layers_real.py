"""`analyze_layers` on real networks and pictures: what is known of them, and what follows from circular padding."""

from collections.abc import Mapping
from pathlib import Path

import pytest

import biasscope
from biasscope.report.model import Report

MOBILENET = "torchvision:mobilenet_v2&padding=same&mean=0.5&std=0.5"


def report(folder: Path, weights: str, arch: str, pictures: str, **options: object) -> Report:
    model = f"file:{folder / 'weights' / weights}.safetensors?arch={arch}"
    return biasscope.analyze_layers(model, images=str(folder / pictures), attribution="none", **options)


@pytest.fixture(scope="module")
def cifar(real_data: Path) -> Report:
    return report(
        real_data, "resnet20_cifar10", "cifar_resnet20", "cifar10_test.parquet", limit=8,
        measures=["nonshiftability", "phase_variance", "equivariance_l2"],
        variants=["baseline", "antialias", "polyphase", "circular"], blame=False,
    )  # fmt: skip


def by_layer(found: Report, model: str, measure: str) -> Mapping[tuple[str, float], float]:
    """Value at every layer that compares, by name and stride."""
    result = found.result("layers")
    layers, measures = result.table("layers"), result.table("measures")
    strides = {
        layer: stride
        for name, layer, stride, yes in zip(
            *(layers[key] for key in ("model", "layer", "stride", "compared")), strict=True
        )
        if name == model and yes
    }
    rows = zip(*(measures[key] for key in ("model", "layer", "measure", "value")), strict=True)
    return {
        (str(layer), float(strides[layer] or 0)): float(value or 0)  # type: ignore[arg-type]
        for name, layer, one, value in rows
        if name == model and one == measure and layer in strides
    }


def test_nonshiftability_rises_with_the_stride(cifar: Report) -> None:
    found = by_layer(cifar, "resnet20_cifar10", "nonshiftability")
    means = []
    for stride in (1.0, 2.0, 4.0):
        values = [value for (_, at), value in found.items() if at == stride]
        means.append(sum(values) / len(values))
    assert means[0] < 0.05 < means[2]
    assert means == sorted(means)
    assert means[2] > 4 * means[0]


def test_with_circular_padding_nothing_is_lost_before_the_first_subsampling(cifar: Report) -> None:
    circular = by_layer(cifar, "resnet20_cifar10 (circular)", "nonshiftability")
    assert max(value for (_, stride), value in circular.items() if stride == 1) == 0
    assert max(value for (_, stride), value in circular.items() if stride == 4) > 0.1
    exact = by_layer(cifar, "resnet20_cifar10 (circular)", "equivariance_l2")
    assert max(exact.values()) < 1e-4
    jumps = cifar.result("layers").table("jumps")
    rows = zip(jumps["model"], jumps["measure"], jumps["layer"], jumps["subsampling"], jumps["depth"], strict=True)
    firsts = [
        (depth, yes) for model, name, _, yes, depth in rows if "circular" in str(model) and name == "phase_variance"
    ]
    assert min(firsts, key=lambda row: int(row[0] or 0))[1] is True  # type: ignore[arg-type]


def test_polyphase_is_exact(cifar: Report) -> None:
    result = cifar.result("layers")
    assert result.scalar("nonshiftability@resnet20_cifar10 (polyphase)").value == 0
    assert float(result.scalar("phase_variance@resnet20_cifar10 (polyphase)").value or 0) < 1e-9
    difference = result.scalar("nonshiftability_difference@resnet20_cifar10 (polyphase)")
    assert difference.interval is not None
    assert difference.interval.high < -0.2
    assert difference.n == 8


def test_anti_aliasing_lowers_the_variance_over_phases(cifar: Report) -> None:
    value = cifar.result("layers").scalar
    own = float(value("phase_variance@resnet20_cifar10 (antialias)").value or 0)
    plain = float(value("phase_variance@resnet20_cifar10").value or 0)
    assert own < 0.8 * plain


def test_every_block_of_mobilenet_is_reached(real_data: Path) -> None:
    found = report(
        real_data, "mobilenet_v2_imagenet", MOBILENET, "imagenet_samples_200.parquet", limit=2, grid="0,0;0,1;32,0",
        measures="equivariance_l2", layers="blocks", blame=False,
    )  # fmt: skip
    layers = found.result("layers").table("layers")
    assert {layers["stride"][place] for place in range(len(layers["layer"]))} >= {2.0, 4.0, 8.0, 16.0, 32.0}
    assert found.result("images").scalar("violations").value == 0
