"""`analyze_invariance` on real networks and pictures: known accuracies, and what anti-aliasing does to them."""

from pathlib import Path

import pytest

import biasscope
from biasscope.report.model import Report


def report(folder: Path, weights: str, arch: str, pictures: str, **options: object) -> Report:
    model = f"file:{folder / 'weights' / weights}.safetensors?arch={arch}"
    return biasscope.analyze_invariance(model, images=str(folder / pictures), **options)


@pytest.fixture(scope="module")
def cifar(real_data: Path) -> Report:
    return report(
        real_data, "resnet20_cifar10", "cifar_resnet20", "cifar10_test.parquet", limit=400, lie=0, grid="3x3:4",
        protocol=["circular", "embed"], variants=["baseline", "antialias", "circular"],
    )  # fmt: skip


def test_resnet20_is_as_accurate_as_is_known(cifar: Report) -> None:
    found = cifar.results[0].table("map")
    rows = zip(found["model"], found["dy"], found["dx"], found["accuracy"], strict=True)
    unshifted = next(value for model, dy, dx, value in rows if (dy, dx) == (0, 0) and model == "resnet20_cifar10")
    assert abs(float(unshifted or 0) - 0.81) < 0.05  # type: ignore[arg-type]


def test_circular_padding_makes_shifts_by_the_product_of_strides_harmless(cifar: Report) -> None:
    """The network subsamples by 4 in all, and the grid has steps of 4 pixels."""
    scalar = cifar.results[0].scalar
    own, plain = scalar("consistency@resnet20_cifar10 (circular)"), scalar("consistency@resnet20_cifar10")
    assert float(own.value or 0) > 0.999
    assert 0.5 < float(plain.value or 0) < 0.999
    assert own.n == plain.n == 400


def test_anti_aliasing_without_retraining_costs_accuracy(cifar: Report) -> None:
    found = cifar.results[0].scalar("accuracy_difference@resnet20_cifar10 (antialias)")
    assert found.interval is not None
    assert found.interval.high < 0
    assert any("lower by" in sentence for sentence in cifar.answer)


def test_every_picture_was_read(cifar: Report) -> None:
    images = cifar.result("images")
    assert images.scalar("images").value == 400
    assert images.scalar("violations").value == 0


def test_mobilenet_beside_published_figures(real_data: Path) -> None:
    arch = "torchvision:mobilenet_v2&padding=same&mean=0.5&std=0.5"
    found = report(
        real_data, "mobilenet_v2_imagenet", arch, "imagenet_samples_200.parquet", limit=40, lie=0, protocol="crop",
        grid="diagonal:1",
    )  # fmt: skip
    assert abs(float(found.results[0].scalar("accuracy@mobilenet_v2_imagenet").value or 0) - 0.865) < 0.15
    figures = found.result("published").table("figures")
    assert set(figures["measure"]) == {"consistency", "accuracy"}
    assert not any(figures["same_protocol"])


def test_squeezenet_is_steadier_with_anti_aliasing(real_data: Path) -> None:
    found = report(
        real_data, "squeezenet1_0_imagenet", "torchvision:squeezenet1_0", "imagenet_samples_200.parquet", limit=40,
        lie=0, protocol="crop", grid="horizontal:3", variants=["baseline", "antialias"],
    )  # fmt: skip
    assert abs(float(found.results[0].scalar("accuracy@squeezenet1_0_imagenet").value or 0) - 0.64) < 0.2
    difference = found.results[0].scalar("consistency_difference@squeezenet1_0_imagenet (antialias)")
    assert difference.value is not None
    assert difference.value > 0
    assert found.results[0].kind == "shifts"
