"""The pictures of an analysis, looked at before anything long is begun."""

from collections.abc import Callable
from pathlib import Path

import pytest
from torch import nn

from biasscope.core.errors import InputError
from biasscope.models.small.cache import cache_folder
from biasscope.pipeline.invariance.analysis import analyze_invariance
from biasscope.pipeline.layers.analysis import analyze_layers
from biasscope.pipeline.upsampling.analysis import analyze_upsampling
from biasscope.report.comparison.comparability import comparability
from biasscope.report.model import Report
from tests.unit.images.image_samples import noise


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


def test_a_picture_that_changed_in_a_folder_is_different_data(tmp_path: Path) -> None:
    folder, net = tmp_path / "pictures", nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1))
    (folder / "cat").mkdir(parents=True)
    for number in range(3):
        noise(number).save(folder / "cat" / f"{number}.png")
    before, same = (analyze_upsampling(net, images=str(folder), position=False, heads=0) for _ in range(2))
    noise(9).save(folder / "cat" / "1.png")
    after = analyze_upsampling(net, images=str(folder), position=False, heads=0)
    assert [file.name for file in before.provenance.inputs] == ["0.png", "1.png", "2.png"]
    assert comparability(before, same) == []
    assert comparability(before, after) == ["Different data: the contents of 1.png are not the same."]
