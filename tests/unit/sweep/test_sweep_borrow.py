import random
import threading
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from biasscope.core.errors import UsageError
from biasscope.models.borrow import evaluating, moved
from biasscope.sweep import sweep
from biasscope.sweep.blocks import ahead, block_size
from tests.unit.sweep.toys import Listener, Roll, TinyNet, loaded, source


def mixed():
    """Net in training mode whose head is not."""
    net = nn.Sequential(TinyNet(), nn.BatchNorm1d(5), nn.Dropout(0.5))
    net.train()
    net[0].head.eval()
    return net


def state(net):
    return {name: (value.data_ptr(), value.stride(), value.clone()) for name, value in net.state_dict().items()}


def unchanged(net, before):
    now = state(net)
    for name, (pointer, stride, value) in before.items():
        assert now[name][:2] == (pointer, stride), name
        assert torch.equal(now[name][2], value), name


@pytest.mark.parametrize("channels_last", [False, True])
def test_a_module_is_left_as_it_was(channels_last):
    from biasscope.models import LoadedModel

    net = mixed()
    given = loaded(net)
    net.train()
    net[0].head.eval()
    seen = []
    hook = net[0].register_forward_hook(lambda module, args, out: seen.append(module.training))
    net[0].conv.weight.grad = torch.ones_like(net[0].conv.weight)
    before, modes = state(net), [part.training for part in net.modules()]
    model = LoadedModel(net, given.preprocessing, None, given.provenance)
    sweep(model, source(3), Roll(1), channels_last=channels_last)
    unchanged(net, before)
    assert [part.training for part in net.modules()] == modes
    assert seen
    assert not any(seen)
    assert len(net[0]._forward_hooks) == 1
    assert net[0].conv.weight.grad.sum() == net[0].conv.weight.numel()
    hook.remove()
    net(torch.rand(4, 1, 12, 12)).sum().backward()


class StaysInTraining(nn.Sequential):
    """Network whose batch normalisation counts on, whatever mode it is told."""

    def train(self, mode=True):
        return super().train(True)


def test_running_statistics_of_a_network_that_stays_in_training_are_given_back():
    net = StaysInTraining(TinyNet(), nn.BatchNorm1d(5))
    given, before = loaded(net), state(net)
    moved_on = []
    hook = net.register_forward_hook(lambda *_: moved_on.append(net[1].num_batches_tracked.item()))
    sweep(given, source(3), Roll(1))
    unchanged(net, before)
    assert max(moved_on) > before["1.num_batches_tracked"][2]
    hook.remove()


def test_buffers_of_torchscript_are_given_back():
    with warnings.catch_warnings(action="ignore"):
        net = torch.jit.trace(nn.BatchNorm1d(5).eval(), torch.rand(2, 5))
    with evaluating(net):
        net.running_mean.add_(1)
    assert net.running_mean.tolist() == [0] * 5


def test_also_when_it_fails():
    def refuse(module, args):
        raise RuntimeError("no picture pleases me\nnone")

    net = mixed()
    net.register_forward_pre_hook(refuse)
    with pytest.raises(UsageError, match=r"RuntimeError: no picture pleases me\. Give"):
        sweep(net, source(3), Roll(1))
    assert net.training
    assert net[1].training
    assert not net[0].head.training


def test_a_plain_module_is_prepared_for_as_imagenet_is():
    net = nn.Sequential(nn.Conv2d(3, 4, 3, stride=8), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5))
    net.train()
    found = sweep(net, source(2), Roll(1), floor=0)
    assert found.model == "module:Sequential"
    assert net.training


def test_moved_gives_every_tensor_back():
    net = TinyNet()
    tied = net.head.weight
    net.copy = nn.Linear(6, 5)
    net.copy.weight = tied
    net.register_buffer("shift", torch.ones(3))
    before = state(net)
    with moved(net, torch.device("meta")):
        assert net.conv.weight.device.type == net.shift.device.type == "meta"
    unchanged(net, before)
    assert net.copy.weight is net.head.weight is tied


def test_the_same_bytes_twice():
    runs = [sweep(loaded(), source(9), Roll(2), batch=8) for _ in range(2)]
    for name in ("predictions", "p_top", "p_true", "p_reference", "p_step"):
        assert getattr(runs[0], name).numpy().tobytes() == getattr(runs[1], name).numpy().tobytes()


def test_progress_counts_every_pair():
    listener = Listener()
    sweep(loaded(), source(10, broken=("picture-2",)), Roll(1), batch=4, progress=listener, label="toy")
    assert (listener.texts, listener.total, listener.done) == (["Sweeping toy, roll"], 90, 81)
    unknown = Listener()
    sweep(loaded(), source(10, known=False), Roll(1), batch=4, progress=unknown)
    assert (unknown.total, unknown.done) == (None, 90)


def test_every_forward_pass_has_one_shape():
    net, shapes = TinyNet(), []
    net.register_forward_pre_hook(lambda module, args: shapes.append(tuple(args[0].shape)))
    sweep(loaded(net), source(7), Roll(1), batch=4, floor=0)
    assert set(shapes[1:]) == {(4, 1, 12, 12)}
    assert len(shapes) == 1 + 9 + 7


def test_limit_takes_the_first_of_an_open_source():
    found = sweep(loaded(), source(10), Roll(1), limit=3)
    assert found.image_ids == ("picture-0", "picture-1", "picture-2")


def test_large_sources_make_small_blocks():
    assert block_size(torch.empty(3, 256, 256), 64) == 64
    assert block_size(torch.empty(100, 3, 224, 224, device="meta"), 64) == 4
    assert block_size(torch.empty(10**9, device="meta"), 64) == 1


def test_blocks_are_made_ahead_in_another_thread():
    made, running = [], threading.Event()

    def items():
        for number in range(3):
            made.append(threading.current_thread() is threading.main_thread())
            yield number
        running.set()

    coming = ahead(items())
    assert next(coming) == 0
    assert next(coming) == 1
    assert next(coming) == 2
    assert running.wait(300)
    assert list(coming) == []
    assert made == [False] * 3


def test_compiled_it_is_one_graph_of_one_shape(monkeypatch):
    graphs, compile_it = [], torch.compile

    def backend(graph, inputs):
        graphs.append([tuple(x.shape) for x in inputs if x.dim() == 4 and x.shape[1:] == (1, 12, 12)])
        return graph.forward

    monkeypatch.setattr(torch, "compile", lambda module, **options: compile_it(module, backend=backend, **options))
    found = sweep(loaded(), source(7), Roll(1), batch=4, compile=True)
    assert graphs == [[(4, 1, 12, 12)]]
    torch.testing.assert_close(found.p_top, sweep(loaded(), source(7), Roll(1), batch=4).p_top)
    assert found.settings["compile"]


class Noisy(TinyNet):
    """Draws random numbers whatever mode it is in."""

    def forward(self, x):
        return super().forward(x + torch.randn_like(x))


class NoisyByNumpy(TinyNet):
    """Draws from numpy's and Python's own generators."""

    def forward(self, x):
        noise = torch.from_numpy(np.random.standard_normal(x.shape)).to(x)  # noqa: NPY002
        return super().forward(x + random.random() * noise)  # noqa: S311


def generators():
    return torch.get_rng_state().tolist(), np.random.get_state()[2], random.getstate()  # noqa: NPY002


@pytest.mark.parametrize("kind", [Noisy, NoisyByNumpy])
def test_networks_that_draw_random_numbers_draw_the_same_again(tmp_path, kind):
    net = kind()
    sweep(loaded(net), source(2), Roll(1))  # what is imported on first use may draw
    before = generators()
    first, second = (sweep(loaded(net), source(9), Roll(1), batch=4) for _ in range(2))
    assert torch.equal(first.p_top, second.p_top)
    assert first.floors == second.floors
    assert first.floors["batch layout"].mean_absolute_change > 0
    assert any("draws random numbers" in note for note in first.notes)
    assert generators() == before
    sweep(loaded(net), source(5), Roll(1), batch=4, checkpoint=tmp_path)
    continued = sweep(loaded(net), source(9), Roll(1), batch=4, checkpoint=tmp_path)
    assert torch.equal(first.p_top, continued.p_top)
    assert first.floors == continued.floors


class Augmented:
    """Pictures that are drawn at random when they are read, as those of a training set are."""

    def __len__(self):
        return 40

    def __getitem__(self, index):
        return (255 * torch.rand(12, 12)).to(torch.uint8).numpy()


class NoiseForNothing(TinyNet):
    """Draws random numbers and does not use them."""

    def forward(self, x):
        torch.rand(())
        return super().forward(x)


def test_random_numbers_that_change_no_answer_are_not_told():
    assert not any(
        "draws random numbers" in note for note in sweep(loaded(NoiseForNothing()), source(3), Roll(1)).notes
    )


@pytest.mark.parametrize("kind", [TinyNet, Noisy])
def test_pictures_that_are_drawn_while_a_network_runs_are_those_of_the_users_seed(kind):
    found, net = set(), kind()
    for _ in range(6):
        torch.manual_seed(0)
        swept = sweep(loaded(net), Augmented(), Roll(1), batch=4)
        found.add((swept.p_top.double().sum().item(), *torch.get_rng_state().tolist()))
    assert len(found) == 1
