"""Registries resolve on use and suggest; errors carry place, hint and exit code."""

import pytest

from biasscope.core.errors import BiasscopeError, GateFailedError, InputError, OutputError, UsageError
from biasscope.core.registry import Entry, Registry


def test_registry_loads_on_use_and_suggests() -> None:
    registry = Registry("thing", {"square": Entry("math:sqrt", {"title": "root"}), "broken": Entry("no.such:thing")})
    assert registry.load("square")(9) == 3
    assert registry["square"].facts["title"] == "root"
    assert list(registry) == ["square", "broken"]
    with pytest.raises(UsageError, match="Did you mean 'square'"):
        registry.load("sqare")
    with pytest.raises(UsageError, match="There are: square, broken"):
        registry.load("zzz")


@pytest.mark.parametrize(
    ("error", "code"), [(BiasscopeError, 4), (GateFailedError, 1), (UsageError, 2), (InputError, 3), (OutputError, 3)]
)
def test_errors_say_what_where_and_how(error: type[BiasscopeError], code: int) -> None:
    made = error("a key is missing", where="boxes.json", hint="Add it.")
    assert str(made) == "boxes.json: a key is missing. Add it."
    assert made.exit_code == code
