"""What metrics are given: arrays of any library, and a clear error for what does not fit."""

import pytest
import torch

from biasscope.core.errors import UsageError
from biasscope.metrics import METRICS
from tests.contracts.metrics.filled import filled, make, same
from tests.unit.metrics.tables import block, inputs

VECTORS = [name for name, entry in METRICS.items() if entry.facts["vector"]]


def test_numpy_tables_are_taken_too(name, found):
    def plain(value):
        if isinstance(value, dict):
            return {k: plain(table) for k, table in value.items()}
        return value.numpy() if isinstance(value, torch.Tensor) else value

    given = {key: plain(value) for key, value in inputs(METRICS[name], found).items()}
    metric = make(name)
    metric.update(**given)
    assert same(metric.compute(), filled(name, found).compute())


BROKEN = {
    "predictions": [lambda t: t.float(), lambda t: t[0], lambda t: t - 100, lambda t: t[:0], lambda t: t > 0],
    "targets": [lambda t: t.float(), lambda t: t[1:], lambda t: t - 5, lambda t: t[None]],
    "p_top": [lambda t: t * 40, lambda t: t[0], lambda t: t.round().int(), lambda t: t * torch.nan],
    "p_true": [lambda t: t * 40 + 3, lambda t: t[0], lambda t: t.index_fill(0, torch.tensor([0]), torch.nan)],
    "p_reference": [lambda t: t * 40, lambda t: t[0], lambda t: t.index_fill(0, torch.tensor([0]), torch.nan)],
    "p_step": [lambda t: t + 2, lambda t: t[0], lambda t: t * torch.nan],
    "rank_true": [lambda t: t.float(), lambda t: t[0], lambda t: t - 7],
    "steps": [lambda t: t + 90, lambda t: t - 90, lambda t: t.float(), lambda t: t[0], lambda t: t[:, 1:]],
    "reference": [lambda r: 400, lambda r: -1, lambda r: 1.5, lambda r: True],
    "offsets": [lambda t: None, lambda t: t[1:], lambda t: t[:, :1], lambda t: t * torch.nan],
    "tta": [lambda t: {}, lambda t: {2: t[2].float()}, lambda t: None, lambda t: {3: t[3][0]}],
    "derivatives": [lambda t: t.int(), lambda t: t[:, 0], lambda t: t * torch.nan],
}
CASES = [
    pytest.param(name, key, spoil, id=f"{name}-{key}-{number}")
    for name, entry in METRICS.items()
    for key in entry.facts["inputs"]
    for number, spoil in enumerate(BROKEN[key])
]


@pytest.mark.parametrize(("name", "key", "spoil"), CASES)
def test_wrong_shapes_types_and_values_give_a_clear_error(name, key, spoil, found):
    given = inputs(METRICS[name], found)
    given[key] = spoil(given[key])
    metric = make(name)
    with pytest.raises(UsageError) as raised:
        metric.update(**given)
    assert raised.value.where
    assert all(float(value.sum()) == 0 for value in metric.sums)


@pytest.mark.parametrize("name", VECTORS)
def test_vectors_have_an_entry_a_view_and_blocks_must_agree(name, found):
    metric = filled(name, found)
    assert metric.compute().shape == (11,)
    assert same(filled(name, found, views=11).compute(), metric.compute())
    with pytest.raises(UsageError, match="same views"):
        metric.update(**inputs(METRICS[name], block(views=10)))
