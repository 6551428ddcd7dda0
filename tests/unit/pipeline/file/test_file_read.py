"""Reading the file of an analysis: strict keys, settings, tiny runs, places, and no code unless it is allowed."""

import tempfile
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasscope.core.errors import UsageError
from biasscope.pipeline.definition import DatasetAnalysis, InvarianceAnalysis
from biasscope.pipeline.file import read_analysis

HEAD = 'title = "T"\nquestion = "invariance"\nsource = "S"\n'
FULL = f"""{HEAD}description = '''
Two
lines.'''
figures = ["shift-map"]
strict = true
[invariance]
model = "small:digits8"
images = "pictures"
protocol = ["crop"]
limit = 50
[tiny]
images = "scenes:4"
limit = 4
protocol = ""
"""


@pytest.fixture
def write(tmp_path):
    def made(text, name="a.toml"):
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return made


def test_a_whole_file(write):
    path = write(FULL)
    file = read_analysis(path)
    assert (file.title, file.question, file.source, file.description) == ("T", "invariance", "S", "Two lines.")
    assert (file.figures, file.strict, file.path, file.allow_python) == (["shift-map"], True, path, False)
    images = str(path.parent / "pictures")
    assert file.asked == InvarianceAnalysis(model=["small:digits8"], images=images, protocol=["crop"], limit=50)


def test_the_table_of_the_question_may_be_missing(write):
    assert read_analysis(write('title = "T"\nquestion = "dataset"\nsource = "S"')).asked == DatasetAnalysis()


def test_tiny_options_come_before_the_others_and_settings_before_both(write):
    tiny = read_analysis(write(FULL), tiny=True).asked
    assert (tiny.images, tiny.limit, tiny.protocol) == ("scenes:4", 4, [])  # empty: the default again
    assert read_analysis(write(FULL), ["limit=9"], tiny=True).asked.limit == 9
    assert read_analysis(write(FULL), ["limit="]).asked.limit is None


def test_settings_of_the_file_itself(write):
    file = read_analysis(write(FULL), ["title=Other", "strict=false", "figures=pareto", "figures=[]"])
    assert (file.title, file.strict, file.figures) == ("Other", False, [])
    assert read_analysis(write(FULL), {"figures": "pareto", "limit": 7}).figures == ["pareto"]


def test_paths_of_settings_start_from_the_working_folder_or_the_one_given(write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write(FULL)
    assert read_analysis(path, ["images=mine"]).asked.images == str(tmp_path / "mine")
    assert read_analysis(path, ["images=mine"], base="/reports").asked.images == "/reports/mine"


def test_a_variable_that_a_tiny_run_does_not_need_may_be_missing(write, monkeypatch):
    monkeypatch.delenv("NOWHERE", raising=False)
    path = write(FULL.replace('"pictures"', '"${NOWHERE}/pictures"'))
    assert read_analysis(path, tiny=True).asked.images == "scenes:4"
    with pytest.raises(UsageError, match=r"a\.toml: \[invariance\] images: the environment variable NOWHERE"):
        read_analysis(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("question = []", r"\[\] is no question"),
        ("question = {a = 1}", "is no question"),
        ("question = 3", "3 is no question. There are: dataset"),
        ('question = "invarience"', "no question"),
        ('title = "T"\nsource = "S"', "key 'question' is missing"),
        ('title = "T"\nevery = "P1D"\nanalyses = ["a.toml"]', r"a scheduled report.* due --now .*folder/a\.toml"),
        (HEAD.replace("title", "titel"), "no key 'titel'. Did you mean 'title'"),
        (HEAD.replace('source = "S"', ""), "the key 'source' is missing"),
        (HEAD + "[layers]\nlimit = 3", r"\[layers\] is the table of another question. Its options stand in \[inv"),
        (HEAD + "invariance = 3", "'invariance' is no table"),
        (HEAD + "[invariance]\nlimt = 3", r"\[invariance\]: there is no option limt. Did you mean limit"),
        (HEAD + "[invariance]\nlimit = -3", r"\[invariance\] limit: -3 is out of range"),
        (HEAD + '[invariance]\nlimit = "x"', r"\[invariance\] limit: "),
        (HEAD + '[invariance]\nvariants = ["pak"]', r"\[invariance\] variants: 'pak' is none of the choices"),
        (HEAD + 'figures = ["shift-mop"]', "figures: there is no figure 'shift-mop'. Did you mean shift-map"),
        (HEAD + 'figures = ["map-raw"]', "figures: there is no figure 'map-raw'.*The figures of invariance are"),
        (HEAD + 'expected = "../a"', "expected: '../a' is no name of published numbers"),
        (HEAD + 'expected = "none-such"', "none-such.toml: cannot read it"),
        (HEAD + "[tiny]\nlimt = 3", r"\[invariance\]: there is no option limt"),
        ("title = ", "this is no TOML"),
    ],
)
def test_errors_name_file_and_key(write, text, said):
    with pytest.raises(UsageError, match=said) as caught:
        read_analysis(write(text), tiny=True)
    assert "folder" in str(caught.value)


def test_no_file(tmp_path):
    with pytest.raises(UsageError, match=r"none\.toml: cannot read it"):
        read_analysis(tmp_path / "none.toml")


@pytest.mark.parametrize(
    "model",
    [
        "python:os:getcwd",
        "file:w.safetensors?arch=python:os:getcwd",
        "file:w.safetensors?arch=%70ython:os:getcwd",
        "file:w.safetensors?mean=0.5&arch=python%3Aos%3Agetcwd",
    ],
)
def test_code_is_named_only_where_it_is_allowed(write, model):
    path = write(f'{HEAD}[invariance]\nmodel = ["small:digits8", "{model}"]')
    with pytest.raises(UsageError, match=r"\[invariance\] model: .*names code to import. Say --allow-python"):
        read_analysis(path)
    assert read_analysis(path, allow_python=True).allow_python
    with pytest.raises(UsageError, match="names code to import"):
        read_analysis(write(FULL), [f'model=["{model}"]'])


def test_an_analysis_is_frozen(write):
    with pytest.raises(AttributeError):
        read_analysis(write(FULL)).title = "Other"
    assert msgspec.structs.replace(read_analysis(write(FULL)), title="Other").title == "Other"


VALUES = [
    '"x"',
    "3",
    "-1",
    "true",
    "0.5",
    "[]",
    '["x"]',
    "[[1]]",
    "{a = 1}",
    "1979-05-27",
    '"${X}"',
    "9" * 40,
    "nan",
    '""',
]
KEYS = [
    "title",
    "question",
    "source",
    "expected",
    "figures",
    "strict",
    "tiny",
    "limit",
    "model",
    "images",
    "sizes",
    "seed",
]
LINES = st.one_of(
    st.builds("{} = {}".format, st.sampled_from(KEYS), st.sampled_from(VALUES)),
    st.sampled_from(["[invariance]", "[dataset]", "[tiny]", "[[layers]]", "[augmentation.model]", HEAD]),
)


@given(st.lists(LINES, max_size=8).map("\n".join) | st.text())
def test_whatever_stands_in_a_file_is_read_or_refused(text):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.toml")
        path.write_text(text, "utf-8", errors="replace")
        with suppress(UsageError):
            read_analysis(path, tiny=True)


@given(st.lists(st.builds("{}={}".format, st.sampled_from(KEYS), st.sampled_from(VALUES) | st.text())))
def test_whatever_is_set_is_read_or_refused(settings):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.toml")
        path.write_text(FULL)
        with suppress(UsageError):
            read_analysis(path, settings)
