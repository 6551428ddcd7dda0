"""Which pictures are taken: as many as asked for, all equally likely, a small sample within a large one."""

import numpy as np
import pytest
from scipy.stats import chisquare

from biasscope.core.errors import UsageError
from biasscope.images.sampling import choose


@pytest.mark.parametrize("limit", [1, 10, 99])
def test_as_many_as_asked_for_in_order(limit):
    chosen = choose(100, limit, seed=3)
    assert len(chosen) == len(set(chosen)) == limit
    assert (np.diff(chosen) > 0).all()
    assert chosen.min() >= 0
    assert chosen.max() < 100


def test_samples_are_nested():
    samples = [set(choose(500, limit, seed=1)) for limit in (5, 50, 200)]
    assert samples[0] < samples[1] < samples[2]


def test_every_place_is_equally_likely():
    hits = np.zeros(20)
    for seed in range(4000):
        hits[choose(20, 5, seed)] += 1
    assert chisquare(hits).pvalue > 1e-3


def test_any_seed():
    assert len(choose(10, 3, seed=-1)) == len(choose(10, 3, seed=2**70)) == 3


@pytest.mark.parametrize("limit", [0, -4])
def test_a_limit_below_one(limit):
    with pytest.raises(UsageError, match="at least 1"):
        choose(10, limit, seed=0)
