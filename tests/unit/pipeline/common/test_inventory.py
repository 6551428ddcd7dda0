"""Published figures, models, and pictures with problems."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from biasscope.core.progress import Progress
from biasscope.images import PROBLEMS, ImageProblem, open_images
from biasscope.pipeline.common import inventory
from biasscope.pipeline.common.forms import Impossible
from biasscope.pipeline.common.subjects import subjects
from biasscope.pipeline.definition import InvarianceAnalysis
from biasscope.pipeline.invariance.comparison import compared
from biasscope.pipeline.invariance.published import ANTIALIASED, CHANGES, TAPS, figures
from biasscope.sweep.measure import Measured
from tests.unit.pipeline.invariance.made import measurement

NET = "torchvision:resnet18@none?classes=10&size=32"


def test_every_published_row_is_whole() -> None:
    for architecture in {*ANTIALIASED, *CHANGES}:
        found = list(figures(architecture))
        zhang = 2 * len(TAPS) if architecture in ANTIALIASED else 0
        assert len(found) == zhang + (4 if architecture in CHANGES else 0)
        assert all(0 < item.value < 1 and item.grade == "P" for item in found)


def test_anti_aliasing_was_published_to_raise_consistency_everywhere() -> None:
    for architecture in ANTIALIASED:
        values = {item.taps: item.value for item in figures(architecture) if item.measure == "consistency"}
        assert min(values[taps] for taps in TAPS[1:]) > values[0]


def test_figures_stand_beside_the_same_architecture_and_form_only() -> None:
    number = Measured("consistency", "Consistency", 0.9, 0.8, 0.95, 4, "higher", "crop", "pairs", "mean")
    plain = measurement([[0, 1]] * 3, architecture="resnet18")
    blurred = measurement([[0, 1]] * 3, architecture="resnet18", variant="antialias", label="net (antialias)")
    plain, blurred = (replace(item, metrics={"consistency": number}) for item in (plain, blurred))
    found = compared({"crop": [plain, blurred]}, "ten pictures", taps=3)
    assert found is not None
    rows = found.table("figures")
    own = [(rows["model"][i], rows["published"][i], rows["own"][i]) for i in (0, 2)]
    assert own == [("net", 0.8511, 0.9), ("net (antialias)", 0.8751, 0.9)]
    assert not any(rows["same_protocol"])
    assert "surgery alone" in str(rows["statement"][2])
    assert "surgery alone" not in str(rows["statement"][0])
    assert found.source == "Zhang, ICML 2019"
    assert found.finding.startswith("4 published figures of resnet18 beside")
    assert compared({"circular": [plain]}, "", 3) is None
    assert compared({"crop": [measurement([[0, 1]])]}, "", 3) is None


def test_pictures_that_some_models_take_are_not_left_out() -> None:
    problems = [
        ImageProblem("refused", "a", "too small"), ImageProblem("refused", "b", "too small"),
        ImageProblem("truncated", "c", "cut off"), ImageProblem("converted", "d", "CMYK", used=True),
    ]  # fmt: skip
    found = inventory.images(open_images("scenes:4"), problems, 3, [], {"a", "b", "d"}, "clip")
    assert found.finding == (
        "3 clips were measured. 1 clip was left out, 2 clips were left out by some of the models or protocols and "
        "1 clip was converted; the report lists them."
    )
    values = {item.name: item.value for item in found.scalars}
    assert values == {"images": 3, "skipped": 1, "partly_skipped": 2, "violations": 4}


def test_models_state_their_surgery() -> None:
    made = subjects([NET], InvarianceAnalysis(variants=["baseline", "antialias"]), Progress())
    found = inventory.models(made)
    rows = found.table("models")
    assert rows["trained"] == [True, False]
    assert rows["replaced"][0] is None
    assert str(rows["replaced"][1]).startswith(f"{len(made[1].surgery)}: maxpool, ")
    assert "stem=False" in str(rows["kept"][1])
    assert found.table("replacements").height == len(made[1].surgery)
    assert found.table("kept").height == len(made[1].surgery.kept) > 0
    assert "without retraining" in found.notes[0]
    assert not inventory.models(made[:1]).notes


@pytest.mark.parametrize("many", [2, 1500])
def test_problems_are_counted_and_listed(many: int) -> None:
    source = open_images(np.zeros((2, 8, 8), np.uint8))
    problems = [ImageProblem("truncated", f"i{number}", "cut off") for number in range(many)]
    problems.append(ImageProblem("deep", "j", "16 bits", used=True))
    found = inventory.images(source, problems, 5, [])
    assert found.scalar("skipped").value == many
    assert found.scalar("violations").value == many + 1
    assert found.table("problems")["count"] == [1, many]
    assert found.table("problems")["title"] == [PROBLEMS["deep"].title, PROBLEMS["truncated"].title]
    assert found.table("problems")["explanation"] == [PROBLEMS["deep"].explanation, PROBLEMS["truncated"].explanation]
    assert found.table("problems")["example"] == ["16 bits", "cut off"]
    assert found.table("rows").height == min(many, inventory.ROWS) + 1
    assert f"{many:,} pictures were left out and 1 picture was converted" in inventory.said(problems)
    assert "left out" not in inventory.said(problems[-1:])


def test_no_problems_no_tables() -> None:
    found = inventory.images(open_images(np.zeros((2, 8, 8), np.uint8)), [], 2, ["a note"])
    assert (found.tables, found.notes) == ([], ["a note"])
    assert found.scalar("violations").value == 0


def test_a_code_of_a_source_of_ones_own_explains_itself() -> None:
    source = open_images(np.zeros((2, 8, 8), np.uint8))
    found = inventory.images(source, [ImageProblem("too-odd", "i", "its number is odd")], 1, []).table("problems")
    assert (found["title"], found["explanation"]) == (["too odd"], ["its number is odd"])


def test_forms_that_cannot_be_made_are_listed() -> None:
    made = subjects([NET], InvarianceAnalysis(), Progress())
    found = inventory.models(made, [Impossible("resnet18", "polyphase", "it has a window")])
    assert found.table("impossible")["reason"] == ["it has a window"]
    assert found.scalar("violations").value == 1
    assert "1 form cannot be made: resnet18 has no form polyphase: it has a window." in found.finding
    assert not any(item.name == "violations" for item in inventory.models(made).scalars)


def test_a_model_whose_own_forward_was_written_again_has_a_name_in_the_tables() -> None:
    class Written(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x: Tensor) -> Tensor:
            return torch.max_pool2d(self.conv(x), 2).mean((2, 3))

    asked = InvarianceAnalysis(variants=["antialias"])
    found = inventory.models(list(subjects([Written()], asked, Progress())))
    assert found.table("replacements")["name"] == ["the model itself", "maxpool2d_0"]
    assert found.table("models")["replaced"] == ["2: the model itself, maxpool2d_0"]
