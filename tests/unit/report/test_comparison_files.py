"""A comparison as JSON, text and page: strict, complete, escaped, and the same each time."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from biasscope.core.errors import InputError, OutputError
from biasscope.core.results import Interval, Scalar
from biasscope.report import json_schema
from biasscope.report.comparison import compare
from biasscope.report.comparison.drawing import against_zero, field, scale
from biasscope.report.comparison.model import Change, decode, encode
from biasscope.report.comparison.page import MOST, render_comparison
from biasscope.report.comparison.showing import bare, change, value, verdict
from biasscope.report.comparison.text import summary
from biasscope.report.comparison.write import write
from biasscope.report.model import encode as encode_report
from biasscope.report.reading import read_report
from tests.unit.report.page import Page
from tests.unit.report.sample_comparison import OTHER, full, layers, one, origin, report, result, scalar
from tests.unit.report.sample_reports import HOSTILE


@pytest.fixture(scope="module")
def made():
    return full(40)


@pytest.fixture(scope="module")
def html(made):
    return render_comparison(made)


def shown(**facts):
    return Change(**({"address": "k.n", "name": "n", "title": "N", "status": "changed", "a": 1.0, "b": 2.0} | facts))


@pytest.mark.parametrize("name", ["report", "comparison"])
def test_committed_schemas_are_the_generated_ones(name):
    said = "run python -m biasscope.report.json_schema"
    assert json_schema.committed(name).read_bytes() == json_schema.schema(name), said


def test_comparisons_validate_against_the_committed_schema(made):
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(json.loads(json_schema.committed("comparison").read_text()))
    for each in (made, compare(one(0.9), one(None)), compare(one(0.9), one(0.9, kind="dataset"))):
        assert list(validator.iter_errors(json.loads(encode(each)))) == []
    assert list(validator.iter_errors(json.loads(encode(made)) | {"surprise": 1}))


def test_json_comes_back_the_same(made):
    assert decode(encode(made)) == made
    with pytest.raises(msgspec.ValidationError):
        decode(encode(made).replace(b'"status":"changed"', b'"status":"odd"'))


def test_page_is_complete_and_asks_nothing_of_the_network(made, html):
    page = Page(html)
    assert page.unbalanced == []
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    assert {link["href"] for link in page.all("a")} <= {f"#{name}" for name in ids}
    assert not re.search(r"(?:src|href)=\"(?!#|data:)", html.decode())
    assert "default-src 'none'" in page.all("meta")[1]["content"]
    assert page.attributes("style") == []
    assert html == render_comparison(made)


def test_page_shows_every_scalar_and_every_sentence(made, html):
    page = Page(html)
    titles = page.texts["bdi"]
    said = " ".join(page.texts["p"])
    for part in made.parts:
        if any(item.status != "same" for item in part.scalars):
            assert {item.title for item in part.scalars} <= set(titles)
    assert all(sentence in said for sentence in made.answer)
    assert said.count(made.method[0]) == 0  # folded into a list
    assert any(made.method[0] in item for item in page.texts["li"])


def test_what_is_the_same_is_named_and_not_printed(made, html):
    assert (
        "The same in both: Scale, Repair, Repair 2, Splits, Comparison, Leakage, Integrity, Invariance."
        in html.decode()
    )
    assert '<h2 id="position-title"' in html.decode()
    assert '<h2 id="scale-title"' not in html.decode()


def test_long_tables_are_cut_and_say_so():
    values = [i / 1000 for i in range(MOST + 50)]
    page = render_comparison(compare(report(layers(values)), report(layers(values[::-1]))))
    assert page.count(b'<td class="zero">') == MOST
    assert b"50 more numbers" in page


def test_reasons_are_on_the_page_and_in_the_text():
    made = compare(one(0.9), one(0.8, provenance=origin(digest=OTHER)))
    assert "Different data" in render_comparison(made).decode()
    assert "not comparable" in summary(made)
    assert "Different data" in summary(made)


def test_hostile_names_stay_text():
    made = full(labels=list(HOSTILE))
    page = render_comparison(made)
    assert b"<script>alert" not in page
    assert b"onerror=alert" not in page.replace(b"&#34;&gt;&lt;img src=x onerror=alert", b"")
    assert page.count(b"<script>") == 1
    assert Page(page).unbalanced == []
    text = summary(made)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)


def test_text_lists_what_changed_and_nothing_else():
    before = [scalar("kept@a", 0.5, title="Kept"), scalar("moved@a", 0.5, title="Moved", better="higher")]
    after = [scalar("kept@a", 0.501, title="Kept"), scalar("moved@a", 0.8, title="Moved", better="higher")]
    text = summary(compare(report(result(scalars=before)), report(result(scalars=after))))
    (row,) = [line for line in text.splitlines() if line.startswith("  Moved")]
    assert row.split() == ["Moved", "0.500", "0.800", "+0.300", "(+0.286", "to", "+0.314)", "better"]
    assert "  Kept" not in text


@pytest.mark.parametrize(
    ("facts", "texts"),
    [
        ({"a": 0.5, "b": 0.4, "unit": "share", "difference": -0.1}, ("50.0\u202f%", "\u221210.0 points")),
        ({"name": "classes", "a": 5.0, "b": 1200.0, "difference": 1195.0}, ("5", "+1,195")),
        ({"a": 1.5, "b": 1.0, "unit": "bit", "difference": -0.5}, ("1.500 bit", "\u22120.500")),
        ({"name": "gain_difference", "a": 0.01, "b": 0.0, "difference": -0.01}, ("+1.0 points", "\u22121.0 points")),
        ({"a": None, "b": 0.0}, ("\u2013", "\u2013")),
    ],
)
def test_numbers_are_shown_as_in_a_report(facts, texts):
    item = shown(**facts)
    assert (value(item, item.a), change(item)) == texts
    assert "points" not in bare(item, item.a)


def test_unjudged_numbers_say_which_way_they_went():
    facts = {"status": "unjudged", "better": "lower"}
    assert verdict(shown(difference=1.0, **facts)) == "worse, no interval"
    assert verdict(shown(difference=-1.0, **facts)) == "better, no interval"
    assert verdict(shown(status="unjudged", difference=1.0)) == "no interval"


def test_difference_is_drawn_on_the_side_it_lies_on():
    mark = against_zero(shown(difference=-0.2, interval=Interval(-0.3, -0.1)))
    assert mark.left < mark.at < mark.right < 0
    crossing = against_zero(shown(difference=0.1, interval=Interval(-0.1, 0.3)))
    assert crossing.left < 0 < crossing.at
    assert against_zero(shown(difference=0.1)) is None
    far = against_zero(shown(difference=9.0, interval=Interval(8.9, 9.1)))
    assert (far.at, far.right) == (46.0, 46.0)


def test_both_values_are_drawn_on_one_scale():
    ends = Interval(0.7, 0.9)
    drawn = scale(shown(a=0.5, b=0.8, interval_b=ends, unit="share"))
    assert (drawn.a.at, drawn.b.at, drawn.b.left, drawn.b.right) == (100.0, 160.0, 140.0, 180.0)
    assert drawn.ends == ("0\u202f%", "100\u202f%")
    assert scale(shown(a=None, b=0.8)).a is None


def test_counts_of_a_family_are_drawn_out_of_it():
    drawn = scale(shown(a=5.0, b=5.0, n_a=10, n_b=10, unit="classes", whole=True))
    assert (drawn.a.at, drawn.b.at, drawn.ends) == (100.0, 100.0, ("0", "10"))
    assert scale(shown(a=5.0, b=8.0, n_a=10, n_b=20, unit="classes", whole=True)).ends == ("0", "20")


def test_points_of_a_field_stand_where_the_values_are():
    before, after = [i / 20 for i in range(20)], [i / 20 + (0.4 if i == 3 else 0.001) for i in range(20)]
    families = compare(report(layers(before)), report(layers(after))).parts[0].families
    (family,) = [item for item in families if item.name == "value"]
    drawn = field(family)
    assert drawn.drawn == 1
    assert drawn.dots["worse"].count("M") == 1
    assert drawn.dots["unclear"].count("M") == 19
    x, y = map(float, re.fullmatch(r"M([\d.]+) ([\d.]+)h0", drawn.dots["worse"]).groups())
    reach = max(after)
    assert x == pytest.approx(180 * before[3] / reach, abs=0.06)
    assert y == pytest.approx(180 * (1 - after[3] / reach), abs=0.06)  # upwards
    assert field(msgspec.structs.replace(family, changes=family.changes[:5])) is None


def test_both_files_or_none(made, tmp_path, monkeypatch):
    paths = write(made, tmp_path / "out")
    assert [path.name for path in paths] == ["comparison.json", "comparison.html"]
    assert decode(paths[0].read_bytes()) == made
    assert [path.name for path in write(made, tmp_path / "out", html=False)] == ["comparison.json"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["comparison.json"]  # the page was of another
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        write(made, tmp_path / "file")


def test_reports_are_read_from_file_or_folder(tmp_path):
    kept = one(0.9)
    (tmp_path / "report.json").write_bytes(encode_report(kept))
    assert read_report(tmp_path) == read_report(tmp_path / "report.json") == kept


def test_a_folder_of_reports_says_where_they_are(tmp_path):
    for name in ("shifts", "layers"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_bytes(encode_report(one(0.9)))
    with pytest.raises(InputError, match=r"There are reports in .*layers, .*shifts\."):
        read_report(tmp_path)


SHORT = encode_report(report(layers([0.1, 0.2]))).replace(b'"values":[0.1,0.2]', b'"values":[0.1]')


@pytest.mark.parametrize("data", [None, b"", b"{}", b"[" * 5000, b"\xff\xfe", encode_report(one(0.9))[:-20], SHORT])
def test_what_is_no_report_is_an_error_that_names_it(data, tmp_path):
    if data is not None:
        (tmp_path / "report.json").write_bytes(data)
    with pytest.raises(InputError, match=r"report\.json"):
        read_report(tmp_path)


def test_hostile_scalars_of_one_report_only(tmp_path):
    evil = Scalar("</code><script>alert(1)</script>", 1.0)
    made = compare(report(result(scalars=[scalar("x", 1.0)])), report(result(scalars=[scalar("x", 1.0), evil])))
    assert made.parts[0].only_b == ["shifts.</code><script>alert(1)</script>"]
    assert b"<script>alert" not in render_comparison(made)


def test_a_report_of_another_format_is_refused(tmp_path: Path) -> None:
    later = msgspec.structs.replace(one(0.9), schema_version=2)
    (tmp_path / "report.json").write_bytes(encode_report(later))
    with pytest.raises(InputError, match="its format is version 2, the one known here is 1"):
        read_report(tmp_path)
