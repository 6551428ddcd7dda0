from collections import Counter

import torch

from biasscope.copies.pool import choose, make_pool
from biasscope.copies.train.batches import Batches


def test_n_passes_show_each_version_of_each_image_once() -> None:
    versions = choose(make_pool("shift", shifts="3x3"), [4], 10, seed=0)
    batches = Batches(versions, seed=5, batch=8)
    shown = Counter(pair for step in range(5) for pair in zip(*(part.tolist() for part in batches(step)), strict=True))
    assert shown == Counter({(i, v): 1 for i in range(10) for v in versions[i].tolist()})


def test_a_batch_depends_on_its_step_alone() -> None:
    versions = choose(make_pool("shift", shifts="3x3"), [4], 10, seed=0)
    one, other = Batches(versions, seed=5, batch=7), Batches(versions, seed=5, batch=7)
    forward = [one(step) for step in range(12)]
    for step in (11, 3, 0, 7):
        assert all(torch.equal(a, b) for a, b in zip(forward[step], other(step), strict=True))


def test_images_come_in_the_same_order_whatever_the_number_of_copies() -> None:
    pool = make_pool("shift", shifts="3x3")
    few, many = (Batches(choose(pool, [n], 20, seed=1), 1, 8) for n in (1, 9))
    assert all(torch.equal(few(step)[0], many(step)[0]) for step in range(9))
