"""What is trained: names of models, what is refused before anything is trained, grey images for coloured models."""

from pathlib import Path

import pytest
import torch
from torch import nn

from biasscope.copies import Data
from biasscope.core.errors import UsageError
from biasscope.pipeline.augmentation import analyze_augmentation
from biasscope.pipeline.augmentation.subjects import label, trainable

WORDS = {"copies": [1, 2], "variants": "plain", "seeds": 1, "steps": 1, "batch": 4, "shifts": "2x2"}
GREY = Data(torch.arange(4 * 144, dtype=torch.uint8).view(4, 1, 12, 12), torch.arange(4) % 2,
            torch.zeros(2, 1, 12, 12, dtype=torch.uint8), torch.arange(2))  # fmt: skip


def coloured() -> nn.Module:
    """Classify coloured images into two classes."""
    return nn.Sequential(nn.Conv2d(3, 2, 3, stride=2), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def test_the_folder_of_a_file_is_no_part_of_the_name() -> None:
    assert label("file:/home/me/nets/mine.safetensors?arch=torchvision:resnet18") == "mine"
    assert label("timm:resnet18@none?classes=3") == "resnet18"


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (lambda: nn.Conv2d(1, 4, 3), r"shape \(1, 4, 10, 10\)"),
        (lambda: nn.LSTM(12, 4), "a tuple"),
        (lambda: nn.Sequential(nn.Flatten(), nn.Linear(144, 2)), "2 answers"),
    ],
    ids=["map", "tuple", "classes"],
)
def test_a_model_that_does_not_classify_is_refused(network, said: str) -> None:
    shape = (12, 12) if said == "a tuple" else (1, 12, 12)
    with pytest.raises(UsageError, match=said):
        trainable(network, shape, 4)


def refusing(x: torch.Tensor) -> torch.Tensor:
    """Refuse every image without a word."""
    raise AssertionError


class Silent(nn.Module):
    """A network that fails without a message."""

    forward = staticmethod(refusing)


def test_a_network_itself_and_one_that_fails_without_a_message_are_refused() -> None:
    with pytest.raises(UsageError, match="not a function that builds one"):
        trainable(coloured(), (3, 12, 12), 2)
    with pytest.raises(UsageError, match=r"does not take images of 1 channels, 12 x 12 \(AssertionError\)"):
        trainable(Silent, (1, 12, 12), 2)


def test_grey_images_get_three_channels_for_a_model_that_takes_no_others() -> None:
    report = analyze_augmentation(coloured, images=GREY, **WORDS)
    assert report.result("copies").table("argument")["s2"] == [4]
    assert any("three equal channels" in note for note in report.result("images").notes)
    with pytest.raises(UsageError, match="images of 3 channels"):
        analyze_augmentation(lambda: nn.Conv2d(2, 4, 3), images=GREY, **WORDS)


def test_models_of_one_name_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("biasscope.pipeline.augmentation.workers.cores", lambda: 1)  # spares processes that import all
    report = analyze_augmentation("small:4:2", "small:4:2", images=GREY, **WORDS)
    names = [scalar.name for scalar in report.result("copies").scalars]
    assert len(set(names)) == len(names)
    assert "consistency_one@small:4:2 #2 plain" in names


def test_weights_that_are_given_are_said(tmp_path: Path) -> None:
    from torchvision.models import squeezenet1_0

    from biasscope.models.checkpoints.safetensors import to_safetensors

    path = tmp_path / "mine.safetensors"
    path.write_bytes(to_safetensors(squeezenet1_0(num_classes=2).state_dict(), {}))
    big = Data(GREY.train.repeat(1, 1, 3, 3), GREY.train_labels, GREY.test.repeat(1, 1, 3, 3), GREY.test_labels)
    report = analyze_augmentation(f"file:{path}?arch=torchvision:squeezenet1_0&classes=2", images=big, **WORDS)
    assert report.notes[0].startswith("mine: training starts from the given weights")
    assert not any("given weights" in note for note in analyze_augmentation("small:4:2", images=GREY, **WORDS).notes)
