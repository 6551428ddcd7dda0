"""Counts of overlap: the closed form, the table of known layers and stacks, naive writing."""

from __future__ import annotations

from math import gcd

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from biasscope.upsampling import layer_step, overlap, overlap_line


def pool(kernel: int, stride: int, dims: int = 2):
    return layer_step(kernel, stride, grows=False, dims=dims)


@pytest.mark.parametrize(
    ("kernel", "stride", "ratio"),
    [(2, 2, 1), (3, 2, 2), (4, 2, 1), (5, 2, 1.5), (7, 2, 4 / 3), (5, 4, 2), (4, 3, 2), (5, 3, 2), (4, 4, 1)],
)
def test_known_layers(kernel: int, stride: int, ratio: float) -> None:
    assert overlap(layer_step(kernel, stride)).ratio == pytest.approx(ratio)
    assert overlap(layer_step(kernel, stride, dims=2)).ratio == pytest.approx(ratio**2)
    assert overlap(layer_step(kernel, stride, dims=3)).ratio == pytest.approx(ratio**3)


def test_holes() -> None:
    found = overlap(layer_step(1, 2, dims=2))
    assert (found.holes, found.ratio, found.uniform) == (0.75, None, False)


@given(st.integers(1, 9), st.integers(1, 5), st.integers(1, 4))
def test_closed_form(kernel: int, stride: int, dilation: int) -> None:
    counts = overlap(layer_step(kernel, stride, dilation=dilation)).counts[0]
    assert counts == tuple(sum(j * dilation % stride == r for j in range(kernel)) for r in range(stride))
    assert (len(set(counts)) == 1) == (stride == 1 or (gcd(dilation, stride) == 1 and kernel % stride == 0))
    if dilation == 1:
        assert counts == tuple((kernel - 1 - r) // stride + 1 if r < kernel else 0 for r in range(stride))
    if gcd(dilation, stride) > 1:
        assert 0 in counts


STACKS = [
    ([(3, 2)] * 2, (3, 2, 3, 1)),
    ([(3, 2)] * 3, (4, 3, 5, 2, 5, 3, 4, 1)),
    ([(4, 2)] * 3, (8,) * 8),
    ([(3, 2), (4, 2)], (3, 3, 3, 3)),
    ([(4, 2), (3, 2)], (4, 2, 4, 2)),
]


@pytest.mark.parametrize(("layers", "counts"), STACKS)
def test_known_stacks(layers: list[tuple[int, int]], counts: tuple[int, ...]) -> None:
    found = overlap([layer_step(k, s, dims=2) for k, s in layers])
    assert found.counts == (counts, counts)
    assert found.ratio == (max(counts) / min(counts)) ** 2


def test_convolution_behind_damps() -> None:
    conv = layer_step(3, grows=False)
    assert sorted(overlap([layer_step(3, 2), conv]).counts[0]) == [4, 5]
    assert overlap([layer_step(3, 2), layer_step(2, grows=False)]).uniform


def test_gradients_of_known_layers() -> None:
    def ratio(*steps: tuple[int, int]) -> float | None:
        return overlap([pool(*step) for step in steps], direction="backward").ratio

    assert ratio((7, 2)) == pytest.approx(16 / 9)
    assert ratio((7, 2), (3, 2)) == pytest.approx(2.25)
    assert ratio((7, 2), (3, 2), (3, 2), (3, 2), (3, 2)) == pytest.approx(5.29)
    assert ratio((2, 2)) == ratio((4, 4)) == 1
    assert overlap(pool(1, 2), direction="backward").holes == 0.75


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_crop_dilation_and_output_padding_against_torch(data: st.DataObject) -> None:
    length, line, steps = 12, torch.ones(1, 1, 12, dtype=torch.float64), []
    for _ in range(data.draw(st.integers(1, 3))):
        kernel, stride = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 3))
        dilation, extra = data.draw(st.integers(1, 2)), data.draw(st.integers(0, stride - 1))
        padding = data.draw(st.integers(0, (kernel - 1) * dilation // 2))
        steps.append(layer_step(kernel, stride, padding=padding, output_padding=extra, dilation=dilation))
        line = F.conv_transpose1d(
            line, torch.ones(1, 1, kernel, dtype=torch.float64), stride=stride, padding=padding, output_padding=extra,
            dilation=dilation,
        )  # fmt: skip
    np.testing.assert_array_equal(overlap_line(length, steps), line[0, 0].numpy())


def test_phases_are_those_of_a_cropped_map() -> None:
    steps = [layer_step(3, 2, padding=1), layer_step(5, 3, padding=2, dilation=2)]
    counts = overlap(steps).counts[0]
    line = overlap_line(40, steps)
    middle = range(48, 120)
    assert [line[place] for place in middle] == [counts[place % 6] for place in middle]


@given(st.integers(1, 7), st.integers(1, 4), st.integers(1, 3))
def test_holes_are_the_share_of_positions_without_a_write(kernel: int, stride: int, dilation: int) -> None:
    found = overlap(layer_step((kernel, 2), (stride, 3), dilation=(dilation, 1)))
    assert found.holes == pytest.approx((found.map() == 0).mean())


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_lines_of_layers_that_gather_are_convolutions_of_ones(data: st.DataObject) -> None:
    line, steps = torch.ones(1, 1, 30, dtype=torch.float64), []
    for _ in range(data.draw(st.integers(1, 3))):
        kernel, stride, dilation = (data.draw(st.integers(1, most)) for most in (4, 2, 2))
        padding = data.draw(st.integers(0, kernel // 2))
        if (kernel - 1) * dilation + 1 > line.shape[-1] + 2 * padding:
            break
        steps.append(layer_step(kernel, stride, padding=padding, dilation=dilation, grows=False))
        ones = torch.ones(1, 1, kernel, dtype=torch.float64)
        line = F.conv1d(line, ones, stride=stride, padding=padding, dilation=dilation)
    np.testing.assert_array_equal(overlap_line(30, steps), line[0, 0].numpy())


def test_what_a_stack_is_called() -> None:
    three, four = layer_step(3, 2, name="a"), layer_step(4, 2, name="b")
    both, back = overlap([three, four]), overlap([three, four], direction="backward")
    assert (both.kind, both.name, both.layers, back.name) == ("stack", "b", 2, "a")
    assert overlap([three]).kind == overlap(three).kind == three.kind != "stack"


def test_order_of_axes_and_map() -> None:
    found = overlap(layer_step((3, 4), (2, 2)))
    np.testing.assert_array_equal(found.map(), [[4, 4], [2, 2]])


def test_stacks_of_unlike_dimensions_are_refused() -> None:
    with pytest.raises(ValueError, match="same number of axes"):
        overlap([layer_step(3, 2), layer_step(3, 2, dims=2)])
    assert overlap([]).uniform
