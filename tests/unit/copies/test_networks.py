import pytest
import torch
from torch import nn
from torchvision.models import densenet121, resnet18

from biasscope.copies.networks import Subsampling, build, factories, subsampling
from biasscope.core.errors import UsageError
from biasscope.models.small.network import SmallNet
from tests.unit.copies.toys import network


def test_weights_depend_on_the_seed_alone() -> None:
    before = torch.get_rng_state()
    one, other, third = (build(network, seed) for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    assert not torch.equal(next(one.parameters()), next(third.parameters()))


def test_stride_products_and_size_ratios() -> None:
    assert subsampling(SmallNet(4, width=2), (1, 32, 32)) == Subsampling(4, 4.0)
    assert subsampling(SmallNet(8, width=2), (1, 36, 36)) == Subsampling(8, 9.0)
    assert subsampling(resnet18(), (3, 64, 64)) == Subsampling(32, 32.0)
    assert subsampling(resnet18(), (3, 32, 32)) == Subsampling(32, 32.0)
    assert subsampling(resnet18(), (3, 16, 16)) == Subsampling(32, 16.0)
    assert subsampling(densenet121(), (3, 64, 64)) == Subsampling(32, 32.0)
    valid = [nn.Conv2d(1, 1, 3), nn.AvgPool2d(3, 2), nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3), nn.AvgPool2d(3)]
    assert subsampling(nn.Sequential(*valid), (1, 17, 17)) == Subsampling(2, 17 / 3)
    assert subsampling(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.LazyLinear(2)), (1, 9, 9)).stride_product == 1


def test_hooks_and_mode_are_put_back() -> None:
    made = network().train()
    subsampling(made, (1, 12, 12))
    assert made.training
    assert not any(module._forward_hooks for module in made.modules())


def test_names_of_models_and_variants() -> None:
    made = factories("digits4-antialias", ("plain",), (1, 24, 24), 7)["plain"]()
    assert made(torch.zeros(1, 1, 24, 24)).shape == (1, 7)
    for form in ("plain", "antialias", "polyphase", "pac"):
        residual = factories("small:resnet18:4", (form,), (3, 24, 24), 7)[form]()
        assert residual(torch.zeros(1, 3, 24, 24)).shape == (1, 7)
        assert subsampling(residual, (3, 24, 24)) == Subsampling(8, 8.0)
    with pytest.raises(UsageError, match="small network"):
        factories("small:5", ("plain",), (1, 24, 24), 7)
    with pytest.raises(UsageError, match="variant"):
        factories("small:4", ("blurred",), (1, 24, 24), 7)
