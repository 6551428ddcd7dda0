"""Labels, families and forms of models."""

import pytest
import torch

from biasscope.core.errors import UsageError
from biasscope.core.progress import Progress
from biasscope.models import Preprocessing, load_model
from biasscope.pipeline.common.forms import Impossible
from biasscope.pipeline.common.labels import label_of, unique
from biasscope.pipeline.common.subjects import subjects
from biasscope.pipeline.definition import InvarianceAnalysis

NET = "torchvision:resnet18@none?classes=10&size=32"


@pytest.mark.parametrize(
    ("spec", "label"),
    [
        ("torchvision:resnet18@IMAGENET1K_V1", "resnet18"),
        ("timm:resnet18.a1_in1k", "resnet18.a1_in1k"),
        ("file:/some/where/net.v2.safetensors?arch=torchvision:resnet18&mean=0.5", "net.v2"),
        ("small:digits8-antialias", "digits8-antialias"),
        (torch.nn.Flatten(), "Flatten"),
    ],
)
def test_labels_are_short(spec: str, label: str) -> None:
    assert label_of(spec) == label


def test_labels_are_unique() -> None:
    assert len(set(unique(["a", "a", "a #2", "a"]))) == 4


def test_forms_are_made_by_surgery_and_named() -> None:
    asked = InvarianceAnalysis(variants=["baseline", "antialias", "circular"], filter_size=3)
    made = subjects([NET, NET], asked, Progress())
    assert [item.label for item in made] == [
        "resnet18", "resnet18 (antialias)", "resnet18 (circular)",
        "resnet18 #2", "resnet18 #2 (antialias)", "resnet18 #2 (circular)",
    ]  # fmt: skip
    assert [item.variant for item in made[:3]] == ["baseline", "antialias", "circular"]
    assert {item.family for item in made[:3]} == {"resnet18"}
    assert [item.trained for item in made[:3]] == [True, False, False]
    assert {item.architecture for item in made} == {"resnet18"}
    assert "BlurPool2d(3" in made[1].surgery.replacements[0].after
    assert len(made[0].surgery) == 0


def test_the_baseline_is_left_as_it_was() -> None:
    loaded = load_model(NET)
    before = loaded.provenance.sha256
    made = subjects([loaded], InvarianceAnalysis(variants=["polyphase", "baseline"]), Progress())
    assert [item.variant for item in made] == ["polyphase", "baseline"]
    assert made[1].model is loaded
    assert made[1].model.provenance.sha256 == before


def test_a_form_that_cannot_be_made_is_named() -> None:
    class Hidden(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x[:, :, ::2, ::2].flatten(1)[:, :10]

    with pytest.raises(UsageError, match="Hidden has no form antialias"):
        subjects([Hidden()], InvarianceAnalysis(variants=["antialias"]), Progress())


class Sliced(torch.nn.Module):
    """Subsamples in a way that no surgery reaches."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :, ::2, ::2].flatten(1)[:, :10]


def test_forms_that_cannot_be_made_are_gathered_where_others_can() -> None:
    asked = InvarianceAnalysis(variants=["baseline", "antialias"])
    impossible: list[Impossible] = []
    made = subjects([Sliced(), NET], asked, Progress(), impossible)
    assert [item.label for item in made] == ["Sliced", "resnet18", "resnet18 (antialias)"]
    assert [(item.family, item.variant) for item in impossible] == [("Sliced", "antialias")]
    assert "has no form antialias: " in str(impossible[0])
    alone = InvarianceAnalysis(variants=["antialias"])
    with pytest.raises(UsageError, match="Sliced has no form antialias") as caught:
        subjects([Sliced()], alone, Progress(), [])
    assert caught.value.hint == "Leave antialias out of --variants."


def test_forms_in_which_nothing_was_replaced_are_left_out() -> None:
    """They would be compared with themselves."""
    stem = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, 2), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1))
    impossible: list[Impossible] = []
    asked = InvarianceAnalysis(variants=["baseline", "antialias", "pac"])
    net = torch.nn.Sequential(*stem, torch.nn.Flatten())
    made = subjects([load_model(net, preprocessing=Preprocessing((32, 32), None))], asked, Progress(), impossible)
    assert [item.variant for item in made] == ["baseline"]
    reason = "there is nothing to replace"
    kept = f"{reason} (0 was left: reads the picture, and stem=False)"
    assert [(item.variant, item.reason) for item in impossible] == [("antialias", kept), ("pac", reason)]
    stemmed = InvarianceAnalysis(variants=["antialias"], stem=True)
    assert len(subjects([made[0].model], stemmed, Progress())) == 1
