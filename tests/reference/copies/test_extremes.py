"""A network that is invariant by construction needs one copy; one that learns nothing never gets there."""

import torch
from torch import Tensor, nn

from biasscope.copies import Data
from biasscope.pipeline.augmentation import analyze_augmentation
from biasscope.report.model import Report


def invariant() -> nn.Module:
    """Stride 1, circular padding and a global average: circular shifts change nothing."""
    layer = nn.Conv2d(1, 6, 3, padding=1, padding_mode="circular")
    return nn.Sequential(layer, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3))


class Blind(nn.Module):
    """Gives the same answer whatever it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(1, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Give logits (N, 3)."""
        logits: Tensor = self.head(torch.zeros_like(x[:, 0, 0, :1]))
        return logits


def bright() -> Data:
    """Images whose class is how bright they are, with noise that tells them apart."""
    torch.manual_seed(0)
    labels = torch.arange(120) % 3
    images = (labels[:, None, None, None] * 90 + torch.randint(0, 40, (120, 1, 12, 12))).to(torch.uint8)
    return Data(images[:90], labels[:90], images[90:], labels[90:], "bright squares")


def asked(factory: type[nn.Module]) -> Report:
    words = {"copies": [1, 2, 4, 8, 16], "variants": ["plain"], "seeds": 2, "steps": 80, "shifts": "4x4", "batch": 32}
    return analyze_augmentation(factory, images=bright(), **words)


def test_what_is_invariant_by_construction_needs_one_copy() -> None:
    report = asked(invariant)
    summary = report.result("copies").table("summary")
    assert summary["status"] == ["reached"]
    assert summary["n"] == summary["n_low"] == summary["n_high"] == [1.0]
    assert summary["s2"] == [1]
    assert "needs no more than 1 copy" in report.answer[0]
    assert report.result("copies").scalar("copies_needed@plain").value == 1


def test_what_learns_nothing_is_not_reached() -> None:
    report = asked(Blind)
    found = report.result("copies")
    assert found.table("summary")["one"][0] > 0.999  # it always answers alike, which is worth nothing
    assert found.table("summary")["status"] == ["nothing learned"]
    assert found.scalar("copies_needed@plain").value is None
    assert "does not get there by n = 16: nothing was learned" in report.answer[0]
    assert found.finding.startswith("0 of 1 networks reach")
