"""JSON schemas of analysis files: what editors check is what is read."""

import json
import tomllib

import pytest

from biasscope.pipeline.file.schema import schemas, write


@pytest.fixture(scope="module")
def validator():
    jsonschema = pytest.importorskip("jsonschema")
    return jsonschema.Draft202012Validator(json.loads(schemas()["schema.json"]))


def test_schemas_are_written(tmp_path):
    write(tmp_path)
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.json")} == set(schemas())


@pytest.mark.parametrize(
    ("change", "valid"),
    [
        ("", True),
        ("[layers]\nlimit = 3", True),
        ("[layers]\nlimt = 3", False),
        ('[layers]\nlimit = "3"', False),
        ('[layers]\nvariants = ["pak"]', False),
        ("titel = 3", False),
        ('[tiny]\nlimit = 3\nmodel = ["a"]', True),
    ],
)
def test_schema_of_an_analysis(validator, change, valid):
    table = tomllib.loads(f'title = "T"\nquestion = "layers"\nsource = "S"\n{change}')
    assert validator.is_valid(table) == valid


def test_missing_keys(validator):
    assert not validator.is_valid({"title": "T", "question": "layers"})
    assert not validator.is_valid({"title": "T", "question": "lawyers", "source": "S"})
