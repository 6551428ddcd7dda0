"""Published figures beside one's own."""

from dataclasses import replace

import pytest

from biasscope.pipeline.invariance.comparison import compared
from tests.unit.pipeline.invariance.made import measurement


@pytest.mark.parametrize("untrained", [True, False])
def test_random_weights_are_told_beside_published_figures(untrained: bool) -> None:
    item = measurement([[0, 1, 2, 0], [0, 1, 1, 0]], [0, 1, 2, 1])
    model = item.subject.model
    source = "torchvision resnet18, untrained" if untrained else "torchvision resnet18 IMAGENET1K_V1"
    loaded = replace(model, provenance=replace(model.provenance, source=source))
    found = compared(
        {"crop": [replace(item, subject=replace(item.subject, architecture="resnet18", model=loaded))]}, "x", 3
    )
    assert found is not None
    assert ("weights of net are random here" in found.finding) == untrained
    (figures,) = found.tables
    assert all(("Here the weights are random" in str(text)) == untrained for text in figures["statement"])


def test_random_weights_are_told_of_networks_with_a_figure_beside_them_alone() -> None:
    item = measurement([[0, 1, 2, 0], [0, 1, 1, 0]], [0, 1, 2, 1])
    model = item.subject.model
    random = replace(model, provenance=replace(model.provenance, source="torchvision resnet18, untrained"))
    known = replace(item.subject, architecture="resnet18")
    other = replace(item.subject, label="other", variant="circular", architecture="resnet18", model=random)
    found = compared({"crop": [replace(item, subject=known), replace(item, subject=other)]}, "x", 3)
    assert found is not None
    assert "random" not in found.finding
