import sys
from importlib import import_module
from types import ModuleType

import pytest


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package whose part is imported on first use, and a module beside it."""
    folder = tmp_path / "lazy_sample"
    folder.mkdir()
    (folder / "part.py").write_text("THING = ['part']")
    (tmp_path / "lazy_neighbour.py").write_text("OTHER = 2")
    homes = '{"THING": ".part", "OTHER": "lazy_neighbour"}'
    source = "from biasscope.core.lazy import on_first_use"
    (folder / "__init__.py").write_text(f"{source}\n__getattr__ = on_first_use(__name__, {homes})\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield import_module("lazy_sample")
    for name in ("lazy_sample", "lazy_sample.part", "lazy_neighbour"):
        sys.modules.pop(name, None)


def test_a_name_is_imported_when_it_is_asked_for(package: ModuleType):
    assert "lazy_sample.part" not in sys.modules
    assert package.THING is import_module("lazy_sample.part").THING
    assert package.OTHER == 2


def test_a_name_of_no_module_is_an_attribute_error_as_usual(package: ModuleType):
    with pytest.raises(AttributeError, match="module 'lazy_sample' has no attribute 'thing'"):
        _ = package.thing
    with pytest.raises(ImportError, match="cannot import name 'nothing'"):
        exec("from lazy_sample import nothing")  # noqa: S102
