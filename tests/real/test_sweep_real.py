"""Sweeps of published networks over real pictures, against what the same pictures give without the engine."""

import io

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image

from biasscope.images import open_images
from biasscope.models import load_model
from biasscope.sweep import Sweep, sweep
from biasscope.transforms import make


@pytest.fixture(scope="module")
def cifar(real_data):
    return load_model(f"file:{real_data}/weights/resnet20_cifar10.safetensors?arch=cifar_resnet20")


@pytest.fixture(scope="module")
def shifted(real_data, cifar):
    return sweep(cifar, f"{real_data}/cifar10_test.parquet", make("circular", grid="5x5:4"), limit=150, seed=1)


def test_every_answer_is_that_of_the_rolled_picture(real_data, cifar, shifted):
    pictures = open_images(f"{real_data}/cifar10_test.parquet", limit=150, seed=1)
    x = cifar.preprocessing.batch([picture.pixels for picture in pictures])
    for view, (dy, dx) in enumerate(shifted.offsets.tolist()):
        p = cifar(x.roll((dy, dx), (2, 3))).double().softmax(1).numpy()
        certain = np.sort(p, 1)[:, -1] - np.sort(p, 1)[:, -2] > 1e-4
        np.testing.assert_array_equal(shifted.predictions[view].numpy()[certain], p.argmax(1)[certain])
        np.testing.assert_allclose(shifted.p_top[view], p.max(1), atol=1e-4)
        assert certain.mean() > 0.98


def test_a_good_network_is_right_where_it_was_and_less_so_far_away(shifted):
    found = {item.metric: item for item in shifted.measure()}
    assert 0.7 < found["accuracy_at_reference"].value < 0.95
    assert found["worst_case"].value < found["accuracy"].value <= found["accuracy_at_reference"].value + 0.02
    assert 0.5 < found["consistency"].value < 0.99
    assert found["consistency"].low < found["consistency"].value < found["consistency"].high
    assert shifted.class_names[3] == "cat"
    assert shifted.problems == ()
    assert shifted.floors["batch layout"].mean_absolute_change < 1e-4


def test_it_goes_through_a_file_and_a_checkpoint(real_data, cifar, shifted, tmp_path):
    again = Sweep.load(shifted.save(tmp_path / "cifar.safetensors"))
    assert again.measure() == shifted.measure()
    parts = [
        sweep(
            cifar, f"{real_data}/cifar10_test.parquet", make("circular", grid="5x5:4"),
            limit=150, seed=1, checkpoint=tmp_path / "checkpoint", shard=(rank, 2),
        )
        for rank in (0, 1)
    ]  # fmt: skip
    joined = Sweep.concatenate(parts)
    assert joined.image_ids == shifted.image_ids
    torch.testing.assert_close(joined.p_reference, shifted.p_reference, atol=1e-4, rtol=0)


def test_the_reference_of_a_crop_is_what_the_model_sees(real_data):
    model = load_model(f"file:{real_data}/weights/squeezenet1_0_imagenet.safetensors?arch=torchvision:squeezenet1_0")
    path = real_data / "imagenet_samples_200.parquet"
    found = sweep(model, open_images(path), make("crop", grid="3x3"), limit=12, tta=(9,), floor=0)
    table = pl.read_parquet(path).head(12)
    x = model.preprocessing.batch([Image.open(io.BytesIO(data)) for data in table["jpeg"]])
    p = model(x).softmax(1)
    np.testing.assert_allclose(found.p_top[found.reference], p.max(1).values, atol=1e-4)
    assert found.targets.tolist() == table["class_id"].to_list()
    right = (p.argmax(1) == found.targets).double().mean().item()
    assert found.measure(["accuracy_at_reference"])[0].value == pytest.approx(right)
    assert right > 0.3
