"""captum's robustness metrics measure some of the same things, one picture or one perturbation at a time."""

import pytest
import torch
from captum.robust import AttackComparator, MinParamPerturbation
from torch import nn

from biasscope.metrics import (
    accuracy_per_shift,
    agreement_per_shift,
    flipping_shifts,
    mean_absolute_change_from_reference,
    top1_change,
)

SHIFTS = [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (1, 0), (1, 1), (3, 2)]


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(3)
    layers = [nn.Conv2d(1, 6, 3, 2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(54, 4), nn.Softmax(1)]
    net = nn.Sequential(*layers).eval()
    with torch.no_grad():
        net[4].weight *= 8  # sure enough of itself to change its mind
    return net


@pytest.fixture(scope="module")
def images():
    return torch.randn(12, 1, 14, 14, generator=torch.Generator().manual_seed(2))


@pytest.fixture(scope="module")
def table(model, images):
    """Probabilities (S, N, C) of circular shifts."""
    with torch.no_grad():
        return torch.stack([model(images.roll(shift, (2, 3))) for shift in SHIFTS])


def compared(model, images, metric, **given):
    """Mean of a metric for each shift, as captum aggregates it."""
    comparator = AttackComparator(model, metric)
    for shift in SHIFTS[1:]:
        comparator.add_attack(lambda x, shift=shift: x.roll(shift, (2, 3)), name=str(shift))
    with torch.no_grad():
        comparator.evaluate(images, **given)
    found = comparator.summary()
    return [float(found[str(shift)]["mean"]) for shift in SHIFTS[1:]]


def test_accuracy_at_each_shift_is_attack_comparators(model, images, table):
    targets = table[0].argmax(-1).roll(1)
    expected = compared(model, images, lambda out, targets: (out.argmax(1) == targets).double(), targets=targets)
    assert accuracy_per_shift(table.argmax(-1), targets)[1:].tolist() == pytest.approx(expected)


def test_agreement_at_each_shift_is_attack_comparators(model, images, table):
    start = table[0].argmax(-1)
    expected = compared(model, images, lambda out, start: (out.argmax(1) == start).double(), start=start)
    assert agreement_per_shift(table.argmax(-1))[1:].tolist() == pytest.approx(expected)
    assert top1_change(table.argmax(-1), reference=0).item() == pytest.approx(1 - sum(expected) / len(expected))
    assert 0 < min(expected) < 1


def test_mean_absolute_change_is_attack_comparators(model, images, table):
    start, every = table[0].argmax(-1), torch.arange(len(images))

    def change(out, start, before):
        return (out[every, start] - before).abs().double()

    expected = compared(model, images, change, start=start, before=table[0][every, start])
    found = mean_absolute_change_from_reference(table[:, every, start])
    assert found.item() == pytest.approx(sum(expected) / len(expected), rel=1e-6)
    assert found > 0.01


def test_smallest_flipping_shift_along_a_path_is_min_param_perturbations(model, images, table):
    path = table[:6].argmax(-1)  # shifts 0 to 5 to the right
    offsets = torch.tensor(SHIFTS[:6])
    search = MinParamPerturbation(model, lambda x, by: x.roll(by, 3), "by", arg_min=0, arg_max=6, arg_step=1)
    with torch.no_grad():
        found = [
            search.evaluate(image[None], target=int(answer))[1] for image, answer in zip(images, path[0], strict=True)
        ]
    expected = [float("inf") if shift is None else float(shift) for shift in found]
    assert flipping_shifts(path, offsets).tolist() == expected
    assert len(set(expected)) > 2
