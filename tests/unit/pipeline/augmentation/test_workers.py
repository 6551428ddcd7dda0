"""What the processes of an augmentation sweep are told."""

import json

import pytest

from biasscope.copies import Training
from biasscope.core.progress import Progress
from biasscope.pipeline.augmentation import workers
from biasscope.pipeline.definition import AugmentationAnalysis


def test_how_networks_are_trained_reaches_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, object] = {}
    monkeypatch.setattr(workers, "augmentation_sweep", lambda *_, **words: told.update(words))
    asked = AugmentationAnalysis(rate=0.02, amp="bf16", channels_last=True, compile=True)
    words = {"copies": [1, (2, 3)], **{name: getattr(asked, name) for name in workers.SETTINGS}}
    workers.sweep("small:4", None, json.loads(json.dumps(words)), Progress())  # type: ignore[arg-type]
    assert told.pop("training") == Training(rate=0.02, amp="bf16", channels_last=True, compile=True)
    assert told.pop("copies") == [1, (2, 3)]
    assert told.keys() == {"progress"}
