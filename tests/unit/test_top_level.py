"""The names at the top: imported on first use, the same objects as at home."""

import importlib
import subprocess
import sys

import pytest

import biasscope

PACKAGES = ("sweep", "trace")


@pytest.mark.parametrize("name", [name for name in biasscope.__all__ if not name.startswith("_")])
def test_names_are_those_of_their_homes(name: str) -> None:
    if name in PACKAGES:
        assert getattr(biasscope, name) is importlib.import_module(f"biasscope.{name}")
        assert callable(getattr(biasscope, name))
        return
    assert getattr(biasscope, name) is getattr(importlib.import_module(biasscope._HOME[name]), name)
    assert name in dir(biasscope)


def test_importing_costs_nothing() -> None:
    code = "import sys, biasscope; print(sorted({'torch', 'polars', 'numpy', 'msgspec'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        biasscope.nothing  # noqa: B018


@pytest.mark.parametrize("name", biasscope._PACKAGES)
def test_packages_need_no_import_of_their_own(name: str) -> None:
    code = f"import biasscope; print(biasscope.{name}.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"biasscope.{name}"
