"""The reports that come with biasscope: they can be read, their analyses are there, and the schema knows their keys."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from biasscope.pipeline.file import read_analysis
from biasscope.schedule.definition import read_schedule
from biasscope.schedule.schema import FILE, schema

REPORTS = Path(__file__).parents[3] / "reports"
FILES = sorted(REPORTS.glob("*.toml"))


def test_there_are_some() -> None:
    assert {"nightly-boxes", "weekly-model"} <= {path.stem for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_they_can_be_read_and_so_can_their_analyses(path: Path) -> None:
    schedule = read_schedule(path)
    for part in schedule.report.parts:
        for tiny in (False, True):
            read_analysis(schedule.beside(part.file), part.set, tiny=tiny, base=path.parent)
    assert path.read_text().startswith(f"#:schema {FILE}\n")


def test_the_file_in_the_readme_can_be_read(tmp_path: Path) -> None:
    text = (REPORTS / "README.md").read_text().split("```toml\n")[1].split("```")[0]
    path = tmp_path / "nightly.toml"
    path.write_text(text)
    report = read_schedule(path).report
    assert [part.name for part in report.parts] == ["boxes", "small"]
    known = set(tomllib.loads(text)) | {"every"}
    assert known == set(report.__struct_fields__), "the README names every key"


def test_the_schema_is_that_of_the_code() -> None:
    assert (REPORTS / FILE).read_bytes() == schema(), "run python -m biasscope.schedule.schema"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_schema_takes_them_and_refuses_keys_that_are_unknown(path: Path) -> None:
    made = json.loads((REPORTS / FILE).read_bytes())
    table = tomllib.loads(path.read_text())
    jsonschema.validate(table, made)
    with pytest.raises(jsonschema.ValidationError, match="unknown"):
        jsonschema.validate(table | {"unknown": 1}, made)
