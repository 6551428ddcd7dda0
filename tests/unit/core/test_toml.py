"""What does not fit is told with file, key and the nearest known key."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest

from biasscope.core.errors import UsageError
from biasscope.core.toml import read_toml


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        if self.at_least is None and self.at_most is None:
            raise UsageError("it has no bound", where="gate", hint="Give at_least.")


class Choice(msgspec.Struct, forbid_unknown_fields=True):
    way: Literal["up", "down"] | None = None
    keep: Annotated[int, msgspec.Meta(ge=1)] = 1


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    title: str
    gates: list[str | Inner] = []
    one: Annotated[Inner | None, msgspec.Meta(description="one")] = None
    two: list[Choice] = []


def read(folder: Path, text: str | bytes) -> Outer:
    path = folder / "a.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_toml(path, Outer)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_file_that_fits(tmp_path: Path, mark: str) -> None:
    made = read(tmp_path, mark + 'title = "x"\n[[gates]]\nat_most = 2\n')
    assert made == Outer("x", [Inner(at_most=2.0)])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('title = "x"\ntilte = 1', "a.toml: there is no key 'tilte'. Did you mean 'title'?"),
        ('title = "x"\nzzz = 1', "There are: gates, one, title, two."),
        ('title = "x"\n[[gates]]\nat_leest = 1', "gates[0]: there is no key 'at_leest'. Did you mean 'at_least'?"),
        ('title = "x"\n[one]\nat_mots = 1', "a.toml: one: there is no key 'at_mots'. Did you mean 'at_most'?"),
        ('title = "x"\n[[gates]]\n', "a.toml: gates[0]: gate: it has no bound. Give at_least."),
        ("title = 3", "a.toml: title: 3 is no text. Put it in quotes."),
        ('title = "x"\ngates = [{ at_most = "2" }]', "a.toml: gates[0].at_most: '2' is no number. Write one"),
        ('title = "x"\ngates = 1.5', "a.toml: gates: 1.5 is no list. Put its items in square brackets."),
        ('title = "x"\n[gates]\nat_most = 1', "a.toml: gates: a table is no list. Put items in square"),
        ('title = "x"\none = 1', "a.toml: one: 1 is no table. Write { name = value }."),
        ('title = "x"\n[[two]]\nway = "left"', "two[0].way: 'left' is none of the choices. They are "),
        ('title = "x"\n[[two]]\nkeep = 0', "a.toml: two[0].keep: 0 is out of range. It is at least 1."),
        ("", "a.toml: the key 'title' is missing"),
        ("title = ", "a.toml: this is no TOML"),
        (b"\xff\xfe", "a.toml: this is no TOML"),
        ("a = " + "[" * 100_000, "a.toml: this is no TOML"),
    ],
)  # fmt: skip
def test_what_does_not_fit(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(UsageError) as error:
        read(tmp_path, text)
    assert said in str(error.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read it"):
        read_toml(tmp_path / "none.toml", Outer)
