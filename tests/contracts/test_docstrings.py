"""What people import says what it takes, what it gives, and how it is used."""

import inspect
import re
from importlib import import_module

import pytest

DATA = ("bias", "boxes", "images", "transforms")
MODELS = ("copies", "metrics", "models", "nn", "sweep", "trace", "upsampling")
SECTION = re.compile(r"\n(?=[A-Z][a-z]+\n-{4})")


def exported():
    for package in ("", *DATA, *MODELS):
        module = import_module(f"biasscope.{package}".rstrip("."))
        for name in module.__all__:
            thing = inspect.unwrap(getattr(module, name)) if callable(getattr(module, name)) else None
            if inspect.isfunction(thing) or inspect.isclass(thing):
                yield pytest.param(thing, id=f"{package}.{name}")


def sections(thing):
    """Sections of a docstring by their heading."""
    parts = SECTION.split(inspect.getdoc(thing) or "")
    return {part.split("\n")[0]: part for part in parts[1:]}


def own_parameters(thing):
    """Names that the signature has; none where a class takes what its base takes."""
    if inspect.isclass(thing) and not {"__init__", "__new__"} & set(vars(thing)):
        return []
    return [name for name in inspect.signature(thing).parameters if not name.startswith("_")]


@pytest.mark.parametrize("thing", list(exported()))
def test_parameters_returns_and_an_example_are_documented(thing):
    found = sections(thing)
    told = found.get("Parameters", "") + found.get("Attributes", "")
    named = set(re.findall(r"\w+", " ".join(re.findall(r"^\S.*$", told, re.MULTILINE))))
    assert [name for name in own_parameters(thing) if name not in named] == []
    assert ">>> " in found["Examples"]
    if inspect.isfunction(thing) and inspect.signature(thing).return_annotation not in (None, "None"):
        assert {"Returns", "Yields"} & set(found)
