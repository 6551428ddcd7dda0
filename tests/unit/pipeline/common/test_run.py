"""What the reports of models share."""

from types import SimpleNamespace
from typing import cast

from biasscope.models import LoadedModel
from biasscope.pipeline.common.forms import Subject
from biasscope.pipeline.common.run import untrained


def subject(family: str, source: str) -> Subject:
    loaded = cast(LoadedModel, SimpleNamespace(provenance=SimpleNamespace(source=source)))
    return Subject(family, family, "baseline", True, loaded)


def test_networks_with_random_weights_are_told_once() -> None:
    random, trained = subject("net", "torchvision net, untrained"), subject("other", "torchvision other, DEFAULT")
    assert untrained([random, random, trained]) == ["Random weights, untrained: net. Trained ones may do otherwise."]
    assert untrained([trained]) == []
