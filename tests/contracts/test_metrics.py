"""What every metric of the registry promises: torchmetrics' contract, bounds, direction, clear errors."""

import inspect
import math
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torchmetrics import Metric, MetricCollection

from biasscope.core.errors import UsageError
from biasscope.metrics import METRICS
from biasscope.metrics import __all__ as exported
from biasscope.metrics.cluster import Sums
from tests.unit.metrics.tables import block, images_of, inputs

FACTS = {"title", "inputs", "better", "bounds", "shift", "reference", "aggregate", "needs_targets", "applies"}
ARRAYS = set(block()) - {"derivatives"}
VECTORS = [name for name, entry in METRICS.items() if entry.facts["vector"]]
COORDINATES = {"dy", "dx", "size", "angle", "frame", "implementation", "pair"}


@pytest.fixture(scope="module")
def found():
    return block(images=10, views=11, seed=5)


@pytest.fixture(params=METRICS)
def name(request):
    return request.param


def make(name, **options):
    return METRICS.load(name)(**options)


def filled(name, found, **options):
    metric = make(name, **options)
    metric.update(**inputs(METRICS[name], found))
    return metric


def same(one, other):
    return torch.allclose(one, other, rtol=1e-12, atol=1e-12, equal_nan=True)


def test_facts_are_complete_and_true_of_the_class(name):
    facts, metric = METRICS[name].facts, make(name)
    assert set(facts) >= FACTS
    assert all(facts[key] for key in ("title", "inputs", "shift", "reference", "aggregate", "interval"))
    assert set(facts["inputs"]) <= ARRAYS | {"derivatives"}
    assert set(facts["applies"]) <= COORDINATES
    assert metric.higher_is_better == (facts["better"] == "higher")
    assert (metric.plot_lower_bound, metric.plot_upper_bound or math.inf) == facts["bounds"]
    assert metric.is_differentiable is False
    assert metric.full_state_update is False


def test_update_takes_exactly_the_inputs_of_the_registry(name):
    parameters = inspect.signature(METRICS.load(name).update).parameters
    assert set(METRICS[name].facts["inputs"]) == set(parameters) - {"self"}


def test_titles_and_classes_are_all_different():
    assert len({entry.facts["title"] for entry in METRICS.values()}) == len(METRICS)
    assert len({entry.target for entry in METRICS.values()}) == len(METRICS)


def test_every_class_is_exported_and_registered():
    classes = {entry.target.partition(":")[2] for entry in METRICS.values()}
    assert classes == {item for item in exported if item[0].isupper()} - {"METRICS", "ClusterInterval"}


def test_stems_are_those_of_functions_classes_and_tests(name):
    stem = METRICS[name].target.partition(":")[0].rpartition(".")[2]
    root = Path(__file__).parents[2]
    assert (root / "biasscope/metrics/functional" / f"{stem}.py").is_file()
    assert (root / "tests/unit/metrics" / f"test_{stem}.py").is_file()


def test_number_lies_in_its_interval_and_both_in_the_bounds(name):
    low_bound, high_bound = METRICS[name].facts["bounds"]
    for seed in range(8):
        metric = filled(name, block(images=14, views=10, seed=seed, sharp=1 + seed))
        value, (low, high, n) = metric.compute(), metric.interval()
        assert value.dtype == low.dtype == high.dtype == torch.float64
        assert value.shape == low.shape == high.shape == n.shape
        assert bool(((low_bound <= low) & (low <= value + 1e-12) & (value <= high + 1e-12)).all())
        assert bool((high <= high_bound).all())
        assert 1 <= int(n.min()) <= int(n.max()) <= 14


def test_higher_level_means_wider(name, found):
    metric = filled(name, found)
    narrow, wide = metric.interval(0.5), metric.interval(0.99)
    assert bool((wide.low <= narrow.low).all())
    assert bool((wide.high >= narrow.high).all())
    assert bool((wide.high - wide.low > narrow.high - narrow.low).all())


def perfect():
    """A model that is right and sure at every view."""
    from tests.unit.metrics.tables import grid_steps, tables

    p = torch.zeros(11, 8, 8)
    p[:, torch.arange(8), torch.arange(8)] = 1.0
    return tables(p, torch.arange(8), 5, grid_steps(11))


def test_a_perfect_model_has_the_best_possible_value(name):
    facts, value = METRICS[name].facts, filled(name, perfect()).compute()
    best = facts["bounds"][1] if facts["better"] == "higher" else facts["bounds"][0]
    if name == "smallest_flipping_shift":
        best = 2.0  # pixels: no flip within the reach of the grid
    if name.endswith("_gain"):
        best = 0.0  # nothing is left to gain
    assert bool((value == best).all())


def test_pickle_keeps_number_and_states(name, found):
    metric = filled(name, found)
    again = pickle.loads(pickle.dumps(metric))  # noqa: S301
    assert same(again.compute(), metric.compute())
    again.update(**inputs(METRICS[name], found))
    assert same(again.compute(), metric.compute())


def test_clone_is_independent(name, found):
    metric = filled(name, found)
    before, copy = metric.compute(), metric.clone()
    copy.update(**inputs(METRICS[name], found))
    assert same(metric.compute(), before)
    assert torch.equal(copy.sums.images, 2 * metric.sums.images)


def test_reset_forgets(name, found):
    metric = filled(name, block(images=4, views=11, seed=9))
    metric.reset()
    metric.update(**inputs(METRICS[name], found))
    assert same(metric.compute(), filled(name, found).compute())


@pytest.mark.parametrize(
    "change",
    [lambda m: m.half(), lambda m: m.double(), lambda m: m.to(torch.float16), lambda m: m.set_dtype(torch.half)],
)
def test_changes_of_dtype_do_not_touch_the_sums(name, found, change):
    metric = filled(name, images_of(found, range(6)))
    metric = change(metric)
    metric.update(**inputs(METRICS[name], images_of(found, range(6, 10))))
    assert all(value.dtype == torch.float64 for value in metric.sums)
    assert same(metric.compute(), filled(name, found).compute())


def test_forward_gives_the_block_and_keeps_the_whole(name, found):
    metric, first, second = make(name), images_of(found, range(6)), images_of(found, range(6, 10))
    assert same(metric(**inputs(METRICS[name], first)), filled(name, first).compute())
    assert same(metric(**inputs(METRICS[name], second)), filled(name, second).compute())
    assert same(metric.compute(), filled(name, found).compute())


@pytest.mark.parametrize("blocks", [[range(1), range(1, 10)], [range(4), range(0), range(4, 10)]])
def test_blocks_add_up_to_the_whole(name, found, blocks):
    metric, whole = make(name), filled(name, found)
    for chosen in blocks:
        metric.update(**inputs(METRICS[name], images_of(found, chosen)))
    assert same(metric.compute(), whole.compute())
    assert all(map(same, metric.interval()[:2], whole.interval()[:2]))


def test_merged_states_are_the_whole(name, found):
    one, two = filled(name, images_of(found, range(3))), filled(name, images_of(found, range(3, 10)))
    one.merge_state(two)
    assert same(one.compute(), filled(name, found).compute())


def test_order_of_images_does_not_matter(name, found):
    turned = images_of(found, [7, 2, 9, 0, 1, 8, 3, 6, 4, 5])
    assert same(filled(name, turned).compute(), filled(name, found).compute())


def test_an_empty_block_alone_is_undefined(name, found):
    metric = filled(name, images_of(found, []))
    low, high, n = metric.interval()
    assert bool(metric.compute().isnan().all())
    assert bool((low.isnan() & high.isnan() & (n == 0)).all())


def test_collections_hand_each_metric_its_inputs_and_never_mix_their_states(found):
    collection = MetricCollection({name: make(name) for name in METRICS})
    collection.update(**perfect())  # after which many states are equal
    collection.update(**found)
    values = collection.compute()
    for name in METRICS:
        alone = filled(name, perfect())
        alone.update(**inputs(METRICS[name], found))
        assert same(values[name], alone.compute()), name


def test_variants_of_one_class_are_not_mixed_either(found):
    collection = MetricCollection({f"of {k}": make("k_agreement", k=k) for k in (2, 5)})
    collection.update(**perfect())
    collection.update(**found)
    assert collection.compute()["of 2"] > collection.compute()["of 5"]


def test_device_moves_keep_states_and_inputs_may_be_elsewhere(name, found):
    metric = filled(name, found).to("cpu")
    assert same(metric.compute(), filled(name, found).compute())
    if torch.cuda.is_available():
        moved = filled(name, found).to("cuda")
        moved.update(**inputs(METRICS[name], found))
        assert all(value.device.type == "cuda" for value in moved.sums)
        assert same(moved.compute().cpu(), filled(name, found).compute())


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


WORKER = """
import os, sys, time, torch, torch.distributed as dist
from pathlib import Path
from biasscope.metrics import METRICS
from tests.unit.metrics.tables import block, images_of, inputs
rank, store = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
found, wrong = block(images=10, views=11, seed=5), []
for name, entry in METRICS.items():
    metric, whole = entry.load()(), entry.load()(distributed_available_fn=lambda: False)
    whole.update(**inputs(entry, found))
    metric.update(**inputs(entry, images_of(found, range(4) if rank else range(4, 10))))
    pairs = [(metric.compute(), whole.compute()), *zip(metric.interval(), whole.interval())]
    if not all(torch.allclose(a.double(), b.double(), rtol=1e-12, equal_nan=True) for a, b in pairs):
        wrong.append(name)
print("wrong:", wrong, flush=True)
Path(f"{store}-{rank}").touch()
while not Path(f"{store}-{1 - rank}").exists():  # who leaves first would cut the other's connection
    time.sleep(0.05)
os._exit(0)  # taking gloo down aborts now and then ("terminate called without an active exception")
"""


def test_two_processes_see_the_whole(tmp_path):
    command = [sys.executable, "-W", "ignore", "-c", WORKER]
    workers = [
        subprocess.Popen(
            [*command, str(rank), str(tmp_path / "store")],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in (0, 1)
    ]
    texts = [worker.communicate(timeout=120)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], texts
    assert all(text.strip().endswith("wrong: []") for text in texts), texts


def test_states_are_six_sums(name):
    metric = make(name)
    assert isinstance(metric, Metric)
    assert len(metric._reductions) == len(Sums._fields)
    assert set(Sums._fields[:-1]) < set(metric._reductions)
    assert {reduction.__name__ for reduction in metric._reductions.values()} == {"dim_zero_sum"}


def test_importing_the_package_leaves_torchmetrics_and_scipy_alone():
    code = "import sys, biasscope.metrics; print([m for m in sys.modules if m in ('torchmetrics', 'scipy', 'captum')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
