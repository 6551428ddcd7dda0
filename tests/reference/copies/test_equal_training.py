"""Many networks at once = each of them alone, and = a plain training loop."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from biasscope.copies.evaluate import answers
from biasscope.copies.pool import make_pool
from biasscope.copies.train import Training
from biasscope.copies.views import Views
from tests.unit.copies.toys import batches, losses, networks, textured


def test_loss_curves_agree_after_fifty_steps_in_float32() -> None:
    alone, _ = losses("sequential", networks(), 50, Training(rate=0.001))
    together, _ = losses("vectorised", networks(), 50, Training(rate=0.001))
    assert alone.shape == (3, 50)
    assert (alone - together).abs().max() < 1e-4
    assert (alone[:, -10:].mean(1) < alone[:, :10].mean(1)).all()


def test_nothing_but_rounding_separates_them() -> None:
    """At a rate where float32 drifts apart, float64 does not: it is the same computation."""
    alone, one = losses("sequential", [net.double() for net in networks()], 50, Training(rate=0.01))
    together, other = losses("vectorised", [net.double() for net in networks()], 50, Training(rate=0.01))
    assert (alone - together).abs().max() < 1e-6
    for a, b in zip(one, other, strict=True):
        for name, tensor in a.state_dict().items():
            assert torch.allclose(tensor.double(), b.state_dict()[name].double(), atol=1e-6), name


@pytest.mark.parametrize("kind", ["sequential", "vectorised"])
def test_the_first_steps_are_those_of_a_plain_loop(kind: str) -> None:
    training = Training(rate=0.004)
    found, _ = losses(kind, networks(2), 8, training)
    images, labels = textured()
    pool = make_pool("shift", shifts="3x3")
    for k, network in enumerate(networks(2)):
        optimizer = torch.optim.AdamW(network.train().parameters(), weight_decay=training.weight_decay, eps=1e-6)
        for step in range(8):
            chosen, versions = batches(pool, 2)[k](step)
            shifts = [(int(pool.dy[v]), int(pool.dx[v])) for v in versions]
            x = torch.stack([images[i].roll(s, (1, 2)) for i, s in zip(chosen, shifts, strict=True)])
            optimizer.param_groups[0]["lr"] = training.rate_at(step, 8)
            optimizer.zero_grad()
            loss = F.cross_entropy(network(x / 127.5 - 1), labels[chosen])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            assert found[k, step] == pytest.approx(loss.item(), abs=2e-5)


def test_answers_are_those_of_a_loop_over_shifts() -> None:
    images, _ = textured(10)
    network: nn.Module = networks(1)[0]
    views = Views(images, make_pool("shift", shifts="4x4"))
    found = answers(network, views, batch=7)
    with torch.no_grad():
        for p, (dy, dx) in enumerate(zip(views.pool.dy, views.pool.dx, strict=True)):
            moved = images.roll((int(dy), int(dx)), (2, 3)) / 127.5 - 1
            assert found[p].tolist() == network.eval()(moved).argmax(1).tolist()
