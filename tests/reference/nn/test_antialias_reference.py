"""Blur pooling against a naive loop and the printed one-dimensional oracle."""

import math

import pytest
import torch

from biasscope.nn import BlurPool2d, MaxBlurPool2d


def source(index, size, mode):
    if mode == "circular":
        return index % size
    if mode == "replicate":
        return min(max(index, 0), size - 1)
    while size > 1 and not 0 <= index < size:
        index = -index if index < 0 else 2 * (size - 1) - index
    return index if size > 1 else 0


def naive(x, m, stride, mode):
    height, width = x.shape
    out = torch.zeros(-(-height // stride), -(-width // stride), dtype=x.dtype)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            for a in range(m):
                for b in range(m):
                    y, z = i * stride + a - (m - 1) // 2, j * stride + b - (m - 1) // 2
                    if mode == "zeros" and not (0 <= y < height and 0 <= z < width):
                        continue
                    value = x[source(y, height, mode), source(z, width, mode)]
                    out[i, j] += math.comb(m - 1, a) * math.comb(m - 1, b) / 4 ** (m - 1) * value
    return out


@pytest.mark.parametrize("mode", ["reflect", "circular", "replicate", "zeros"])
@pytest.mark.parametrize(("m", "stride", "size"), [(2, 2, (5, 4)), (3, 2, (6, 5)), (4, 2, (5, 6)), (7, 3, (3, 2))])
def test_against_the_loop(mode, m, stride, size):
    x = torch.randn(2, *size, dtype=torch.float64)
    out = BlurPool2d(2, m, stride, mode, dtype=torch.float64)(x[None])[0]
    expected = torch.stack([naive(channel, m, stride, mode) for channel in x])
    torch.testing.assert_close(out, expected, rtol=0, atol=1e-14)


def test_one_dimensional_oracle():
    row = torch.tensor([0.0, 0, 1, 1, 0, 0, 1, 1])

    def pooled(row, filter_size):
        pool = MaxBlurPool2d(1, (1, 2), (1, 2), filter_size=filter_size, padding_mode="circular", circular_max=True)
        return pool(row.view(1, 1, 1, -1)).flatten().tolist()

    assert pooled(row, 1) == [0, 1, 0, 1]
    assert pooled(row.roll(-1), 1) == [1, 1, 1, 1]
    assert pooled(row, 3) == [0.5, 1, 0.5, 1]
    assert pooled(row.roll(-1), 3) == [0.75, 0.75, 0.75, 0.75]
