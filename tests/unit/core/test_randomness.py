"""Hashes are fixed for ever, well mixed, and generators are independent by purpose."""

import numpy as np
from scipy.stats import kstest

from biasscope.core.randomness import generator, mix, uniform


def test_hash_values_do_not_change_between_versions() -> None:
    assert mix(0).tolist() == [16294208416658607535]  # first output of SplitMix64 with seed 0


def test_uniform_numbers_are_uniform_and_depend_on_every_key() -> None:
    keys = np.arange(20_000, dtype=np.uint64)
    numbers = uniform(1, keys)
    assert kstest(numbers, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(numbers, uniform(2, keys))[0, 1]) < 0.03
    assert abs(np.corrcoef(numbers[1:], numbers[:-1])[0, 1]) < 0.03


def test_order_of_keys_matters() -> None:
    assert mix(1, 2)[0] != mix(2, 1)[0]


def test_generators_are_named_and_seeded() -> None:
    assert generator(1, "a").random() == generator(1, "a").random()
    assert generator(1, "a").random() != generator(1, "b").random()
    assert generator(1, "a").random() != generator(2, "a").random()
