import itertools

import pytest
import torch
import torch.nn.functional as F

from biasscope.nn import PacConv2d, PacCRF, PacCRFLoose, position_color_features
from biasscope.nn.pac.message import blur_down, blur_up

TERMS = {
    "4d": {"compat_type": "4d"},
    "2d": {"compat_type": "2d"},
    "2d pool": {"compat_type": "2d", "spatial_filter": False},
    "potts": {"compat_type": "potts"},
    "potts pool": {"compat_type": "potts", "spatial_filter": False},
    "na": {"compat_type": "na"},
    "blurred": {"blur": 2, "dilation": 2},
}


def inputs(classes=3, height=5, width=6, seed=0):
    generator = torch.Generator().manual_seed(seed)
    unary = torch.randn(2, classes, height, width, dtype=torch.float64, generator=generator)
    return unary, torch.rand(2, 4, height, width, dtype=torch.float64, generator=generator)


def neighbours(q, f, i, j, dilation=1):
    """Yield (kernel value, row, column, class probabilities) of the neighbours inside the map."""
    for a, b in itertools.product((-1, 0, 1), repeat=2):
        y, x = i + a * dilation, j + b * dilation
        if (a or b) and 0 <= y < q.shape[1] and 0 <= x < q.shape[2]:
            yield torch.exp(-(f[:, y, x] - f[:, i, j]).square().sum() / 2), a + 1, b + 1, q[:, y, x]


@pytest.mark.parametrize("name", ["4d", "2d", "2d pool", "potts", "potts pool"])
@pytest.mark.parametrize("dilation", [1, 2])
def test_two_steps_against_a_loop(name, dilation):
    unary, f = inputs()
    term = {**TERMS[name], "dilation": dilation, "pairwise_weight": 0.7}
    crf = PacCRF(3, 2, pairwise_kernels=[term], unary_weight=1.3, perturbed_init=False, dtype=torch.float64)
    message = crf.steps[0][0]
    w = message.filter.weight.detach()
    log_q = unary
    for _ in range(2):
        q, energy = log_q.softmax(1), torch.zeros_like(unary)
        for n, i, j in itertools.product(range(2), range(5), range(6)):
            total = torch.zeros(3, dtype=torch.float64)
            for value, a, b, p in neighbours(q[n], f[n], i, j, dilation):
                total += value * (w[:, :, a, b] @ p if name == "4d" else w[0, 0, a, b] * p)
            if name.startswith("2d"):
                total = message.compatibility.weight[:, :, 0, 0].detach() @ total
            energy[n, :, i, j] = -total if name.startswith("potts") else total
        log_q = 1.3 * unary - 0.7 * energy
    torch.testing.assert_close(crf(unary, f).detach(), log_q, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.parametrize("field", [PacCRF, PacCRFLoose])
def test_no_parameter_is_dead(name, field):
    unary, f = inputs()
    crf = field(3, 2, pairwise_kernels=[TERMS[name]], dtype=torch.float64)
    crf(unary, f).square().sum().backward()
    grads = {key: p.grad for key, p in crf.named_parameters()}
    assert all(g is not None and g.isfinite().all() and g.abs().sum() > 0 for g in grads.values())


def test_only_potts_without_filter_learns_its_weight():
    fields = {name: PacCRF(3, 1, pairwise_kernels=[term]) for name, term in TERMS.items()}
    learned = {name for name, crf in fields.items() if "steps.0.0.weight" in dict(crf.named_parameters())}
    assert learned == {"potts pool"}
    fixed = PacCRF(3, 1, fixed_weighting=True, pairwise_kernels=[TERMS["potts pool"]])
    assert not list(fixed.parameters())


def test_similar_neighbours_support_their_class_under_potts():
    unary = torch.zeros(1, 2, 3, 3)
    unary[0, 0] = 2.0
    unary[0, :, 1, 1] = torch.tensor([0.0, 0.1])
    crf = PacCRF(2, 1, final_output="softmax", pairwise_kernels=[TERMS["potts pool"]])
    assert crf(unary, torch.zeros(1, 1, 3, 3))[0, 0, 1, 1] > 0.9
    different = torch.zeros(1, 1, 3, 3)
    different[0, 0, 1, 1] = 100.0
    assert crf(unary, different)[0, 1, 1, 1] > 0.5


def test_final_outputs():
    unary, f = inputs()
    outs = {}
    for output in ("log_Q", "softmax", "log_softmax"):
        torch.manual_seed(0)
        outs[output] = PacCRF(3, 2, output, pairwise_kernels=[{}], dtype=torch.float64)(unary, f)
    torch.testing.assert_close(outs["softmax"], outs["log_Q"].softmax(1))
    torch.testing.assert_close(outs["log_softmax"], outs["softmax"].log())


def test_kernels_are_computed_once(monkeypatch):
    calls = []
    compute = PacConv2d.compute_kernel
    monkeypatch.setattr(PacConv2d, "compute_kernel", lambda self, f: calls.append(1) or compute(self, f))
    unary, f = inputs()
    for field in (PacCRF, PacCRFLoose):
        field(3, 4, pairwise_kernels=[{}, TERMS["potts"], TERMS["na"]], dtype=torch.float64)(unary, f)
    assert len(calls) == 4


def test_loose_steps_have_weights_of_their_own_and_equal_the_tied_field_when_equal():
    unary, f = inputs()
    tied = PacCRF(3, 2, pairwise_kernels=[{}], dtype=torch.float64)
    loose = PacCRFLoose(3, 2, pairwise_kernels=[{}], dtype=torch.float64)
    for messages in loose.steps:
        messages.load_state_dict(tied.steps[0].state_dict())
    torch.testing.assert_close(loose(unary, f), tied(unary, f))
    torch.nn.init.zeros_(loose.steps[1][0].filter.weight)
    assert (loose(unary, f) - tied(unary, f)).abs().max() > 1e-3


def test_initial_filters():
    exact = PacCRF(3, 1, perturbed_init=False, pairwise_kernels=[{}, TERMS["na"], TERMS["2d"]])
    full, plain, shared = (message.filter.weight for message in exact.steps[0])
    assert torch.equal(full, plain)
    assert shared.shape == (1, 1, 3, 3)
    assert exact.steps[0][2].compatibility.weight[:, :, 0, 0].tolist() == [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
    perturbed = PacCRF(3, 1, pairwise_kernels=[{}]).steps[0][0].filter.weight
    assert 0 < (perturbed - full).abs().max() <= 5e-4


@pytest.mark.parametrize("size", [(6, 6), (7, 5), (9, 10)])
@pytest.mark.parametrize("factor", [2, 4])
def test_blur_keeps_constants_and_size(size, factor):
    x = torch.full((1, 2, *size), 3.0)
    down = blur_down(x, factor)
    assert down.shape[2:] == tuple(-(-side // factor) for side in size)
    torch.testing.assert_close(down, torch.full_like(down, 3.0))
    torch.testing.assert_close(blur_up(down, factor, size), x)


def test_blur_is_average_pool_and_bilinear_where_it_divides():
    x = torch.rand(1, 2, 8, 8)
    down = F.avg_pool2d(x, 4)
    torch.testing.assert_close(blur_down(x, 4), down)
    torch.testing.assert_close(blur_up(down, 4, (8, 8)), F.interpolate(down, (8, 8), mode="bilinear"))


def test_position_color_features():
    image = 255 * torch.rand(2, 3, 4, 5)
    features = position_color_features(image, 10, 30)
    assert features.shape == (2, 5, 4, 5)
    assert features[1, 0, 3, 0].item() == pytest.approx(0.3)
    assert features[1, 1, 0, 4].item() == pytest.approx(0.4)
    torch.testing.assert_close(features[:, 2:], image / 30)


def test_gradients_to_second_order():
    unary, f = (t[:1, :, :3, :3].clone().requires_grad_() for t in inputs())
    crf = PacCRF(3, 2, pairwise_kernels=[TERMS["4d"], TERMS["potts pool"]], dtype=torch.float64)
    assert torch.autograd.gradcheck(crf, (unary, f))
    assert torch.autograd.gradgradcheck(crf, (unary, f), fast_mode=True)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [({"compat_type": "3d"}, "compat_type"), ({"kernel_size": 2}, "odd"), ({"blur": 0}, "blur")],
)
def test_pairwise_kernel_refuses(arguments, word):
    with pytest.raises(ValueError, match=word):
        PacCRF(3, 1).add_pairwise_kernel(**arguments)


def test_field_refuses():
    unary, f = (t.float() for t in inputs())
    crf = PacCRF(3, 1, pairwise_kernels=[{}, {}])
    with pytest.raises(ValueError, match="as many edge features"):
        crf(unary, [f])
    with pytest.raises(ValueError, match="needs edge features"):
        crf(unary, [f, None])
    with pytest.raises(ValueError, match="edge features must have the size"):
        crf(unary, f[..., :3])
    with pytest.raises(ValueError, match="final_output"):
        PacCRF(3, 1, "logits")
    with pytest.raises(ValueError, match="3 channels"):
        crf(unary[:, :2], f)
