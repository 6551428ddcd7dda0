"""Pipelines given as text: what is understood, what is refused, and that nothing is evaluated."""

import pytest

from biasscope.bias.repair.text import Call, Name, parse
from biasscope.core.errors import UsageError


def test_lists_and_compose_are_the_same() -> None:
    steps = (Call("RandomResizedCrop", (224,)), Call("RandomHorizontalFlip"))
    for text in (
        "RandomResizedCrop(224), RandomHorizontalFlip()",
        "[RandomResizedCrop(224), RandomHorizontalFlip()]",
        "Compose([RandomResizedCrop(224), RandomHorizontalFlip()])",
        "v2.Compose([v2.RandomResizedCrop(224), v2.RandomHorizontalFlip()])",
        " torchvision.transforms.v2.RandomResizedCrop(224),RandomHorizontalFlip( ) ",
    ):
        assert parse(text) == steps


def test_a_transform_without_arguments_needs_no_parentheses() -> None:
    for text in ("RandomHorizontalFlip, Pad(4)", "[v2.RandomHorizontalFlip, Pad(4)]"):
        assert parse(text) == (Call("RandomHorizontalFlip"), Call("Pad", (4,)))
    assert parse("Compose([RandomHorizontalFlip])") == (Call("RandomHorizontalFlip"),)
    with pytest.raises(UsageError, match="not understood"):
        parse("os.RandomHorizontalFlip")


def test_literals() -> None:
    call = parse("RandomAffine(-20, translate=(.1, 1/4), scale=[1, 2.5], fill={'a': None}, interpolation=X.Y)")[0]
    assert call.arguments == (-20,)
    assert dict(call.options) == {
        "translate": (0.1, 0.25),
        "scale": [1, 2.5],
        "fill": {"a": None},
        "interpolation": Name("X", "Y"),
    }


def test_transforms_inside_transforms() -> None:
    assert parse("RandomApply([Pad(4)], p=0.5)")[0].arguments == ([Call("Pad", (4,))],)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "224",
        "RandomResizedCrop(224",
        "os.system('true')",
        "__import__('os').system('true')",
        "(lambda: 1)()",
        "Pad(len('x'), 3 ** 9)",
        "Pad(*[1])",
        "Pad(**{'padding': 1})",
        "Pad([i for i in range(3)])",
        "Pad(1 / 0)",
        "Pad(4), 3",
        "Compose(3)",
        "Compose([])",
        "Pad(f'{1}')",
        "Pad(x := 1)",
        "Pad(b'1')",
        "\x00",
        "Pad(" * 900 + "1" + ")" * 900,
        "Pad(1)," * 2000,
    ],
)
def test_anything_else_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="pipeline") as caught:
        parse(text)
    assert caught.value.exit_code == 2
    assert len(str(caught.value)) < 400
