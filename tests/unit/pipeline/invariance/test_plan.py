"""Protocols that suit the pictures, and options that have no effect."""

import numpy as np
import pytest

from biasscope.core.errors import UsageError
from biasscope.images import open_images
from biasscope.models import Preprocessing
from biasscope.pipeline.common.checkpoints import checkpoints, key
from biasscope.pipeline.definition import InvarianceAnalysis, command_line, defined
from biasscope.pipeline.invariance import plan


def pictures(side: int) -> np.ndarray:
    return np.zeros((3, side, side), np.uint8)


def test_larger_pictures_are_resized_too() -> None:
    assert plan.suitable(open_images(pictures(32)), (32, 32)) == ("crop", "embed", "circular")
    assert plan.suitable(open_images(pictures(40)), (32, 32)) == ("crop", "embed", "circular", "resize")


def test_embedded_resizing_starts_from_larger_scenes() -> None:
    made = plan.plans(InvarianceAnalysis(limit=3), None, (64, 64))
    assert [item.protocol for item in made] == list(plan.EMBEDDED)
    sides = {item.protocol: next(iter(item.source)).pixels.shape[0] for item in made}
    assert sides["resize"] > sides["embed"] == 64
    assert {item.kind for item in made} == {"shifts", "rescale", "rotation", "resize"}


@pytest.mark.parametrize(("given", "most"), [({}, plan.EMBEDDED_LIMIT), ({"limit": 7}, 7), ({"limit": 0}, None)])
def test_limits(given: dict[str, int], most: int | None) -> None:
    assert plan.limit(InvarianceAnalysis(**given)) == most  # type: ignore[arg-type]
    assert plan.limit(InvarianceAnalysis(images="x")) == plan.LIMIT


def test_an_unknown_protocol_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match="'circular'"):
        plan.check(InvarianceAnalysis(protocol=["circuler"]))


@pytest.mark.parametrize("options", [{"fill": "mean"}, {"side": 4}, {"sizes": "3,4"}, {"angles": "5"}])
def test_options_without_effect_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=f"--{next(iter(options))}"):
        plan.check(defined(InvarianceAnalysis, {"protocol": "circular", **options}))
    plan.check(defined(InvarianceAnalysis, options))


@pytest.mark.parametrize("options", [{"angles": "5"}, {"sizes": "3,4"}])
def test_options_without_effect_on_the_protocols_that_suit_the_pictures(options: dict[str, object]) -> None:
    asked = defined(InvarianceAnalysis, {"images": "scenes:2", **options})
    with pytest.raises(
        UsageError, match=f"--{next(iter(options))}: no protocol of these takes it.*crop, embed, circular"
    ):
        plan.plans(asked, None, (64, 64))


@pytest.mark.parametrize("grid", ["1x1", "diagonal:0", "2,2"])
def test_one_view_is_nothing_to_compare(grid: str) -> None:
    asked = defined(InvarianceAnalysis, {"images": "scenes:2", "protocol": "circular", "grid": grid})
    (made,) = plan.plans(asked, None, (64, 64))
    with pytest.raises(UsageError, match="nothing to compare"):
        made.transformation(Preprocessing((64, 64), None, (0.5,), (0.25,)))


@pytest.mark.parametrize(
    "options",
    [
        {"filter_size": 9}, {"limit": -1}, {"batch": 0}, {"seed": -1}, {"side": 0}, {"amp": "fp8"}, {"variants": "x"},
        {"image_column": "jpeg"}, {"stream": True}, {"nothing": 1}, {"lie": -1},
    ],
)  # fmt: skip
def test_wrong_options_are_usage_errors(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        defined(InvarianceAnalysis, options)


def test_the_command_asks_the_same_again() -> None:
    asked = InvarianceAnalysis(
        model=["small:digits8", "b"], variants=["baseline", "pac"], images="x", stem=True, limit=5, protocol=["crop"]
    )
    assert command_line("invariance", asked)[3:] == [
        "invariance", "--model", "small:digits8", "--model", "b", "--variants", "baseline", "--variants", "pac",
        "--stem", "--images", "x", "--limit", "5", "--protocol", "crop",
    ]  # fmt: skip


def interrupted(asked: InvarianceAnalysis) -> None:
    with checkpoints(asked) as folder:
        assert folder is not None
        folder.mkdir(parents=True)
        raise KeyboardInterrupt


def test_checkpoints_go_when_all_is_well_and_stay_when_not() -> None:
    asked = InvarianceAnalysis()
    with pytest.raises(KeyboardInterrupt):
        interrupted(asked)
    with checkpoints(asked) as folder:
        assert folder is not None
        assert folder.is_dir()
    assert not folder.exists()
    folder.mkdir(parents=True)
    with checkpoints(asked, keep=False) as nothing:
        assert nothing is None
    assert not folder.exists()
    assert key(asked) != key(InvarianceAnalysis(seed=1))
