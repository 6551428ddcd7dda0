"""Results, tables and sentences of the question of upsampling, against networks whose answer is known."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from biasscope import analyze_upsampling
from biasscope.core.errors import InputError, UsageError
from biasscope.core.progress import Progress
from biasscope.core.results import Result, Table
from biasscope.figures.frame import rows
from biasscope.models import Preprocessing, load_model
from biasscope.pipeline.common.numbers import percent
from biasscope.pipeline.upsampling.context import context
from biasscope.pipeline.upsampling.knee import WIDEST, knee
from biasscope.pipeline.upsampling.measurement import best
from biasscope.pipeline.upsampling.spectra import peaks, spectrum
from biasscope.report.model import Report, encode
from biasscope.report.render import render
from biasscope.upsampling.remedies.compare import compare

KINDS = ["patterns", "overlap", "remedies", "weights", "models"]


class Uneven(nn.Sequential):
    """Writes every second position twice as strong on each axis."""

    def __init__(self) -> None:
        super().__init__(nn.ConvTranspose2d(1, 1, 3, 2, 1, 1, bias=False))
        nn.init.ones_(self[0].weight)


def inputs(side: int = 16, count: int = 4, channels: int = 1) -> Tensor:
    return torch.rand(count, channels, side, side, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def uneven() -> Report:
    return analyze_upsampling(Uneven(), inputs=inputs(), remedies=["equal-phases", "hold", "icnr"], draws=99)


def test_every_result_is_there_and_is_json(uneven: Report) -> None:
    assert [result.kind for result in uneven.results] == KINDS
    assert b"NaN" not in encode(uneven)
    assert 1 <= len(uneven.answer) <= 5


def test_the_ripple_says_how_much_of_it_repeats(uneven: Report) -> None:
    ripple = uneven.result("patterns").scalar("ripple@Uneven")
    assert ripple.description.startswith("100 % of what varies repeats with the stride")


def test_the_picture_of_the_ripple_is_at_the_level_that_the_head_number_tells() -> None:
    """The largest constant has the largest ripple; the one that cancels the bias has the largest by its answer."""
    net = Uneven()
    net[0].bias = nn.Parameter(torch.tensor([-1.0]))
    given = torch.linspace(0.45, 2, 5)[:, None, None, None].expand(-1, 1, 16, 16)
    found = analyze_upsampling(net, inputs=given, remedies="none", draws=19).result("patterns")
    (picture,) = [row for row in rows(found, "pictures") if row["role"] == "constant"]
    ripple = found.scalar("ripple@Uneven").value
    assert ripple > 2
    assert picture["below"] == f"ripple {percent(ripple)}"


def test_overlap_is_that_of_kernel_three_and_stride_two(uneven: Report) -> None:
    alone, together, output = rows(uneven.result("overlap"), "layers")
    assert [row["scope"] for row in (alone, together, output)] == ["alone", "all before it", "all before it"]
    assert (alone["ratio_1d"], alone["ratio"], alone["holes"]) == (2, 4, 0)
    assert sorted(alone["cells"]) == [1, 2, 2, 4]
    assert (output["layer"], output["rows"], output["columns"]) == ("output", 2, 2)


def test_the_layer_that_writes_is_named_with_a_significant_phase(uneven: Report) -> None:
    pattern = rows(uneven.result("patterns"), "patterns")[0]
    assert (pattern["layer"], pattern["p"]) == ("0", 0.01)
    assert pattern["decibels_low"] > 0
    assert "strongest at 0" in uneven.result("patterns").finding
    assert any("strongest at 0" in sentence for sentence in uneven.answer)


def test_remedies_have_a_before_an_after_and_a_price(uneven: Report) -> None:
    found = {row["remedy"]: row for row in rows(uneven.result("remedies"), "remedies")}
    assert list(found) == ["none", "equal-phases", "hold", "icnr"]
    assert found["none"]["step"] > 0.1
    assert found["hold"]["step"] == pytest.approx(0, abs=1e-6)
    assert found["hold"]["cost"] > 1
    assert found["equal-phases"]["cost"] == 1
    assert found["icnr"]["step"] is None
    assert found["icnr"]["reason"]
    shown = rows(uneven.result("remedies"), "before_after")
    assert {row["remedy"] for row in shown} == {"none", "equal-phases", "hold"}
    assert all(row["picture"].startswith("data:image/png;base64,") for row in shown)


def test_nothing_to_analyse_is_said_and_gradients_are_told() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 1, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    found = analyze_upsampling(net, inputs=inputs(), remedies=["none"])
    assert [result.kind for result in found.results] == ["overlap", "gradients", "models"]
    assert "nothing to analyse" in found.answer[0]
    (row,) = rows(found.result("gradients"), "gradients")
    assert (row["strided_alone"], row["holes"], row["zero"]) == (None, 0.75, 0.75)
    assert row["energy_ratio"] is None


def test_both_figures_of_the_gradient_are_given() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 2, 3, 2, 1), nn.Conv2d(2, 2, 3, padding=1))
    found = analyze_upsampling(net, inputs=inputs(), remedies=["none"])
    (row,) = rows(found.result("gradients"), "gradients")
    assert row["strided_alone"] == 4
    assert 1 < row["with_between"] < 4
    assert 1 <= row["energy_least"] < row["energy_ratio"]
    assert (
        found.result("gradients")
        .finding.rstrip(".")
        .endswith(("(may be chance)", f"(at least {row['energy_least']:.3g})"))
    )


@pytest.mark.parametrize(("latent", "shape"), [("6", (6,)), ("6x1x1", (6, 1, 1))])
def test_generators_take_latents(latent: str, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    start = [nn.Unflatten(1, (6, 1, 1))] if len(shape) == 1 else []
    net = nn.Sequential(*start, nn.ConvTranspose2d(6, 4, 8), nn.ReLU(), nn.ConvTranspose2d(4, 1, 3, 2, 1, 1))
    found = analyze_upsampling(net, latent=latent, limit=3, remedies=["hold"])
    assert found.result("patterns").parameters["input"] == " x ".join(map(str, shape))
    assert found.notes == ["Latents are independent and standard normal."]
    assert rows(found.result("overlap"), "layers")[-1]["ratio"] == pytest.approx(4)


def generator(*layers: nn.Module) -> nn.Sequential:
    """From a latent without positions, whose maps are no constants, whatever enters."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 64), nn.Unflatten(1, (1, 8, 8)), *layers)


def test_content_of_a_generator_is_not_taken_for_a_ripple() -> None:
    found = analyze_upsampling(
        generator(nn.Upsample(scale_factor=2), nn.Conv2d(1, 1, 3)), latent="8", limit=8, draws=19
    )
    assert not [one for one in found.headline if one.name.startswith("ripple")]
    assert "what enters has no positions" in " ".join(found.result("overlap").notes)
    assert not any("constant" in sentence for sentence in found.answer)


def test_remedies_of_a_generator_are_chosen_by_their_peaks() -> None:
    net = generator(nn.Softplus(), Uneven())
    found = analyze_upsampling(net, latent="8", limit=8, remedies="hold,equal-phases", draws=19)
    (said,) = [sentence for sentence in found.answer if "lowers the peaks" in sentence]
    before, *after = rows(found.result("remedies"), "remedies")
    lowered = [row for row in after if row["decibels"] <= 0] or after
    chosen = min(lowered, key=lambda row: row["change"])
    assert chosen["title"] in said
    assert f"from {before['decibels']:.1f} to " in said
    assert before["step"] is None


class Grain(nn.Module):
    """Noise of its own in every pass."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + 0.1 * torch.randn_like(x)


def test_remedies_of_a_network_that_draws_noise_are_chosen_by_their_peaks() -> None:
    """As it is, constants tell the pattern; behind a remedy only noise is left of them."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 8, 4, 2, 1), Grain(), nn.ConvTranspose2d(8, 3, 4, 2, 1))
    found = analyze_upsampling(net, inputs=torch.rand(8, 3, 64, 64), remedies="hold,equal-phases", draws=19)
    before, *after = rows(found.result("remedies"), "remedies")
    assert before["step"] > 0.1
    assert [row["step"] for row in after] == [None, None]
    (said,) = [sentence for sentence in found.answer if "lowers the peaks" in sentence]
    assert "ripple" not in said


def test_no_remedy_is_called_for_where_peaks_may_be_chance() -> None:
    """Maps around zero: each is written unevenly, but the mean over them is not."""
    found = analyze_upsampling(generator(Uneven()), latent="8", limit=8, remedies="hold", draws=19)
    (before, *_) = rows(found.result("remedies"), "remedies")
    assert before["decibels_low"] < 0 < before["decibels_high"]
    assert not any("lowers the peaks" in sentence for sentence in found.answer)


def test_latents_of_one_position_are_widened_until_they_are_constants() -> None:
    net = nn.Sequential(nn.ConvTranspose2d(2, 1, 4, 1), nn.ConvTranspose2d(1, 1, 4, 2, 1), Uneven())
    for layer in net[:2]:
        nn.init.ones_(layer.weight)
    found = analyze_upsampling(net, latent="2x1x1", limit=4, remedies="hold", draws=19).result("patterns")
    ripple = found.scalar("ripple@Sequential")
    assert ripple.description.startswith("100 % of what varies repeats with the stride")
    assert ripple.value > 0.4


@pytest.mark.parametrize("dims", [1, 3])
def test_lines_and_volumes(dims: int) -> None:
    torch.manual_seed(0)
    layer = {1: nn.ConvTranspose1d, 3: nn.ConvTranspose3d}[dims]
    found = analyze_upsampling(nn.Sequential(layer(1, 1, 3, 2)), inputs=torch.rand(2, 1, *[12] * dims))
    assert rows(found.result("overlap"), "layers")[0]["ratio"] == 2**dims
    assert encode(found)


def test_a_dense_head_that_gives_a_dictionary() -> None:
    class Head(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down, self.up = nn.Conv2d(3, 4, 3, 2, 1), nn.ConvTranspose2d(4, 5, 3, 2, 1, 1)

        def forward(self, x: Tensor) -> dict[str, Tensor]:
            return {"out": self.up(self.down(x))}

    torch.manual_seed(0)
    model = load_model(Head(), preprocessing=Preprocessing((32, 32), None))
    found = analyze_upsampling(model, images="scenes:4", remedies=["hold"])
    kinds = [result.kind for result in found.results]
    assert kinds == ["patterns", "overlap", "remedies", "weights", "gradients", "coverage", "models", "images"]
    assert [row["layer"] for row in rows(found.result("patterns"), "patterns")] == ["up", "output"]
    covered = rows(found.result("coverage"), "coverage")
    assert [row["crop"] for row in covered] == sorted(row["crop"] for row in covered)
    assert covered[-1]["crop"] == pytest.approx(1)


@pytest.mark.parametrize("given", [{"images": "scenes:3"}, {"latent": "3x32x32", "limit": 3}])
def test_networks_in_half_precision_are_given_pictures_and_latents_in_their_own(given: dict[str, object]) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ConvTranspose2d(4, 3, 3, 2, 1, 1))
    model = load_model(net.bfloat16(), preprocessing=Preprocessing((32, 32), None))
    found = analyze_upsampling(model, remedies="none", position=False, **given)  # type: ignore[arg-type]
    assert rows(found.result("patterns"), "patterns")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"images": "scenes:2"}, r"MODEL\?size=64.* A generator takes --latent SHAPE"),
        ({"latent": "20"}, "Give --latent the shape that its forward takes"),
        ({"inputs": torch.rand(2, 20)}, "Give inputs as its forward takes them"),
    ],
)
def test_a_model_that_does_not_take_what_it_is_given_says_what_to_change(given: dict[str, Any], said: str) -> None:
    generator = nn.Sequential(nn.ConvTranspose2d(20, 4, 4), nn.ConvTranspose2d(4, 1, 4, 2, 1))
    with pytest.raises(UsageError, match=rf"cannot be run on pictures of shape .*{said}"):
        analyze_upsampling(generator, **given)


def test_coverage_of_strides_that_differ_along_the_axes() -> None:
    """7 of 8 phases down, both across; not 64 phases."""
    net = nn.Sequential(nn.Conv2d(3, 4, 3, (2, 1), 1), nn.Conv2d(4, 4, 3, (4, 2), 1))
    model = load_model(net, preprocessing=Preprocessing((32, 32), None))
    found = analyze_upsampling(model, images="scenes:4", padding=3, remedies=["none"], heads=0).result("coverage")
    assert "87.5 % of the 16 phases of Sequential (stride product 8 x 2)" in found.finding
    last = rows(found, "coverage")[-1]
    assert (last["phases"], last["crop"]) == (16, pytest.approx(7 / 8))


@pytest.mark.parametrize(
    "options", [{"remedies": ["nothing"]}, {"latent": "axb"}, {"latent": "3", "images": "scenes:2"}, {"draws": 3}]
)
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        analyze_upsampling(Uneven(), **({"inputs": inputs()} if "images" not in options else {}), **options)


def test_remedies_may_be_joined_with_commas() -> None:
    found = analyze_upsampling(Uneven(), inputs=inputs(), remedies="hold, smooth", draws=19)
    assert [row["remedy"] for row in rows(found.result("remedies"), "remedies")] == ["none", "hold", "smooth"]


def test_what_is_measured_before_remedies_is_what_the_patterns_tell() -> None:
    """With the same channels, margin and batches."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.ConvTranspose2d(1, 20, 3, 2), nn.Softplus())
    found = analyze_upsampling(
        net, inputs=torch.rand(3, 1, 24, 24), remedies="hold", draws=19, channels=20, margin=12, batch=1
    )
    output, before = rows(found.result("patterns"), "patterns")[-1], rows(found.result("remedies"), "remedies")[0]
    assert (before["decibels"], before["eta_squared"]) == (output["decibels"], output["eta_squared"])
    none = analyze_upsampling(net, inputs=torch.rand(3, 1, 24, 24), remedies="hold", draws=19, margin=90)
    assert "within a margin of 90" in none.result("patterns").finding
    assert [row["decibels"] for row in rows(none.result("remedies"), "remedies")] == [None, None]


def test_a_folder_of_pictures_that_cannot_be_read_is_not_said_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_text("no picture", encoding="utf-8")
    with pytest.raises(InputError, match=r"none of its pictures can be read; the first, one\.jpg"):
        analyze_upsampling("torchvision:squeezenet1_1@none?size=32", images=str(tmp_path))


def test_arrays_of_another_precision_are_taken() -> None:
    plain = analyze_upsampling(Uneven(), inputs=inputs(), remedies="none", draws=19)
    array = analyze_upsampling(Uneven(), inputs=inputs().double().numpy(), remedies="none", draws=19)
    assert plain.result("patterns").tables[0] == array.result("patterns").tables[0]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (torch.tensor([[[[0.0, float("nan")]]]]), "1 of 2 values are not finite"),
        (torch.ones(1, 1, 4, 4).long(), "whole"),
        ("pictures", "no tensor"),
        (torch.zeros(0, 1, 4, 4), "at least one"),
        (torch.zeros(1, 3, 4, 4), "cannot be run"),
    ],
)  # fmt: skip
def test_inputs_that_nothing_can_be_measured_with(wrong: object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        analyze_upsampling(Uneven(), inputs=wrong, remedies="none")


def test_weights_that_are_not_finite_are_told_and_nothing_is_shown() -> None:
    net = Uneven()
    with torch.no_grad():
        net[0].weight[0, 0, 0, 0] = float("nan")
    found = analyze_upsampling(net, inputs=inputs(), draws=19)
    assert "no pattern could be measured: it holds values that are not finite" in found.answer[0]
    assert render(found)
    assert rows(found.result("patterns"), "patterns")[0]["p"] is None
    assert not any("not finite" not in note for note in found.result("overlap").notes[2:])


def test_maps_that_are_too_small_are_not_called_clean() -> None:
    found = analyze_upsampling(Uneven(), inputs=inputs(1), draws=19)
    assert "smaller than two periods" in found.answer[0]


class Interleaved(nn.Module):
    """A resize that writes evenly, and a product behind it that does not."""

    def forward(self, x: Tensor) -> Tensor:
        up = nn.functional.interpolate(x, scale_factor=2)
        odd = torch.arange(up.shape[-1]) % 2
        return up * (1 + odd) * (1 + odd[:, None])


def test_a_pattern_that_only_the_output_has_is_not_called_clean() -> None:
    found = analyze_upsampling(Interleaved(), inputs=inputs(), remedies="none", draws=99)
    assert found.answer[0].startswith("In Interleaved the output shows a pattern, and no layer that upsamples does: ")
    assert found.answer[0] in found.result("patterns").finding


def test_a_pattern_is_found_where_the_periods_of_a_map_are_prime() -> None:
    net = nn.ConvTranspose2d(1, 1, (3, 1), (2, 1))
    nn.init.ones_(net.weight)
    found = analyze_upsampling(net, inputs=inputs()[..., :11].repeat(1, 1, 1, 2)[..., :13, :], remedies="none")
    assert "the pattern is strongest" in found.answer[0]


class Answers(nn.Module):
    """Gives its maps together with other things."""

    def __init__(self, pack: object) -> None:
        super().__init__()
        self.up, self.pack = Uneven(), pack

    def forward(self, x: Tensor) -> object:
        return self.pack(self.up(x))  # type: ignore[operator]


PACKS = [
    lambda y: (y.mean(), y), lambda y: {"aux": y.mean((1, 2, 3)), "out": y}, lambda y: {"aux": y[..., ::2], "out": y},
    lambda y: [y.flatten(1), {"a": [y]}],
]  # fmt: skip


@pytest.mark.parametrize("pack", PACKS)
def test_the_maps_among_several_outputs_count(pack: object) -> None:
    plain = analyze_upsampling(Uneven(), inputs=inputs(), remedies="hold", draws=19)
    found = analyze_upsampling(Answers(pack), inputs=inputs(), remedies="hold", draws=19)
    before, after = (rows(one.result("remedies"), "remedies") for one in (plain, found))
    assert [row["change"] for row in before] == [row["change"] for row in after]
    assert [row["step"] for row in before] == [row["step"] for row in after]


def test_a_wrong_remedy_is_refused_before_anything_is_loaded() -> None:
    with pytest.raises(UsageError, match="no remedy 'paint'"):
        analyze_upsampling("file:/nonexistent.pth?arch=cifar_resnet20", remedies="paint")


def test_single_repairs_end_with_all_of_them() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.ConvTranspose2d(1, 2, 3, 2), nn.ReLU(), nn.ConvTranspose2d(2, 1, 3, 2))
    found = analyze_upsampling(net, inputs=inputs(), draws=19, remedies=["equal-phases"]).result("remedies")
    table = rows(found, "single")
    assert [row["layer"] for row in table] == ["0", "2", "all"]
    assert table[-1]["removed"] == pytest.approx(1, abs=1e-3)
    assert all(row["remedy"] == "equal-phases" and row["n"] == 4 for row in table)
    assert "alone removes most" in found.finding or "No single layer" in found.finding


def test_strided_against_dilated_at_equal_context() -> None:
    """Seen along an axis: 7/13, 13/13 and 15/15; only strides make the answer depend on the phase."""
    table = {row["way"]: row for row in context(0)}
    seen = {way: (row["receptive_field"], row["seen_along"]) for way, row in table.items()}
    assert seen == {
        "strided 2, 2, 2": (15, 1.0), "dilated 1, 2, 4": (15, 1.0), "dilated 1, 2, 3": (13, 1.0),
        "dilated 2, 2, 2": (13, pytest.approx(7 / 13)),
    }  # fmt: skip
    assert table["strided 2, 2, 2"]["phase_variance"] > 0.01
    assert all(row["phase_variance"] == 0 for way, row in table.items() if way.startswith("dilated"))


def test_the_knee_is_flat_inside_and_falls_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A net that answers right up to its padding and wrong beyond, through the words and the numbers."""
    assert knee(0, 0, Progress()) is None
    assert knee(WIDEST + 1, 0, Progress()) is None
    monkeypatch.setattr("biasscope.pipeline.upsampling.knee.IMAGES", "centred:120@32")
    monkeypatch.setattr("biasscope.pipeline.upsampling.knee.STEPS", 3)
    found = knee(2, 0, Progress())
    assert found is not None
    rings = {(row["distance"], row["inside"]) for row in of_table(found.table)}
    assert rings == {(float(d), d <= 2) for d in range(11)}
    sweep = found.sweep
    right = torch.tensor(np.asarray(sweep.inside)).view(1, -1, 1).expand(len(sweep.predictions), -1, len(sweep.targets))
    answers = torch.where(right, sweep.targets, (sweep.targets + 1) % 10)
    exact = replace(found, sweep=replace(sweep, predictions=answers))
    assert [value for value, _, _ in exact.accuracies] == [1, 0]
    assert "100 % of the pictures inside" in exact.finding
    assert [scalar.value for scalar in exact.scalars()] == [1, 0]


def of_table(found: Table) -> list[dict[str, object]]:
    return rows(Result("coverage", "", tables=[found]), "knee")


def test_the_spectrum_shows_a_ripple_at_its_frequency() -> None:
    line = (torch.arange(32) % 2).float()
    values = spectrum(inputs(32, 2) + 5 * line, (1, 2), "none")
    assert divmod(int(values.argmax()), 32) == (16, 0)
    assert values.min() == 0


class Lined(nn.Module):
    """A resize that writes evenly, and a faint line on every fourth row behind it."""

    def forward(self, x: Tensor) -> Tensor:
        up = nn.functional.interpolate(x, scale_factor=4)
        return up * (1 + 0.2 * (torch.arange(up.shape[-2])[:, None] % 4 == 0))


def test_the_frequency_that_stands_out_by_itself_is_in_the_table_as_in_the_sentence() -> None:
    found = analyze_upsampling(Lined(), inputs=inputs(12, 8), remedies="none", draws=99).result("patterns")
    resize, output = rows(found, "patterns")
    assert resize["highest"] is resize["highest_decibels"] is resize["highest_least"] is None
    assert output["highest"] in ("1/4, 0", "1/2, 0")
    told = f"{output['highest']} cycles a position {output['highest_decibels']:.1f} dB"
    assert f"{told} (at least {output['highest_least']:.1f}) above it" in found.finding


def test_remedies_tell_of_the_frequency_that_stands_out_by_itself() -> None:
    report = analyze_upsampling(Lined(), inputs=inputs(12, 8), remedies="smooth", draws=99)
    output, plain = rows(report.result("patterns"), "patterns")[-1], rows(report.result("remedies"), "remedies")[0]
    assert (plain["remedy"], plain["highest"]) == ("none", output["highest"])
    assert plain["highest_decibels"] == pytest.approx(output["highest_decibels"])


def test_a_pattern_whose_sign_is_that_of_the_picture_is_not_passed_over() -> None:
    """Uneven gains meet activations about zero: nothing is left of them in means over pictures, and all in spectra."""
    low = inputs(12, 8) - 0.5 + torch.tensor([1.0, -1.0]).repeat(4)[:, None, None, None]
    found = analyze_upsampling(Lined(), inputs=low, remedies="none", draws=99)
    assert "Yet in output of Lined, 1/" in found.answer[0]
    assert "0 cycles a position stand" in found.answer[0]
    plain = analyze_upsampling(nn.Upsample(scale_factor=4), inputs=low, remedies="none", draws=99)
    assert "Yet" not in plain.answer[0]


def test_what_pictures_have_on_an_axis_is_not_marked_in_their_spectrum() -> None:
    """A bright sky stands far above what is off the axis; a stripe stands above what is on it, too."""
    sky = torch.linspace(-1, 1, 12)[:, None] * torch.linspace(0.8, 1.2, 8)[:, None, None, None]
    clean = nn.functional.interpolate(sky + 0.01 * inputs(12, 8), scale_factor=4, mode="bilinear")
    striped = clean + 0.1 * (torch.arange(48)[:, None] % 2)

    def marked(maps: Tensor) -> set[tuple[float, float]]:
        return {(y, x) for y, x, _, low in peaks(maps, (4, 4)) if low > 0}

    assert (-0.5, 0.0) not in marked(clean)
    assert (-0.5, 0.0) in marked(striped)
    assert all(np.isnan(low) for _, _, _, low in peaks(clean[:1], (4, 4)))


def lazy() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.LazyConvTranspose2d(2, 3, 2), nn.LazyBatchNorm2d(), nn.LazyConv2d(1, 3, padding=1))


@pytest.mark.parametrize("options", [{"inputs": torch.rand(3, 4, 12, 12)}, {"latent": "4x12x12"}])
def test_lazy_layers_get_their_shapes_from_what_they_are_given(options: dict[str, object]) -> None:
    late, early = lazy(), lazy()
    with torch.no_grad():
        early.eval()(torch.zeros(1, 4, 12, 12))
    torch.manual_seed(1)
    found = analyze_upsampling(late, remedies="none", heads=0, **options)
    early.load_state_dict(late.state_dict())
    known = analyze_upsampling(early, remedies="none", heads=0, **options)
    assert found.results == known.results


def test_lazy_layers_that_nothing_gives_a_shape_are_refused() -> None:
    with pytest.raises(InputError, match="lazy layers have no shapes"):
        analyze_upsampling(lazy())
    with pytest.raises(UsageError, match="first pass fails"):
        analyze_upsampling(lazy(), inputs=torch.rand(2, 4))


class Stripes(nn.Module):
    """A generator whose maps are enlarged in blocks of four rows, the first of them stronger."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.start, self.up = nn.Linear(8, 24 * 24), nn.ConvTranspose2d(1, 1, 4, 4, bias=False)
        with torch.no_grad():
            self.up.weight.fill_(1.0)[:, :, 0] = 3.0

    def forward(self, z: Tensor) -> Tensor:
        return self.up(torch.relu(self.start(z)).view(-1, 1, 24, 24))


def test_one_frequency_that_stands_out_by_itself_calls_for_a_remedy() -> None:
    """The mean over frequencies is below what is around, since a resize in blocks takes energy out of all others."""
    found = analyze_upsampling(Stripes(), latent="8", limit=12, remedies="equal-phases,hold", draws=39)
    said = found.result("remedies").finding
    assert rows(found.result("patterns"), "patterns")[-1]["decibels_high"] < 0
    assert "leaves no stride frequency that stands out (1/4, 0 cycles a position stood" in said
    assert said in found.answer


def test_no_remedy_is_chosen_by_peaks_that_the_model_as_it_is_has_none_of() -> None:
    first, other = compare(nn.Sequential(nn.ConvTranspose2d(1, 1, 3, 2)), inputs(), ["hold"])
    assert first.strength is not None
    unknown = replace(first, strength=replace(first.strength, step=None, decibels=(None, None, None)))
    assert best([replace(first, strength=replace(first.strength, step=None)), other]) is other
    assert best([unknown, other]) is None


def test_decibels_of_constant_pictures_are_told_as_the_end_of_the_scale() -> None:
    found = analyze_upsampling(Uneven(), inputs=torch.full((3, 1, 16, 16), 0.5), remedies="none", draws=39)
    patterns = found.result("patterns")
    assert "stand at least 300 dB (the end of the scale) above what is around" in patterns.finding
    assert "the output has nothing but the pattern" in patterns.scalar("decibels@Uneven").description


def test_noise_has_no_stride_frequency_that_stands_out() -> None:
    noise = torch.randn(100, 8, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    wrong = sum(any(low > 0 for *_, low in peaks(maps, (8, 8))) for maps in noise)
    assert wrong <= 10


class Counting(nn.ConvTranspose2d):
    """Notes how many pictures come at once."""

    most = 0

    def forward(self, x: Tensor) -> Tensor:
        Counting.most = max(Counting.most, len(x))
        return super().forward(x)


def test_no_more_pictures_than_a_batch_are_run_at_once() -> None:
    analyze_upsampling(nn.Sequential(Counting(1, 1, 3, 2)), inputs=inputs(16, 8), remedies="hold", draws=19, batch=2)
    assert Counting.most == 2


@pytest.mark.filterwarnings("ignore:.*spectral_norm.*:FutureWarning")
def test_remedies_that_leave_out_a_normalisation_say_so() -> None:
    net = nn.Sequential(nn.utils.spectral_norm(nn.ConvTranspose2d(1, 1, 3, 2)))
    found = analyze_upsampling(net, inputs=inputs(), remedies="resize-nearest,hold", draws=19).result("remedies")
    (note,) = [note for note in found.notes if "normalisation" in note]
    assert note.startswith("With “nearest resize, convolution”, a layer has plain weights without its normalisation")
