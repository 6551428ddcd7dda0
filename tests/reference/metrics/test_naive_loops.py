"""Every metric of the registry against loops over images, views and pairs that are written as one would say them."""

from itertools import combinations
from statistics import mean

import pytest
import torch

from biasscope.metrics import METRICS
from biasscope.metrics import functional as F
from tests.unit.metrics.tables import block, inputs


class Naive:
    """Lists in place of tensors, and the loops."""

    def __init__(self, found):
        self.found = found
        for name, value in found.items():
            setattr(self, name, value.tolist() if isinstance(value, torch.Tensor) else value)
        self.views, self.images = len(self.predictions), len(self.predictions[0])
        self.pairs = [
            (self.steps[row][view], view, row)
            for row in range(len(self.steps))
            for view in range(self.views)
            if self.steps[row][view] >= 0
        ]
        self.labelled = [i for i in range(self.images) if self.targets[i] >= 0]
        self.moved = [s for s in range(self.views) if s != self.reference]
        self.averaged = {k: table.tolist() for k, table in self.tta.items()}

    def answer(self, view, image):
        return self.predictions[view][image]

    def start(self, image):
        return self.predictions[self.reference][image]

    def right(self, view, image):
        return self.answer(view, image) == self.targets[image]

    def column(self, image):
        return [self.answer(view, image) for view in range(self.views)]

    def shares(self, images, size, condition):
        """Share of groups of ``size`` views of which a condition holds, mean over images."""
        return mean(mean(condition(group, i) for group in combinations(range(self.views), size)) for i in images)

    def flips(self, was, now, same=None):
        cells = [
            (self.right(self.reference, i) == was)
            and (self.right(s, i) == now)
            and (same is None or (self.answer(s, i) == self.start(i)) == same)
            for i in self.labelled
            for s in self.moved
        ]
        return mean(cells)

    def alike(self, group, image):
        return len({self.answer(view, image) for view in group}) == 1

    def all_right(self, group, image):
        return all(self.right(view, image) for view in group)

    def changes(self):
        return [sum(self.answer(a, i) != self.answer(b, i) for a, b, _ in self.pairs) for i in range(self.images)]

    def inside(self, view, image):
        return 0 <= self.rank_true[view][image] < 5

    def top5_changes(self):
        return [sum(self.inside(a, i) != self.inside(b, i) for a, b, _ in self.pairs) for i in self.labelled]

    def nearest(self, image):
        y, x = self.offsets[self.reference]
        far = [max(abs(self.offsets[s][0] - y), abs(self.offsets[s][1] - x)) for s in range(self.views)]
        return min([far[s] for s in self.moved if self.answer(s, image) != self.start(image)] + [max(far)])

    def group_accuracy(self, k):
        return mean(answer == self.targets[i] for row in self.averaged[k] for i in self.labelled for answer in [row[i]])

    def group_consistency(self, k):
        pairs = combinations(self.averaged[k], 2)
        return mean(a[i] == b[i] for a, b in pairs for i in range(self.images))


def spread(table, images):
    return mean(max(row[i] for row in table) - min(row[i] for row in table) for i in images)


LARGEST = 3
NAIVE = {
    "consistency": lambda t: t.shares(range(t.images), 2, t.alike),
    "consistency_with_replacement": lambda t: mean(
        t.answer(a, i) == t.answer(b, i) for i in range(t.images) for a in range(t.views) for b in range(t.views)
    ),
    "sampled_consistency": lambda t: mean(
        t.answer(a, i) == t.answer(b, i) for a, b, _ in t.pairs for i in range(t.images)
    ),
    "k_agreement": lambda t: t.shares(range(t.images), 3, t.alike),
    "consistency_given_correct": lambda t: mean(
        t.answer(s, i) == t.start(i) for i in t.labelled if t.right(t.reference, i) for s in t.moved
    ),
    "worst_case_consistency": lambda t: mean(len(set(t.column(i))) == 1 for i in range(t.images)),
    "top1_change": lambda t: mean(t.answer(a, i) != t.answer(b, i) for a, b, _ in t.pairs for i in range(t.images)),
    "top1_change_from_reference": lambda t: mean(
        t.answer(s, i) != t.start(i) for s in t.moved for i in range(t.images)
    ),
    "mean_absolute_change": lambda t: mean(
        abs(t.p_step[row][b][i] - t.p_top[a][i]) for a, b, row in t.pairs for i in range(t.images)
    ),
    "mean_absolute_change_from_reference": lambda t: mean(
        abs(t.p_reference[s][i] - t.p_reference[t.reference][i]) for s in t.moved for i in range(t.images)
    ),
    "jaggedness": lambda t: mean(t.changes()),
    "jaggedness_rate": lambda t: mean(t.changes()) / len(t.pairs),
    "jaggedness_top5": lambda t: mean(t.top5_changes()),
    "jaggedness_top5_rate": lambda t: mean(t.top5_changes()) / len(t.pairs),
    "top5_drop": lambda t: mean(not t.inside(b, i) for a, b, _ in t.pairs for i in t.labelled if t.inside(a, i)),
    "top5_drop_anywhere": lambda t: mean(
        any(not t.inside(s, i) for s in t.moved) for i in t.labelled if t.inside(t.reference, i)
    ),
    "right_to_wrong": lambda t: t.flips(True, False),
    "wrong_to_right": lambda t: t.flips(False, True),
    "wrong_to_wrong": lambda t: t.flips(False, False, same=False),
    "wrong_unchanged": lambda t: t.flips(False, False, same=True),
    "right_unchanged": lambda t: t.flips(True, True),
    "wobble_true": lambda t: spread(t.p_true, t.labelled),
    "wobble_reference": lambda t: spread(t.p_reference, range(t.images)),
    "flip_rate": lambda t: mean(t.answer(a, i) != t.answer(b, i) for a, b, _ in t.pairs for i in range(t.images)),
    "accuracy": lambda t: mean(t.right(s, i) for i in t.labelled for s in range(t.views)),
    "accuracy_at_reference": lambda t: mean(t.right(t.reference, i) for i in t.labelled),
    "worst_case": lambda t: mean(t.all_right(range(t.views), i) for i in t.labelled),
    "worst_of_k": lambda t: t.shares(t.labelled, 10, t.all_right),
    "fidelity": lambda t: t.shares(t.labelled, 2, t.all_right),
    "accuracy_per_shift": lambda t: [mean(t.right(s, i) for i in t.labelled) for s in range(t.views)],
    "agreement_per_shift": lambda t: [
        mean(t.answer(s, i) == t.start(i) for i in range(t.images)) for s in range(t.views)
    ],
    "flipping_share": lambda t: mean(len(set(t.column(i))) > 1 for i in range(t.images)),
    "smallest_flipping_shift": lambda t: mean(t.nearest(i) for i in range(t.images)),
    "tta_accuracy": lambda t: t.group_accuracy(LARGEST),
    "tta_consistency": lambda t: t.group_consistency(LARGEST),
    "tta_accuracy_gain": lambda t: t.group_accuracy(LARGEST) - NAIVE["accuracy"](t),
    "tta_consistency_gain": lambda t: t.group_consistency(LARGEST) - NAIVE["consistency"](t),
    "local_equivariance_error": lambda t: mean(mean(entry**2 for entry in row) for row in t.derivatives),
}
VARIANTS = {
    "consistency_with_replacement": (F.consistency, {"replacement": True}),
    "top1_change_from_reference": (F.top1_change, {}),
    "jaggedness_rate": (F.jaggedness, {"rate": True}),
    "jaggedness_top5_rate": (F.jaggedness_top5, {"rate": True}),
    "wobble_true": (F.wobble, {}),
    "wobble_reference": (F.wobble, {}),
}


def test_every_metric_has_a_loop():
    assert set(NAIVE) == set(METRICS)


@pytest.fixture(scope="module", params=[(12, 11, 8, 1), (5, 13, 4, 2), (30, 12, 12, 3)], ids=str)
def found(request):
    images, views, classes, seed = request.param
    tables = block(images, views, classes, seed, sharp=2.5)
    tables["targets"] = torch.where(tables["targets"] < 0, -1, tables["predictions"][0])
    known = tables["targets"] >= 0
    tables["p_true"] = tables["p_reference"].where(known, torch.nan)
    return tables


@pytest.mark.parametrize("name", METRICS)
def test_class_equals_the_loop(name, found):
    metric = METRICS.load(name)()
    metric.update(**inputs(METRICS[name], found))
    expected = torch.tensor(NAIVE[name](Naive(found)), dtype=torch.float64)
    assert torch.allclose(metric.compute(), expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", METRICS)
def test_function_equals_the_class(name, found):
    function, options = VARIANTS.get(name, (getattr(F, name, None), {}))
    given = inputs(METRICS[name], found)
    if name.startswith("wobble"):
        given = {"p": next(iter(given.values()))}
    metric = METRICS.load(name)()
    metric.update(**inputs(METRICS[name], found))
    assert torch.equal(function(**given, **options), metric.compute())
    assert not torch.isnan(metric.compute()).any()


SAME_FROM_ANY_REFERENCE = {"flipping_share"}
REFERRING = sorted({name for name in METRICS if "reference" in METRICS[name].facts["inputs"]} - SAME_FROM_ANY_REFERENCE)


@pytest.fixture(scope="module")
def many():
    return block(images=80, views=9, classes=6, seed=4)


@pytest.mark.parametrize("name", REFERRING)
def test_the_reference_is_view_0_unless_told(name, many):
    function, options = VARIANTS.get(name, (getattr(F, name, None), {}))
    given = {key: value for key, value in inputs(METRICS[name], many).items() if key != "reference"}
    told = function(**given, **options, reference=0)
    assert not torch.equal(told, function(**given, **options, reference=1))
    if name != "top1_change_from_reference":  # the function without a reference is the change between neighbours
        assert torch.equal(function(**given, **options), told)
    silent = METRICS.load(name)()
    silent.update(**given)
    assert torch.equal(silent.compute(), told)


def test_fidelity_of_given_pairs_is_the_loop_over_them(many):
    naive = Naive(many)
    assert {-1, 0, 1} <= set(naive.targets)  # unknown, and class 0 is a class like any other
    expected = mean(naive.all_right((a, b), i) for a, b, _ in naive.pairs for i in naive.labelled)
    assert F.fidelity(many["predictions"], many["targets"], many["steps"]).item() == pytest.approx(expected)


@pytest.mark.parametrize("replacement", [False, True])
def test_consistency_is_the_formula_in_class_counts(replacement, found):
    total, views, images = 0.0, *found["predictions"].shape
    for column in found["predictions"].T:
        squares = float((torch.bincount(column) ** 2).sum())
        total += squares / views**2 if replacement else (squares - views) / (views * (views - 1))
    assert F.consistency(found["predictions"], replacement).item() == pytest.approx(total / images)


@pytest.mark.parametrize("k", [1, 2, 3, 5, 11])
def test_k_views_by_listing_all_of_them(k, found):
    naive = Naive(found)
    predictions, targets = found["predictions"], found["targets"]
    assert F.k_agreement(predictions, k).item() == pytest.approx(naive.shares(range(naive.images), k, naive.alike))
    assert F.worst_of_k(predictions, targets, k).item() == pytest.approx(
        naive.shares(naive.labelled, k, naive.all_right)
    )


@pytest.mark.parametrize(("norm", "order"), [("max", float("inf")), ("euclidean", 2), ("sum", 1)])
def test_smallest_flipping_shift_in_each_norm(norm, order, found):
    naive = Naive(found)
    far = (found["offsets"] - found["offsets"][naive.reference]).double().norm(order, 1).tolist()
    expected = [
        min([far[s] for s in naive.moved if naive.answer(s, i) != naive.start(i)], default=float("inf"))
        for i in range(naive.images)
    ]
    shifts = F.flipping_shifts(found["predictions"], found["offsets"], naive.reference, norm)
    assert shifts.tolist() == pytest.approx(expected)
    restricted = F.smallest_flipping_shift(found["predictions"], found["offsets"], naive.reference, norm)
    assert restricted.item() == pytest.approx(mean(min(d, max(far)) for d in expected))
