"""The prediction table of the batched sweep is that of a naive loop, elementwise."""

import numpy as np
import pytest
import torch

from biasscope.sweep import sweep
from tests.reference.sweep import naive
from tests.unit.sweep.toys import CLASSES, Roll, loaded, source

INTEGERS = ("predictions", "rank_true", "rank_reference", "targets")
NUMBERS = ("p_top", "p_true", "p_reference", "p_step")


def agree(found, expected):
    for name in INTEGERS:
        np.testing.assert_array_equal(getattr(found, name).numpy(), expected[name], err_msg=name)
    for name in NUMBERS:
        np.testing.assert_allclose(getattr(found, name).numpy(), expected[name], atol=1e-5, err_msg=name)


@pytest.mark.parametrize("batch", [1, 4, 7, 10, 63, 200])
def test_every_batch_size_gives_the_table_of_the_loop(batch):
    model, pictures, roll = loaded(), source(), Roll(1)
    expected = naive.table(model, pictures, roll)
    assert len(np.unique(expected["predictions"])) > 1
    agree(sweep(model, pictures, roll, batch=batch, floor=0), expected)


@pytest.mark.parametrize("count", [1, 2, 9])
def test_every_number_of_pictures_does(count):
    model, pictures = loaded(), source(count, seed=count)
    agree(sweep(model, pictures, Roll(2), batch=4), naive.table(model, pictures, Roll(2)))


def test_a_stream_of_unknown_length_does():
    model, pictures = loaded(), source(5, known=False)
    agree(sweep(model, pictures, Roll(1), batch=4), naive.table(model, pictures, Roll(1)))


@pytest.mark.parametrize("options", [{"channels_last": True}, {"device": "cpu"}, {"tta": ()}])
def test_options_that_change_no_answer(options):
    model, pictures = loaded(), source()
    agree(sweep(model, pictures, Roll(1), batch=4, **options), naive.table(model, pictures, Roll(1)))


def test_test_time_augmentation_averages_disjoint_groups_of_views():
    model, pictures = loaded(), source(6)
    found = sweep(model, pictures, Roll(2), batch=4, tta=(3, 6, 30), seed=5)
    p = naive.table(model, pictures, Roll(2))["probabilities"]
    from biasscope.sweep.tta import draw_groups

    groups = draw_groups((3, 6, 30), 25, 5)
    assert {k: g.shape for k, g in groups.items()} == {3: (4, 3), 6: (4, 6)}
    assert set(found.tta) == {3, 6}
    for k, drawn in groups.items():
        assert len(np.unique(drawn)) == drawn.size
        np.testing.assert_array_equal(found.tta[k].numpy(), p[drawn].mean(1).argmax(1))
    everything = sweep(model, pictures, Roll(2), tta=(25,)).tta[25]
    np.testing.assert_array_equal(everything.numpy(), p.mean(0, keepdims=True).argmax(1))


def test_half_precision_keeps_softmax_in_float32():
    model, pictures = loaded(), source()
    found = sweep(model, pictures, Roll(1), amp="bf16", batch=9)
    expected = naive.table(model, pictures, Roll(1))
    assert found.p_top.dtype == torch.float32
    ones = found.p_top + 0
    assert not torch.equal(ones, ones.bfloat16().float())
    np.testing.assert_allclose(found.p_top.numpy(), expected["p_top"], atol=0.1)
    assert CLASSES * found.p_top.min() >= 1


def test_a_cut_module_in_double_precision_runs():
    model = loaded()
    model.module.double()
    found = sweep(model, source(), Roll(1))
    agree(found, naive.table(loaded(), source(), Roll(1)))
