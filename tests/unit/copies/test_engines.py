import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from biasscope.copies.networks import build
from biasscope.copies.pool import make_pool
from biasscope.copies.train import CannotVectoriseError, Sequential, Training, Vectorised, choose_engine, train
from biasscope.copies.train.engine import Engine
from biasscope.copies.views import Views
from biasscope.core.errors import InputError, UsageError
from tests.unit.copies.toys import batches, network, networks, textured


def step() -> tuple[Tensor, Tensor]:
    """One batch for three networks."""
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(3, 8, 1, 12, 12))).float()
    return x, torch.arange(24).view(3, 8) % 3


@pytest.mark.parametrize("engine", [Sequential, Vectorised])
def test_a_state_brings_back_the_steps_after_it(engine: type[Sequential] | type[Vectorised]) -> None:
    images, labels = textured()
    pool = make_pool("shift", shifts="3x3")
    views, kept = Views(images, pool), []
    made: Engine = engine(networks(), Training())
    keep = lambda state: kept.append({name: tensor.clone() for name, tensor in state.items()})  # noqa: E731
    whole = train(made, batches(pool), views, labels, 12, Training(), keep=keep, every=0.0)
    assert len(kept) == 11
    again: Engine = engine(networks(), Training())
    resumed = train(again, batches(pool), views, labels, 12, Training(), stored=kept[4])
    assert torch.equal(whole, resumed)
    for one, other in zip(made.networks(), again.networks(), strict=True):
        assert all(
            torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True)
        )


def test_a_state_of_other_networks_is_refused() -> None:
    made = Sequential(networks(), Training())
    made.step(*step(), 0.01)
    state = {name: tensor for name, tensor in made.state().items() if not name.startswith("opt0.3.")}
    with pytest.raises(InputError, match="holds 9 parameters of 10"):
        Sequential(networks(), Training()).restore(state)


def test_the_originals_of_a_stack_keep_their_weights() -> None:
    originals = networks()
    before = [tensor.clone() for tensor in originals[1].state_dict().values()]
    engine = Vectorised(originals, Training())
    engine.step(*step(), 0.01)
    assert all(torch.equal(a, b) for a, b in zip(before, originals[1].state_dict().values(), strict=True))
    trained = engine.networks()[1].state_dict()
    assert int(trained["1.num_batches_tracked"]) == 1
    assert not torch.equal(trained["0.weight"], originals[1].state_dict()["0.weight"])


@pytest.mark.parametrize("extra", [nn.Dropout(0.5), nn.Linear(3, 3)], ids=["random numbers", "of another kind"])
def test_what_cannot_be_stacked_is_refused(extra: nn.Module) -> None:
    made = networks()
    for one in made[: 3 if isinstance(extra, nn.Dropout) else 1]:
        assert isinstance(one, nn.Sequential)
        one.append(extra)
    with pytest.raises(CannotVectoriseError):
        Vectorised(made, Training())


class Branching(nn.Module):
    """Looks at the values: no vectorised form."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(144, 3)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.linear(x.flatten(1))
        return out if out.sum().item() > 0 else -out


def test_the_engine_is_chosen_by_device_and_gives_way() -> None:
    x, y = step()
    assert choose_engine("auto", networks(), Training(), x, y)[0] == "sequential"
    assert choose_engine("sequential", networks(), Training(), x, y)[0] == "sequential"
    assert choose_engine("vectorised", networks(), Training(), x, y) == ("vectorised", "asked for")
    name, why = choose_engine("vectorised", [Branching() for _ in range(3)], Training(), x, y)
    assert name == "sequential"
    assert why.startswith("the networks cannot be stacked")
    with pytest.raises(UsageError, match="engine"):
        choose_engine("quantum", networks(), Training(), x, y)


def test_choosing_leaves_the_networks_alone() -> None:
    made, (x, y) = networks(), step()
    before = [tensor.clone() for tensor in made[0].state_dict().values()]
    choose_engine("vectorised", made, Training(), x, y)
    assert all(torch.equal(a, b) for a, b in zip(before, made[0].state_dict().values(), strict=True))


@pytest.mark.parametrize("engine", [Sequential, Vectorised])
def test_half_precision_and_layout(engine: type[Sequential] | type[Vectorised]) -> None:
    x, y = step()
    plain, half = engine(networks(), Training()), engine(networks(), Training(amp="bf16", channels_last=True))
    gap = (plain.step(x, y, 0.01) - half.step(x, y, 0.01)).abs().max()
    assert 0 < gap < 0.05
    with pytest.raises(UsageError, match="precision"):
        Training(amp="int4")


class Forgetful(nn.Module):
    """Draws random numbers while it is trained, by a layer and by a function."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.drop, self.head = nn.Sequential(*list(network())[:-1]), nn.Dropout(0.5), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(self.head(self.drop(self.body(x))), 0.2, self.training)


def test_dropout_depends_on_the_seed_and_the_step_alone() -> None:
    images, labels = textured()
    pool = make_pool("shift", shifts="3x3")
    views, kept = Views(images, pool), []
    started = torch.get_rng_state()
    made = [build(Forgetful, seed) for seed in range(3)]
    keep = lambda state: kept.append({name: tensor.clone() for name, tensor in state.items()})  # noqa: E731
    whole = train(
        Sequential([copy.deepcopy(net) for net in made], Training()),
        batches(pool), views, labels, 8, Training(), keep=keep, every=0.0,
    )  # fmt: skip
    assert torch.equal(started, torch.get_rng_state())
    torch.rand(7)
    again = Sequential([copy.deepcopy(net) for net in made], Training())
    assert torch.equal(whole, train(again, batches(pool), views, labels, 8, Training(), stored=kept[3]))
    alone = Sequential([copy.deepcopy(made[2])], Training())
    assert torch.equal(whole[2:], train(alone, batches(pool)[2:], views, labels, 8, Training()))
