"""Pipelines of torchvision, run on boxes alone, against the numpy laws and against torchvision's own pictures."""

import numpy as np
import polars as pl
import pytest

from biasscope.bias.columns import columns_of
from biasscope.bias.repair import padded_crop, repair, resized_crop
from biasscope.bias.repair.torchvision_pipeline import pipeline
from biasscope.core.errors import UsageError

torch = pytest.importorskip("torch")
v2 = pytest.importorskip("torchvision.transforms.v2")
tv_tensors = pytest.importorskip("torchvision.tv_tensors")


def boxes(count: int, seed: int = 0, width: int = 160, height: int = 120) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    w, h = rng.integers(10, 60, count), rng.integers(10, 60, count)
    x, y = (rng.beta(3, 3, count) * (width - w)).astype(int), (rng.beta(3, 3, count) * (height - h)).astype(int)
    return pl.DataFrame(
        {
            "image_id": [f"{row:05}" for row in range(count)],
            "label": rng.choice(["a", "b"], count),
            "x0": x.astype(float),
            "y0": y.astype(float),
            "x1": (x + w).astype(float),
            "y1": (y + h).astype(float),
            "image_width": np.full(count, width),
            "image_height": np.full(count, height),
        }
    )


def test_the_pipeline_agrees_with_the_numpy_law() -> None:
    frame = boxes(1500)
    ours = repair(frame, augmentation=resized_crop(64))
    theirs = repair(frame, augmentation=pipeline("RandomResizedCrop(64)"))
    for name in ("visible_fraction", "lost", "cut", "apparent_scale_ratio", "effect_after", "edge_contact_after"):
        one, two = ours.scalar(name), theirs.scalar(name)
        assert one.interval is not None
        assert two.interval is not None
        assert one.interval.low <= two.interval.high, name
        assert two.interval.low <= one.interval.high, name
    assert ours.scalar("effect_before").value == pytest.approx(theirs.scalar("effect_before").value, abs=0.02)


@pytest.mark.parametrize(
    "text",
    [
        "RandomCrop(100, padding=8), RandomHorizontalFlip()",
        "RandomAffine(0, translate=(.3, .3)), Resize((240, 320))",
        "RandomVerticalFlip(p=1), CenterCrop(80)",
        "Pad(7), RandomResizedCrop(50, interpolation=InterpolationMode.NEAREST)",
        "ToImage(), ToDtype(torch.float32, scale=True), Normalize([0.5], [0.5]), RandomCrop(90)",
        "RandomApply([CenterCrop(90)], p=0.5)",
        "RandomIoUCrop(), Resize((64, 64))",
    ],
)
def test_the_visible_share_is_that_of_a_painted_box(text: str) -> None:
    """Paint the box on a mask, push the mask through the same draw, and count what is left of it."""
    frame = columns_of(boxes(40))
    made = pipeline(text)
    view = made.view(frame, np.random.default_rng(3))
    if "IoU" in text or "Apply" in text:
        assert ((view.visible >= 0) & (view.visible <= 1)).all()
        assert (view.zoom > 0).all()
        return
    torch.manual_seed(int(np.random.default_rng(3).integers(2**62)))
    for row in range(frame.n):
        x0, y0, x1, y1 = frame.corners[row].astype(int)
        mask = torch.zeros(1, int(frame.height[row]), int(frame.width[row]))
        mask[:, y0:y1, x0:x1] = 1
        painted = made.transform(tv_tensors.Mask(mask))[0].numpy() > 0
        larger = np.array(painted.shape[::-1]) / (view.width[row], view.height[row])  # the view is in source pixels
        assert larger.prod() == pytest.approx(view.zoom[row] ** 2, rel=1e-6)
        share = painted.sum() / (view.zoom[row] ** 2 * (x1 - x0) * (y1 - y0))
        assert share == pytest.approx(view.visible[row], abs=0.12)
        if painted.sum() > 30:
            ys, xs = np.nonzero(painted)
            seen = [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
            np.testing.assert_allclose(view.corners[row] * np.tile(larger, 2), seen, atol=1.6)


MEASURES = ("effect", "effect_feasible", "effect_raw", "displacement_u", "displacement_v", "edge_contact")


def on_and_near_the_frame(**sides: int) -> pl.DataFrame:
    """Boxes of which many touch the frame or are one pixel off it."""
    frame = boxes(600, seed=4, **sides)
    off = np.random.default_rng(4).integers(0, 3, 600).astype(float)
    moved = {f"x{at}": pl.col(f"x{at}") - pl.col("x0") + off for at in (0, 1)}
    return frame.with_columns(
        **{name: pl.when(pl.arange(600) < 300).then(to).otherwise(name) for name, to in moved.items()}
    )


@pytest.mark.parametrize(
    "text",
    ["Resize((16, 16))", "Resize(16, max_size=20)", "Resize((900, 700))", "RandomResize(10, 300), ToImage()", "Pad(0)"],
)
def test_a_resize_alone_changes_nothing(text: str) -> None:
    """Half a pixel is one of the picture as it was annotated, however small the network's input."""
    found = repair(on_and_near_the_frame(width=163, height=117), augmentation=text)
    assert 0.1 < (found.scalar("edge_contact_before").value or 0) < 0.4
    for name in MEASURES:
        assert found.scalar(f"{name}_after").value == pytest.approx(found.scalar(f"{name}_before").value, abs=1e-6)
    before, after = np.array(found.table("maps")["counts"])[2:]
    np.testing.assert_array_equal(after, 4 * before)
    assert "not measurably change" in found.finding


@pytest.mark.parametrize("text", ["RandomResizedCrop(16), RandomHorizontalFlip()", "RandomResizedCrop((90, 8))"])
def test_a_crop_to_few_pixels_touches_as_often_as_its_law(text: str) -> None:
    """Standard errors of both are about .01; half a pixel of the output would make the share .1 larger."""
    frame = on_and_near_the_frame(width=163, height=117)
    law, run = (repair(frame, augmentation=one, draws=10) for one in (resized_crop(16), pipeline(text)))
    for name, within in (
        ("edge_contact", 0.02),
        ("effect", 0.05),
        ("concentration_u", 0.15),
        ("concentration_v", 0.15),
    ):
        assert run.scalar(f"{name}_after").value == pytest.approx(law.scalar(f"{name}_after").value, abs=within), name


@pytest.mark.parametrize(
    ("text", "touching"),
    [
        ("Resize((10, 100))", 0.5),
        ("Resize((100, 10))", 0.5),
        ("Resize((9000, 9000))", 0.5),
        ("RandomRotation((90, 90)), Resize((10, 100))", 0.5),
        ("RandomRotation((90, 90)), Resize((100, 10))", 0.5),
        ("Resize((10, 100)), RandomRotation((90, 90), expand=True)", 0.5),
        ("RandomHorizontalFlip(p=1), Resize((10, 10))", 0.5),
        ("Pad(1), Resize(10)", 0.0),
        ("CenterCrop(98), Resize((10, 1000))", 1.0),
    ],
)
def test_half_a_pixel_is_one_of_the_source_along_each_axis(text: str, touching: float) -> None:
    """A box .4 px off the left, which is contact, and one that is a whole pixel off both the left and the top."""
    corners = {"x0": [0.4, 1.0], "y0": [40.0, 1.0], "x1": [20.0, 20.0], "y1": [60.0, 20.0]}
    frame = boxes(2, width=100, height=100).with_columns(pl.Series(name, to) for name, to in corners.items())
    found = repair(frame, augmentation=text, draws=1)
    assert (found.scalar("edge_contact_before").value, found.scalar("edge_contact_after").value) == (0.5, touching)


def test_boxes_of_one_image_share_their_draw() -> None:
    frame = boxes(30)
    twice = columns_of(pl.concat([frame, frame]))
    view = pipeline("RandomResizedCrop(50)").view(twice, np.random.default_rng(0))
    np.testing.assert_array_equal(view.corners[::2], view.corners[1::2])


def test_the_global_generator_is_left_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    pipeline("RandomResizedCrop(50)").view(columns_of(boxes(10)), np.random.default_rng(0))
    assert torch.equal(torch.rand(3), expected)


def test_a_transform_object_is_taken_as_it_is() -> None:
    result = repair(boxes(60), augmentation=v2.CenterCrop(60), evaluation=v2.CenterCrop(60))
    assert result.scalar("apparent_scale_ratio").value == 1.0
    assert str(result.parameters["augmentation"]).startswith("CenterCrop(size=(60, 60)")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("RandomResizeCrop(224)", "Did you mean RandomResizedCrop"),
        ("randomcrop(3)", "Did you mean RandomCrop"),
        ("Nonsense(3)", "has no transform called 'Nonsense'"),
        ("RandomCrop(224, paddin=4)", "RandomCrop does not take these arguments"),
        ("Resize(3, interpolation=InterpolationMode.BILINAR)", "no constant called"),
        ("RandomResizedCrop", "RandomResizedCrop does not take these arguments"),
        ("RandomResizedCrop(0)", "size = 0"),
        ("Resize((64, 0))", "size = .64, 0."),
        ("RandomResizedCrop(224, scale=(5, 9))", "scale = .5, 9."),
        ("RandomResizedCrop(224, scale=(0.9, 0.1))", "the lower first"),
        ("RandomResizedCrop(224, ratio=(0, 1))", "ratio"),
        ("RandomResizedCrop(224, (5, 9)), RandomHorizontalFlip()", "scale"),
        ("Pad(-50)", "padding = -50"),
        ("RandomCrop(32, padding=[4, -1])", "negative"),
        ("RandomHorizontalFlop", "Did you mean RandomHorizontalFlip"),
        ("Lambda(3)", "Lambda cannot be run on boxes"),
        ("Transform()", "cannot be run|does not|has no transform"),
        ("RandomCrop(4000)", "of image 00000 of 160 x 120 pixels .ValueError.*Give it pad_if_needed=True, or resize"),
        ("RandomResizedCrop(224), TrivialAugmentWide()", "TrivialAugmentWide does not say .* to boxes. Leave it out"),
        (
            "RandomApply([RandAugment()]), Pad(4)",
            "RandAugment does not say .* to boxes. Leave it out, or say what moves",
        ),
        ("AutoAugment(AutoAugmentPolicy.CIFAR10)", "AutoAugment does not say"),
        ("AugMix", "AugMix does not say"),
        ("RandomCrop(60, padding=4, padding_mode='reflect')", "Leave padding_mode out: what the padding shows"),
    ],
)
def test_mistakes_end_as_usage_errors_that_name_them(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        repair(boxes(5), augmentation=text)


OLD = pytest.importorskip("torchvision.transforms")


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (OLD.RandomResizedCrop(64), "RandomResizedCrop is of torchvision.transforms, .* Take it from .*transforms.v2"),
        (OLD.Compose([v2.Pad(4), OLD.RandomApply([OLD.RandomHorizontalFlip(p=0)])]), "RandomHorizontalFlip is of"),
        (torch.nn.Sequential(OLD.TrivialAugmentWide()), "TrivialAugmentWide is of torchvision.transforms"),
        (v2.Compose([v2.RandomOrder([v2.AugMix()])]), "AugMix does not say what it does to boxes. Leave it out"),
    ],
)
def test_objects_that_know_no_boxes_are_named_before_any_is_run(made: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        pipeline(made)


def test_transforms_of_other_packages_are_named() -> None:
    crop = pytest.importorskip("kornia.augmentation").RandomCrop((32, 32))
    like = type("RandomCrop", (), {"__module__": "albumentations.crops", "__call__": lambda self, **data: data})()
    for made, package in ((crop, "kornia"), (v2.Compose([v2.Pad(4), like]), "albumentations")):
        with pytest.raises(UsageError, match=f"RandomCrop is of {package}, .* Give what does the same in torchvision"):
            pipeline(made)


def test_a_class_is_no_transform() -> None:
    with pytest.raises(UsageError, match=r"CenterCrop is a class .* Make one of it: CenterCrop\(\.\.\.\)"):
        pipeline(v2.CenterCrop)


def test_a_step_that_takes_pictures_only_is_to_be_left_out() -> None:
    with pytest.raises(UsageError, match="leave out steps that take pictures only"):
        repair(boxes(5), augmentation=v2.Compose([v2.Lambda(lambda picture: picture.convert("RGB")), v2.Pad(4)]))


def test_old_holders_of_new_transforms_are_taken() -> None:
    made = OLD.Compose([OLD.RandomApply([v2.CenterCrop(60)], p=1), torch.nn.Sequential(v2.Pad(2))])
    frame = boxes(20)
    assert repair(frame, augmentation=made).scalars == repair(frame, augmentation="CenterCrop(60), Pad(2)").scalars


def test_a_picture_that_is_too_small_is_named_with_its_split() -> None:
    """Splits may hold images of the same name."""
    frame = boxes(3).with_columns(split=pl.Series(["train", "val", None]), image_height=pl.Series([120, 90, 120]))
    with pytest.raises(UsageError, match=r"the boxes of image val/00001 of 160 x 90 pixels .*padded input image size"):
        repair(frame, augmentation="RandomCrop(100, padding=2)")
    with pytest.raises(UsageError, match=r"a crop of side 100 does not fit an image of 160 x 90 pixels padded by 2"):
        repair(frame, augmentation=padded_crop(100, 2))


def test_only_text_and_transforms_are_augmentations() -> None:
    with pytest.raises(UsageError, match="must be text or a transform, not int"):
        repair(boxes(5), augmentation=3)


def test_a_bare_name_is_the_transform() -> None:
    frame = boxes(40)
    bare, called = (repair(frame, augmentation=text) for text in ("RandomHorizontalFlip", "RandomHorizontalFlip()"))
    assert bare.scalars == called.scalars


def test_warnings_of_torchvision_stay_inside() -> None:
    """Warnings are errors in these tests; ToTensor and the like warn when they are made or used."""
    assert repair(boxes(20), augmentation="CenterCrop(60), ToTensor()").scalar("lost").value is not None


SQUASH = "Resize((120, 160))"
"""Leaves the pictures of ``boxes`` as they are."""


@pytest.mark.parametrize(
    ("text", "larger"),
    [
        ("RandomHorizontalFlip(p=1)", 1.0),
        ("RandomRotation((45, 45), expand=True)", 1.0),
        ("RandomRotation((90, 90))", 1.0),
        ("RandomAffine((30, 30))", 1.0),
        ("RandomAffine((30, 30), scale=(0.5, 0.5))", 0.5),
        ("RandomAffine(0, shear=(20, 20))", 1.0),
        ("RandomRotation((20, 20)), RandomRotation((20, 20))", 1.0),
        ("RandomRotation((20, 20)), Resize((240, 80))", 1.0),
        ("RandomRotation((20, 20)), Resize((240, 320))", 2.0),
        ("RandomRotation((20, 20)), CenterCrop(40)", 1.0),
    ],
)
def test_a_turned_object_is_not_larger(text: str, larger: float) -> None:
    """The root of the determinant of the linear part: 1 for rotations, flips and shears, whatever the upright box."""
    frame = boxes(60)
    found = repair(frame, augmentation=text, evaluation=SQUASH)
    assert found.scalar("apparent_scale_ratio").value == pytest.approx(larger, rel=1e-3)
    per_class = found.table("classes")["apparent_scale_ratio"]
    np.testing.assert_allclose(per_class, larger, rtol=1e-3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("RandomRotation((20, 20))", True),
        ("RandomHorizontalFlip(), Resize(64)", False),
        ("RandomHorizontalFlip(p=1), RandomVerticalFlip(p=1), Resize((900, 500))", False),
        ("RandomRotation(90)", True),
    ],
)
def test_it_is_said_where_boxes_are_upright_boxes_around_turned_objects(text: str, said: bool) -> None:
    notes = repair(boxes(60), augmentation=text, evaluation=SQUASH).notes
    assert any("upright boxes around them" in note for note in notes) is said
    assert not any("do not tell how large" in note for note in notes)


class BoxesOnly(torch.nn.Module):  # type: ignore[misc,name-defined]
    """A transform of somebody's own that knows boxes and no points."""

    def forward(self, given: tuple[object, ...]) -> tuple[object, ...]:
        double = v2.Resize((240, 320))
        return tuple(double(one) if isinstance(one, tv_tensors.BoundingBoxes) else one for one in given)


def test_where_points_are_left_behind_the_upright_box_is_taken_and_that_is_said() -> None:
    found = repair(boxes(60), augmentation=BoxesOnly(), evaluation=SQUASH)
    assert found.scalar("apparent_scale_ratio").value == pytest.approx(2.0, rel=1e-3)
    assert sum("do not tell how large" in note for note in found.notes) == 1


def test_a_box_that_a_crop_gives_up_keeps_its_magnification() -> None:
    """RandomIoUCrop sets boxes with a centre outside to nothing: that is lost, not shrunk."""
    frame = boxes(200).with_columns(pl.lit("one").alias("image_id"))
    found = repair(frame, augmentation="RandomIoUCrop()", evaluation=SQUASH)
    assert found.scalar("apparent_scale_ratio").value == pytest.approx(1.0, rel=1e-3)
    np.testing.assert_allclose(found.table("classes")["apparent_scale_ratio"], 1.0, rtol=1e-3)  # type: ignore[arg-type]


def test_a_transform_of_ones_own_may_know_single_precision_only() -> None:
    class Halved(torch.nn.Module):
        def forward(self, given: tuple[object, ...]) -> tuple[object, ...]:
            half = torch.tensor([[0.5, 0.0], [0.0, 0.5]])
            return tuple(
                tv_tensors.wrap(
                    (item.as_subclass(torch.Tensor).reshape(-1, 2) @ half).reshape(item.shape),
                    like=item,
                    canvas_size=(60, 80),
                )
                for item in given
            )

    result = repair(boxes(60), augmentation=Halved())
    assert result.scalar("visible_fraction").value == 1
    assert result.scalar("effect_after").value == pytest.approx(result.scalar("effect_before").value)


@pytest.mark.parametrize(
    ("given", "slow"),
    [
        ("ElasticTransform()", True),
        ("RandomHorizontalFlip(), RandomApply([ElasticTransform()])", True),
        (v2.RandomChoice([v2.Pad(2), v2.ElasticTransform()]), True),
        (torch.nn.Sequential(v2.ElasticTransform()), True),
        ("RandomAffine(10), RandomCrop(32, padding=4)", False),
        (lambda boxes: boxes, False),
    ],
)
def test_fields_as_large_as_the_picture_are_drawn_for_fewer_boxes(given: object, slow: bool) -> None:
    """A fifth of a second for each picture and draw: 5,000 boxes took more than an hour."""
    assert pipeline(given).most_boxes == (200 if slow else 5_000)
