import pytest
import torch

from biasscope.core.errors import UsageError
from biasscope.metrics import consistency, sampled_consistency
from tests.unit.metrics.hand import PREDICTIONS


def test_pairs_of_the_sweep_by_hand():
    pairs = torch.tensor([[-1, 0, -1, 2]])  # views 0-1 and 2-3
    # image 0: 3-3, 4-3 -> 1; image 1: 0; image 2: 2
    assert sampled_consistency(PREDICTIONS, pairs).item() == pytest.approx(3 / 6)


@pytest.mark.parametrize("share", ["image", "batch"])
def test_drawn_pairs_are_unbiased_for_the_exact_value_with_replacement(share):
    exact = consistency(PREDICTIONS, replacement=True).item()
    drawn = sampled_consistency(PREDICTIONS, draws=40_000, share=share).item()
    assert drawn == pytest.approx(exact, abs=0.01)
    assert drawn != consistency(PREDICTIONS).item()


def test_draws_are_seeded():
    table = torch.randint(3, (20, 50), generator=torch.Generator().manual_seed(1))
    assert sampled_consistency(table, seed=4) == sampled_consistency(table, seed=4)
    assert sampled_consistency(table, seed=4) != sampled_consistency(table, seed=5)


def test_a_batch_shares_its_pair():
    table = torch.arange(6)[:, None].repeat(1, 30)  # alike only where a view is paired with itself
    values = {sampled_consistency(table, seed=seed, share="batch").item() for seed in range(40)}
    assert values == {0.0, 1.0}
    assert 0 < sampled_consistency(table, draws=5).item() < 0.5  # each image has pairs of its own


@pytest.mark.parametrize("options", [{"share": "none"}, {"draws": 0}])
def test_wrong_options(options):
    with pytest.raises(UsageError):
        sampled_consistency(PREDICTIONS, **options)
