"""The pictures of an analysis, looked at before anything long is begun."""

from collections.abc import Callable
from pathlib import Path

import pytest

from biasscope.core.errors import InputError
from biasscope.models.small.cache import cache_folder
from biasscope.pipeline.invariance.analysis import analyze_invariance
from biasscope.pipeline.layers.analysis import analyze_layers
from biasscope.pipeline.upsampling.analysis import analyze_upsampling
from biasscope.report.model import Report


@pytest.mark.parametrize(
    ("analyze", "model"),
    [
        (analyze_invariance, "small:digits8"),
        (analyze_layers, "small:digits8"),
        (analyze_upsampling, "small:decoder-resize"),
    ],
)
def test_pictures_none_of_which_can_be_read_are_refused_before_a_network_is_trained(
    analyze: Callable[..., Report], model: str, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"none of its pictures can be read; the first, a\.png"):
        analyze(model, images=str(folder))
    assert not cache_folder().exists()
