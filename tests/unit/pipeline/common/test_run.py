"""What the reports of models share."""

from types import SimpleNamespace
from typing import cast

from biasscope.pipeline.common.forms import Subject
from biasscope.pipeline.common.run import untrained


def subject(family: str, source: str) -> Subject:
    return cast(
        Subject, SimpleNamespace(family=family, model=SimpleNamespace(provenance=SimpleNamespace(source=source)))
    )


def test_networks_with_random_weights_are_told_once() -> None:
    random, trained = subject("net", "torchvision net, untrained"), subject("other", "torchvision other, DEFAULT")
    assert untrained([random, random, trained]) == ["Random weights, untrained: net. Trained ones may do otherwise."]
    assert untrained([trained]) == []
