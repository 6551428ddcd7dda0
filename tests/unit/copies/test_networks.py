import pytest
import torch
from torch import Tensor, nn

from biasscope.copies.networks import build, factories
from biasscope.copies.subsampling import Subsampling, subsampling
from biasscope.core.errors import UsageError
from tests.unit.copies.toys import network


def test_weights_depend_on_the_seed_alone() -> None:
    before = torch.get_rng_state()
    one, other, third = (build(network, seed) for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    assert not torch.equal(next(one.parameters()), next(third.parameters()))


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


@pytest.mark.parametrize("form", ["plain", "antialias"])
def test_lazy_layers_have_weights_of_the_seed(form: str) -> None:
    def lazy() -> nn.Module:
        parts = [nn.LazyConv2d(4, 3, 2), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3)]
        return nn.Sequential(*parts)

    for model in (lazy, {form: lazy}):
        factory = factories(model, (form,), (1, 16, 16), 3)[form]
        one, other = build(factory, 1), build(factory, 1)
        assert one.training
        assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
        assert one(torch.zeros(2, 1, 16, 16)).shape == (2, 3)


def test_layers_that_stay_in_evaluation_mode_do_so_beside_lazy_ones() -> None:
    def partly() -> nn.Module:
        return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2).eval(), nn.Flatten(), nn.LazyLinear(3))

    made = factories(partly, ("plain",), (1, 8, 8), 3)["plain"]()
    assert [part.training for part in made] == [True, False, True, True]


def test_networks_whose_forward_calls_functions_have_every_form() -> None:
    class Written(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second, self.head = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3, 2), nn.Linear(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            x = torch.relu(self.second(torch.max_pool2d(self.first(x), 2)))
            return self.head(x.mean((2, 3)))

    made = factories(Written, ("plain", "antialias", "polyphase"), (1, 16, 16), 3)
    for form in made:
        assert build(made[form], 1)(torch.zeros(2, 1, 16, 16)).shape == (2, 3)
        assert subsampling(build(made[form], 1), (1, 16, 16)).stride_product == 4
