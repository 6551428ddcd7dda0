"""Small decoders: geometry, training, cache."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from biasscope.core.errors import UsageError
from biasscope.models import load_model
from biasscope.models.small import decoders
from biasscope.upsampling import structure


@pytest.mark.parametrize(("form", "ratio"), [("transposed3", 25), ("transposed4", 1), ("resize", 1)])
def test_geometry(form: str, ratio: float) -> None:
    net = decoders.SmallDecoder(form)
    x = torch.zeros(2, 1, 32, 32)
    assert net(x).shape == x.shape
    found = structure(net, x)
    assert (len(found.forward), found.composed[-1].ratio) == (3, ratio)
    assert found.backward_composed is not None
    assert found.backward_composed.uniform


def test_trained_once_and_read_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    small = replace(decoders.DECODERS["decoder-transposed4"], scenes=40, epochs=1, side=32)
    monkeypatch.setitem(decoders.DECODERS, "decoder-transposed4", small)
    first = load_model("small:decoder-transposed4")
    monkeypatch.setattr(decoders, "train_decoder", lambda recipe: pytest.fail("it was trained again"))
    again = load_model("small:decoder-transposed4")
    assert again.provenance == first.provenance
    assert first.class_names is None
    assert float(first.provenance.recipe["psnr"]) > 0


def test_unknown_names() -> None:
    with pytest.raises(UsageError, match="decoder-transposed3"):
        load_model("small:decoder-nine")
    with pytest.raises(ValueError, match="resize"):
        decoders.SmallDecoder("nine")
