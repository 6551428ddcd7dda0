"""torchmetrics' contract: states that add up, travel and are forgotten."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torchmetrics import Metric, MetricCollection

from biasscope.metrics import METRICS
from biasscope.metrics.cluster import Sums
from tests.contracts.metrics.filled import filled, make, perfect, same
from tests.unit.metrics.tables import block, images_of, inputs


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
            cwd=Path(__file__).parents[3],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in (0, 1)
    ]
    texts = [worker.communicate(timeout=900)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], texts
    assert all(text.strip().endswith("wrong: []") for text in texts), texts


def test_states_are_six_sums(name):
    metric = make(name)
    assert isinstance(metric, Metric)
    assert len(metric._reductions) == len(Sums._fields)
    assert set(Sums._fields[:-1]) < set(metric._reductions)
    assert {reduction.__name__ for reduction in metric._reductions.values()} == {"dim_zero_sum"}
