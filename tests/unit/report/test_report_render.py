"""The page: made from the report alone, complete, self-contained, escaped."""

import base64
import hashlib
import html as html_module
import os
import re
import subprocess
import sys

import msgspec
import pytest

from biasscope.core.results import Result, Scalar, table
from biasscope.figures.svg import SCALE
from biasscope.report.model import decode, encode
from biasscope.report.page import breakable
from biasscope.report.render import render, sections
from biasscope.report.sections import SECTIONS
from tests.unit.report import (
    sample_augmentation,
    sample_expected,
    sample_invariance,
    sample_layers,
    sample_upsampling,
)
from tests.unit.report import sample_reports as sample
from tests.unit.report.page import Page

UNDRAWN = ["none of them"]
"""Figures of pages on which no figure is looked at: drawing them is most of the work."""


@pytest.fixture(scope="module")
def full():
    return sample.full(30)


@pytest.fixture(scope="module")
def of_every_kind():
    results = [*sample.full(5).results, *sample_invariance.results(), *sample_layers.results()]
    results += [*sample_augmentation.results(), *sample_upsampling.results(), *sample_expected.results()]
    return {item.kind: item for item in reversed(results)}


@pytest.fixture(scope="module")
def html(full):
    return render(full)


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def test_rendering_the_file_again_gives_the_same_bytes(full, html):
    assert render(decode(encode(full))) == html


def test_the_command_can_be_pasted_into_a_shell():
    given = sample.report([sample.integrity()])
    command = ["python", "-m", "biasscope.analyze", "dataset", "a b.csv", "--augment", "RandomCrop(400, padding=True)"]
    provenance = msgspec.structs.replace(given.provenance, command=command)
    text = html_module.unescape(render(msgspec.structs.replace(given, provenance=provenance)).decode())
    assert "dataset 'a b.csv' --augment 'RandomCrop(400, padding=True)'</code>" in text


def test_sections_of_one_kind_are_told_apart_by_what_differs():
    labels, other = sample.names(3), msgspec.structs.replace(sample.integrity(), title="Integrity: other.csv")
    crops = ["RandomCrop(9)", "RandomCrop(8)", "RandomCrop(8)"]
    results = [*(sample.repair(labels, crop) for crop in crops), sample.integrity(), other, sample.splits(labels)]
    question, wrong = "Would the augmentation repair it?", "What is wrong with the annotations"
    found = sections(sample.report(results, figures=UNDRAWN))
    named = [f"{question} RandomCrop(9)", f"{question} RandomCrop(8)", f"{question} RandomCrop(8) (3)"]
    assert [item.title for item in found] == [*named, "Do the splits share the bias?", wrong, f"{wrong}: other.csv"]
    crop = "Repair: RandomCrop"
    links = [crop, f"{crop} 2", f"{crop} 3", "Splits", "Integrity", "Integrity: other.csv"]
    assert [item.short for item in found] == links
    alone = sections(sample.report([sample.repair(labels, crops[0])], figures=UNDRAWN))[0]
    assert (alone.title, alone.over) == (question, "RandomCrop(9)")


def test_same_bytes_in_another_process(tmp_path):
    report = sample.report([sample.position(sample.names(20))])
    (tmp_path / "report.json").write_bytes(encode(report))
    code = (
        "import sys; from pathlib import Path; from biasscope.report.model import decode;"
        "from biasscope.report.render import render;"
        "sys.stdout.buffer.write(render(decode(Path(sys.argv[1]).read_bytes())))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7", "LANG": "C", "TZ": "Asia/Tokyo"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "report.json")], capture_output=True, env=environment, check=True
    )
    assert done.stdout == render(report)


def test_well_formed(page):
    assert page.unbalanced == []
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))


def test_every_reference_inside_the_page_has_its_target(page):
    ids = set(page.attributes("id"))
    named = " ".join(page.attributes("aria-labelledby")).split()
    anchors = [item["href"][1:] for tag, item in page.elements if item.get("href", "").startswith("#")]
    assert len(anchors) > 10
    assert set(named) | set(anchors) <= ids


def test_asks_nothing_of_the_network(page, html):
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"link", "iframe", "object", "embed", "base", "form", "audio", "video", "source"}
    links = page.attributes("src") + page.attributes("href")
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in links)
    assert not re.search(rb"url\(\s*['\"]?(?!#)", html)
    assert b"@import" not in html


def test_policy_allows_the_one_style_and_the_one_script_and_nothing_else(page, html):
    policy = next(item["content"] for item in page.all("meta") if item.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    for tag, rule in (("style", "style-src"), ("script", "script-src")):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html.decode(), re.DOTALL)
        assert rules.pop(rule) == f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
    assert rules == {"default-src": "'none'", "img-src": "data:", "base-uri": "'none'", "form-action": "'none'"}


def test_nothing_inline_that_the_policy_would_refuse(page):
    names = {name for _, attributes in page.elements for name in attributes}
    assert "style" not in names
    assert not [name for name in names if name.startswith("on")]


def test_first_screen_has_the_answer_and_the_head_numbers(full, page):
    words = page.texts["section"][0]
    assert [page.texts["h1"][0], *full.answer] == [text for text in [full.title, *full.answer] if text in words]
    for shown in ("721", "of 874", "5.2\u202f%", "4.9\u202f% to 5.4\u202f%", "n = 80,477", "95 % interval"):
        assert shown in words


def test_every_class_is_in_the_page_without_scripts(full, html):
    rows = re.findall(r"<th scope=row><bdi>(.*?)</bdi>", html.decode())
    for label in full.result("position").table("classes")["label"]:
        assert rows.count(label) >= 6


def test_class_rows_have_two_maps_with_words_for_them(page):
    images = page.all("img")
    assert len(images) >= 2 * 30
    assert all(re.fullmatch(r"fullest cell .*%, middle .*%", item["alt"]) for item in images)


def test_tables_have_captions_and_scopes(page):
    assert len(page.texts["caption"]) == len(page.texts["table"])
    assert all(page.texts["caption"])
    assert all(item.get("scope") in ("col", "row") for item in page.all("th"))


def test_landmarks_and_language(page):
    tags = [tag for tag, _ in page.elements]
    assert [tags.count(tag) for tag in ("main", "nav", "header", "footer", "h1")] == [1] * 5
    assert page.all("html")[0]["lang"] == "en"
    assert page.all("a")[0]["href"] == "#main"


def test_every_figure_says_how_to_read_it(page):
    assert len(page.texts["figcaption"]) == len(page.texts["figure"]) > 15
    assert all(len(text) > 60 for text in page.texts["figcaption"])


def test_sections_keep_the_order_of_the_registry_and_unknown_kinds_come_last(page):
    found = [item["id"] for item in page.all("section")]
    kinds = ["position", "scale", "repair", "repair-2", "splits", "comparison", "leakage", "integrity"]
    assert found == ["top", *kinds, "invariance", "provenance"]


def test_unknown_kind_shows_its_finding_numbers_and_tables(html):
    text = html.decode()
    body = text[text.index('<section id="invariance"') : text.index('<section id="provenance"')]
    for shown in (
        "One shift of a pixel",
        "12.3\u202f%",
        "Top-1 change",
        "vgg &lt;b&gt;",
        "yes",
        "Zhang 2019",
        "32, 64",
    ):
        assert shown in body


@pytest.mark.parametrize("kind", [*SECTIONS, "invariance"])
def test_a_result_alone_makes_a_page(kind, of_every_kind):
    page = Page(render(sample.report([of_every_kind[kind]], figures=UNDRAWN)))
    assert [item["id"] for item in page.all("section")] == ["top", kind, "provenance"]


@pytest.mark.parametrize("spoil", [sample.hollow, sample.empty_tables, lambda item: Result(item.kind, "Nothing.")])
def test_undefined_and_missing_numbers_are_dashes_not_errors(spoil, full):
    html = render(sample.report([spoil(item) for item in full.results])).decode()
    assert Page(html.encode()).unbalanced == []
    assert not re.search(r">\s*(None|nan|null)\b", html)


def test_minimal_report():
    html = render(sample.report([], title="", question="", answer=[], headline=[], notes=[]))
    assert Page(html).unbalanced == []


def test_no_class_at_all():
    assert Page(render(sample.full(0))).unbalanced == []


@pytest.mark.parametrize("count", [1, 10])
def test_few_classes(count):
    assert render(sample.full(count)).count(b"goldfish") >= 5


def test_hostile_labels_are_shown_as_text():
    labels = sample.HOSTILE
    html = render(sample.full(labels=labels))
    page = Page(html)
    assert page.unbalanced == []
    assert len(page.all("script")) == len(page.all("style")) == 1
    assert all(item["src"].startswith("data:image/png") for item in page.all("img"))
    assert "<script>alert(1)</script>" in page.texts["bdi"]
    assert "{{ 7*7 }}{% raw %}" in page.texts["bdi"]
    assert "日本の猫" in page.texts["bdi"]
    assert "(no name)" in page.texts["bdi"]
    assert "bell\ufffdnull\ufffdescape\ufffd[31mred" in page.texts["bdi"]
    assert not re.search(rb"[\x00-\x08\x0b-\x1f]", html)


def test_hostile_words_everywhere():
    bad = "<script>alert(1)</script>\x1b"
    result = Result(
        bad,
        bad,
        bad,
        {bad: bad},
        [Scalar(bad, 1.0, bad, unit=bad, description=bad)],
        [table(bad, {bad: [bad], "map_x": [[1, 2, 3, 4]]}, title=bad, description=bad, row=bad)],
        [bad],
        bad,
    )
    html = render(
        sample.report([result], kind=bad, title=bad, question=bad, answer=[bad], notes=[bad], headline=result.scalars)
    )
    page = Page(html)
    assert page.unbalanced == []
    assert len(page.all("script")) == 1
    assert b"\x1b" not in html


def test_a_thousand_classes_stay_below_six_megabytes():
    html = render(sample.full(1000))
    assert len(html) < 6_000_000
    assert html.count(b"<th scope=row>") > 6000


def test_a_sentence_that_is_also_a_note_is_said_once():
    html = render(sample.report([], answer=["It is so.", "Simulated."], notes=["Simulated."])).decode()
    assert html.count("Simulated.") == 1
    assert '<p class="notice" dir="auto">Simulated.</p>' in html


def test_measures_keep_their_place_beside_a_figure_when_there_are_few_classes():
    few, many = (render(sample.report([sample.position(sample.names(count))])).decode() for count in (6, 40))
    assert few.count("Which way each class is displaced.") == many.count("Which way each class is displaced.") == 1
    assert "Effect sizes of all classes." in many
    assert "Effect sizes of all classes." not in few


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Consistency, mobilenet_v2_imagenet", ["Consistency, mobilenet_", "v2_", "imagenet"]),
        ("n0004.jpg", ["n0004.jpg"]),
        ("<script>_x_<b>", ["&lt;script&gt;_x_&lt;b&gt;"]),
        ("__init__ and ________________", ["__init__ and ________________"]),
    ],
)
def test_long_names_may_be_broken_at_their_joints_only(text, pieces):
    assert str(breakable(text)).split("<wbr>") == pieces


def test_published_series_are_explained_only_where_they_are_drawn():
    whole = sample_invariance.rescale()
    bare = Result("rescale", "", tables=[item for item in whole.tables if item.name != "published"])
    shown = [render(sample.report([item])).decode() for item in (whole, bare)]
    assert ["grey series" in html for html in shown] == [True, False]
    assert ["No published series" in html for html in shown] == [True, False]


def test_figures_have_letters_of_one_size():
    html = render(sample.report(sample_invariance.results(sample_invariance.MODELS[:1])))
    drawn = [item for item in Page(html).all("svg") if item.get("width") and "aria-labelledby" in item]
    assert len(drawn) > 10
    for item in drawn:
        points = float(item["viewbox"].split()[2])
        assert float(item["width"]) == pytest.approx(SCALE * points, abs=0.6)
