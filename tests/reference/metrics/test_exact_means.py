"""Means of shares against fractions of whole numbers: nothing is rounded before the last division."""

from collections import Counter
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
import torch

from biasscope.metrics import (
    accuracy,
    consistency,
    consistency_given_correct,
    k_agreement,
    tta_consistency_gain,
)


@pytest.fixture
def answers():
    return np.random.default_rng(8).integers(0, 3, (49, 23))


def pairs(column):
    return sum(count * (count - 1) // 2 for count in Counter(column.tolist()).values())


def test_consistency(answers):
    views, images = answers.shape
    exact = Fraction(sum(pairs(column) for column in answers.T), images * views * (views - 1) // 2)
    assert consistency(torch.from_numpy(answers)).item() == float(exact)
    squares = sum(count**2 for column in answers.T for count in Counter(column.tolist()).values())
    assert consistency(torch.from_numpy(answers), True).item() == float(Fraction(squares, images * views**2))


def test_accuracy_and_consistency_given_correct(answers):
    truth = answers[7].copy()
    truth[::5] = -1
    known = truth >= 0
    exact = Fraction(int((answers == truth)[:, known].sum()), int(known.sum()) * len(answers))
    assert accuracy(torch.from_numpy(answers), torch.from_numpy(truth)).item() == float(exact)
    alike = int((np.delete(answers, 7, 0) == answers[7])[:, known].sum())
    given = Fraction(alike, int(known.sum()) * (len(answers) - 1))
    found = consistency_given_correct(torch.from_numpy(answers), torch.from_numpy(truth), reference=7)
    assert found.item() == float(given)


def test_k_agreement(answers):
    few = answers[:12]
    triples = [sum(len(set(three)) == 1 for three in combinations(column.tolist(), 3)) for column in few.T]
    exact = Fraction(sum(triples), few.shape[1] * 220)
    assert k_agreement(torch.from_numpy(few), 3).item() == float(exact)


def test_gain_of_averaging_is_not_rounded_to_single_precision(answers):
    averaged = answers[:3]
    gain = [
        Fraction(pairs(after), 3) - Fraction(pairs(single), 1176)
        for after, single in zip(averaged.T, answers.T, strict=False)
    ]
    found = tta_consistency_gain(torch.from_numpy(answers), {4: torch.from_numpy(averaged)})
    assert found.item() == pytest.approx(float(sum(gain) / len(gain)), rel=1e-12)
