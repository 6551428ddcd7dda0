"""report.json: strict, schema committed; text for the terminal; what is written where."""

import json
import subprocess
import sys

import msgspec
import pytest

from biasscope.core.errors import OutputError
from biasscope.core.results import Result, Scalar, table
from biasscope.report import json_schema
from biasscope.report.model import decode, encode
from biasscope.report.render import render
from biasscope.report.text import summary
from biasscope.report.write import write
from tests.unit.report import sample_reports as sample


def test_committed_schema_is_the_generated_one():
    assert json_schema.committed().read_bytes() == json_schema.schema(), "run python -m biasscope.report.json_schema"


def test_reports_validate_against_the_committed_schema():
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(json_schema.committed().read_text())
    validator = jsonschema.Draft202012Validator(schema)
    full = sample.full(5)
    for report in (full, sample.report([sample.hollow(item) for item in full.results])):
        assert list(validator.iter_errors(json.loads(encode(report)))) == []
    broken = json.loads(encode(full)) | {"surprise": 1}
    assert list(validator.iter_errors(broken))


def test_json_is_strict_and_comes_back_the_same():
    full = sample.full(5)
    assert decode(encode(full)) == full
    data = encode(decode(encode(full)))
    assert encode(decode(data)) == data
    assert b"NaN" not in data
    with pytest.raises(msgspec.ValidationError):
        decode(data.replace(b'"question":', b'"querstion":', 1))


def test_both_files_are_written_and_the_page_is_the_view_of_the_json(tmp_path):
    report = sample.report([sample.leakage(["a", "b"]), sample.integrity()])
    json_path, html_path = write(report, tmp_path / "new" / "folder")
    assert html_path.read_bytes() == render(decode(json_path.read_bytes()))
    assert sorted(item.name for item in json_path.parent.iterdir()) == ["report.html", "report.json"]


def test_json_alone(tmp_path):
    (path,) = write(sample.full(3), tmp_path, html=False)
    assert [item.name for item in tmp_path.iterdir()] == [path.name] == ["report.json"]


def test_json_alone_leaves_no_older_page_of_ours_and_every_page_of_others(tmp_path):
    write(sample.report([sample.integrity()]), tmp_path)  # which has no figure to draw
    write(sample.full(2), tmp_path, html=False)
    assert [item.name for item in tmp_path.iterdir()] == ["report.json"]
    (tmp_path / "report.html").write_text("<!doctype html>mine")
    write(sample.full(2), tmp_path, html=False)
    assert (tmp_path / "report.html").read_text() == "<!doctype html>mine"


def test_unwritable_folder_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError):
        write(sample.full(1), tmp_path / "file", html=False)


def test_json_and_text_import_nothing_heavy():
    code = (
        "import sys, biasscope.report.text, biasscope.report.write;"
        "print([name for name in ('matplotlib', 'seaborn', 'numpy', 'scipy', 'jinja2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"


def test_summary_has_answer_numbers_strongest_classes_and_problems():
    text = summary(sample.full(1000))
    for shown in (
        "ImageNet validation boxes\n===",
        "Yes: in 721 of the 874",
        "5.2%",
        "(0.221 to 0.237)",
        "n = 80,477",
        "goldfish",
        "... and 990 more",
        "Outside the frame",
        "Note: The placement",
    ):
        assert shown in text
    assert "No label" not in text
    assert text.index("tench") < text.index("hammerhead")


def test_summary_names_the_sides_of_a_table_and_the_dataset_that_problems_are_of():
    sides = {"a": "train", "b": "cubv2"}
    classes = table("classes", {"label": ["cat"], "boxes_a": [1], "boxes_b": [2]})
    problems = table("problems", {"title": ["Degenerate boxes"], "count": [3]})
    text = summary(
        sample.report(
            [
                Result("splits", "Alike.", parameters=sides, tables=[classes]),
                Result("integrity", "Some.", "What is wrong: other.csv", tables=[problems]),
            ]
        )
    )
    assert "Splits, class by class, train (a) against cubv2 (b):\n" in text
    assert "Problems of other.csv:\n" in text


def test_summary_fits_the_terminal():
    lines = summary(sample.full(1000)).splitlines()
    assert max(len(line) for line in lines) <= 110


def test_summary_cannot_steer_a_terminal():
    text = summary(sample.full(labels=sample.HOSTILE))
    assert not [char for char in text if ord(char) < 32 and char != "\n"]
    plain = summary(sample.report([], headline=[Scalar("displacement", -0.5)]))
    assert plain.isascii()


def test_summary_of_nothing():
    assert summary(sample.report([], title="", question="", answer=[], headline=[], notes=[])).strip()
    assert summary(sample.report([sample.hollow(item) for item in sample.full(3).results]))
