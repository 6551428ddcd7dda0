"""Every file in analyses/ parses, resolves, runs at its smallest, and is told of in the table of all."""

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest

from biasscope.core.results import Scalar
from biasscope.pipeline.file import read_analysis, run_analysis
from biasscope.pipeline.file.expected import read_expected
from biasscope.pipeline.file.schema import schemas
from biasscope.report.model import decode, encode
from biasscope.report.numbers import numbers

ANALYSES = Path(__file__).parents[2] / "analyses"
FILES = sorted(ANALYSES.glob("*.toml"))
EXPECTED = sorted(ANALYSES.glob("expected/*.toml"))
SUBJECTS = {
    *("imagenet-box-uniformity", "train-against-validation", "augmentation-repair", "translation-sensitivity"),
    *("rescale-curve", "nonshiftability-by-layer", "antialiasing-table", "equivariance-lattices", "pac-hot-swap"),
    *("copies-needed", "checkerboard-upsampling", "checkerboard-downsampling", "resize-implementations"),
}


def named(path):
    return path.stem


def sort(address):
    """Address without what hangs on the models and pictures: which result of its kind, of which model, in which row."""
    return re.sub(r"#\d+(?=\.)|@.*$|\[.*\]", "", address)


def test_every_subject_has_its_file():
    assert {path.stem for path in FILES} >= SUBJECTS


@pytest.mark.parametrize("name", schemas())
def test_committed_schemas_are_the_generated_ones(name):
    assert (ANALYSES / name).read_bytes() == schemas()[name], "run python -m biasscope.pipeline.file.schema"


@pytest.mark.parametrize("path", [*FILES, *EXPECTED], ids=named)
def test_conforms_to_the_schema_it_names(path):
    text = path.read_text("utf-8")
    assert text.startswith("#:schema schema.json\n")
    schema = json.loads((path.parent / "schema.json").read_bytes())
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(tomllib.loads(text))) == []


@pytest.mark.parametrize("path", FILES, ids=named)
def test_parses_and_resolves(path, monkeypatch):
    monkeypatch.setenv("BIASSCOPE_REAL_DATA", "/data/of/this/project")
    monkeypatch.setenv("IMAGENET_VAL", "/data/imagenet/val")
    file = read_analysis(path)
    assert "python:" not in str(file.asked)
    assert "${" not in str(file.asked)
    assert min(len(file.title), len(file.source), len(file.description)) > 20
    tiny = read_analysis(path, tiny=True)
    assert tiny.asked != file.asked
    assert "/data/" not in str(tiny.asked), "the smallest run needs no data and no weights"


@pytest.mark.parametrize("path", FILES, ids=named)
def test_runs_at_its_smallest(path, monkeypatch):
    monkeypatch.delenv("BIASSCOPE_REAL_DATA", raising=False)
    monkeypatch.delenv("IMAGENET_VAL", raising=False)
    file = read_analysis(path, tiny=True)
    report = run_analysis(file)
    assert report.kind == file.question
    assert report.title == file.title
    assert report.answer
    assert any(isinstance(item, Scalar) for item in report.headline) or report.results
    assert ("expected" in [item.kind for item in report.results]) == (file.expected is not None)
    assert decode(encode(report)) == report
    published = {sort(item.measured) for item in (file.expected.numbers if file.expected else []) if item.measured}
    assert published <= {sort(address) for address in numbers(report)}, "published numbers are of numbers of the report"


@pytest.mark.parametrize("path", EXPECTED, ids=named)
def test_published_numbers_have_names_of_their_own_and_an_analysis(path):
    read = read_expected(path.stem, ANALYSES, where=str(path))
    figures = [item.figure for item in read.numbers]
    assert len(figures) == len(set(figures)) > 0
    assert path.stem in {str(tomllib.loads(file.read_text("utf-8")).get("expected")) for file in FILES}


def test_the_table_of_all_names_every_file():
    table = (ANALYSES / "README.md").read_text("utf-8")
    assert [path.name for path in FILES if f"[{path.stem}]({path.name})" not in table] == []
