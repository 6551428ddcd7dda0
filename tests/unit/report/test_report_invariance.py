"""The page of question 2: complete, escaped, only safe pictures, models told apart only where they can be."""

import re

import pytest
from msgspec.structs import replace

from biasscope.core.results import Result, table
from biasscope.figures import FIGURES, of_kind
from biasscope.figures.style import house
from biasscope.report.model import decode, encode
from biasscope.report.pictures import LARGEST, Card, card, safe
from biasscope.report.render import render, sections
from biasscope.report.sections import SECTIONS
from biasscope.report.sections.curves import view as curves_view
from biasscope.report.sections.images import view as images_view
from biasscope.report.sections.models import view as models_view
from biasscope.report.sections.protocols import over
from biasscope.report.sections.shifts import traced, worst
from biasscope.report.text import summary
from tests.unit.report import sample_invariance as sample
from tests.unit.report.page import Page
from tests.unit.report.sample_reports import HOSTILE, empty_tables, hollow, report

THIN = "\u202f"
TWO = sample.MODELS[:2]
PNG = "data:image/png;base64,iVBORw0KGgo="


@pytest.fixture(scope="module")
def html():
    return render(sample.full(TWO))


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def test_well_formed_and_the_same_from_the_file(html, page):
    assert page.unbalanced == []
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    anchors = {item["href"][1:] for _, item in page.elements if item.get("href", "").startswith("#")}
    assert anchors | set(" ".join(page.attributes("aria-labelledby")).split()) <= set(ids)
    assert render(decode(encode(sample.full(TWO)))) == html


def test_sections_are_in_order_and_several_protocols_are_named(page):
    found = [item["id"] for item in page.all("section")]
    kinds = ["rescale", "rotation", "resize", "video", "lie", "published", "models", "images"]
    assert found == ["top", "shifts", "shifts-2", "shifts-3", *kinds, "provenance"]
    assert page.texts["nav"][0].split("\n")[1:4]
    undrawn = replace(sample.full(TWO), figures=["none of them"])
    assert [item.short for item in sections(undrawn)][:3] == ["Crop window", "Embedded", "Circular"]
    assert len(set(page.texts["h2"])) == len(page.texts["h2"])


def test_pictures_are_on_the_page_with_words_for_them(page):
    images = page.all("img")
    assert len(images) == 3 * (3 + 5) + 5 * 2 + 2
    assert {item["src"].partition(";")[0] for item in images} == {"data:image/png", "data:image/jpeg"}
    assert all(len(item["alt"]) > 8 for item in images)


def test_figures_say_how_to_read_them_and_tables_have_captions(page):
    assert len(page.texts["figcaption"]) == len(page.texts["figure"]) >= 18
    assert all(len(text) > 60 for text in page.texts["figcaption"])
    assert len(page.texts["caption"]) == len(page.texts["table"])
    assert all(item.get("scope") in ("col", "row") for item in page.all("th"))


def test_the_convention_is_explained_once(html):
    assert html.count(b"What is compared with what") == 1
    for words in ("A window is moved over a larger picture", "pasted into a larger frame", "The picture is rolled"):
        assert html.decode().count(words) == 1


def test_what_says_nothing_on_right_answers_is_told_from_what_does(html):
    steady, _, right = html.decode().partition("Neither says that the answer is right")
    steady = steady.rpartition("What is compared with what")[2]
    assert "<em>consistency</em>" in steady
    assert "<em>worst case</em>" not in steady
    assert re.match(r".*<em>accuracy</em>.*<em>worst case</em>.*</p>", right)


@pytest.mark.parametrize("models", [sample.MODELS[:1], HOSTILE[:7]])
def test_one_model_or_hostile_names_make_a_page(models):
    html = render(sample.full(models))
    page = Page(html)
    assert page.unbalanced == []
    assert len(page.all("script")) == len(page.all("style")) == 1
    assert not re.search(rb"[\x00-\x08\x0b-\x1f]", html)
    assert not re.search(r">\s*(None|nan|null)\b", html.decode())
    assert all(
        item["src"].startswith(("data:image/png;base64,", "data:image/jpeg;base64,")) for item in page.all("img")
    )


@pytest.mark.parametrize("spoil", [hollow, empty_tables, lambda item: Result(item.kind, "Nothing.")])
def test_undefined_and_missing_numbers_are_dashes_not_errors(spoil):
    html = render(report([spoil(item) for item in sample.results(TWO)]))
    assert Page(html).unbalanced == []
    assert not re.search(r">\s*(None|nan|null)\b", html.decode())
    assert summary(report([spoil(item) for item in sample.results(TWO)]))


def names_of(item):
    return sorted({one.name for made in item.tables for one in made.columns})


def without(item, name):
    kept = [table(made.name, [one for one in made.columns if one.name != name]) for made in item.tables]
    return Result(item.kind, item.finding, item.title, item.parameters, item.scalars, kept)


@pytest.mark.parametrize("item", sample.results(sample.MODELS[:1]), ids=lambda item: item.kind)
def test_any_column_may_be_missing(item):
    view = SECTIONS.load(item.kind)
    for name in names_of(item):
        less = without(item, name)
        assert isinstance(view(less), dict)
        with house():
            for figure in of_kind(item.kind):
                FIGURES.load(figure)(less)


@pytest.mark.parametrize(
    "address",
    [
        None,
        7,
        "",
        "https://example.org/a.png",
        "javascript:alert(1)",
        "data:image/svg+xml;base64,PHN2Zz4=",
        "data:text/html;base64,PHN2Zz4=",
        "data:image/png,plain",
        'data:image/png;base64,AAAA"onerror="alert(1)',
        "data:image/png;base64,AAAA\n",
        " data:image/png;base64,AAAA",
        "DATA:image/png;base64,AAAA",
        "data:image/gif;base64,AAAA",
        "data:image/png;base64," + "A" * LARGEST,
    ],
)
def test_only_png_and_jpeg_in_the_page_are_pictures(address):
    assert safe(address) == ""
    pictures = sample.of_rows("pictures", "image_id role picture caption", [["x", "worst", str(address), "c"]])
    made = Result("shifts", "", tables=[pictures, sample.of_rows("worst", "model image_id flips", [["m", "x", 3]])])
    assert worst(made) == [Card("x", [], ["m: 3 changes"])]
    assert b"<img" not in render(report([made]))


def test_safe_pictures_pass():
    assert safe(PNG) == PNG


def test_paired_differences_stand_beside_the_models(html):
    text = html.decode()
    for shown in (
        "+6.5 points<small>+5.0 to +8.0</small>",
        'verdict yes">larger than chance',
        'verdict no">not told from',
    ):
        assert shown in text
    assert "the paired differences above are the sharper test" in text
    assert "sharper test" not in render(report([sample.rotation(TWO)])).decode()


@pytest.mark.parametrize(
    ("caption", "title", "said"),
    [("x: 7", "x", "7"), ("x: 7", "x, labelled 7", ""), ("x", "x", ""), ("a dog", "x", "a dog"), (None, "x", "")],
)
def test_captions_do_not_repeat_the_title(caption, title, said):
    made = card({"image_id": "x", "caption": caption, "picture": PNG}, title, [])
    assert made.caption == said
    assert made.pictures[0].alt.startswith(f"Picture {title}")


def test_problems_that_were_used_and_that_were_not_are_listed_apart():
    problems = [["exif", "EXIF", 1, True], ["exif", "EXIF", 2, False]]
    listed = [["exif", "a", True], ["exif", "b", False], ["exif", "c", False]]
    tables = [
        sample.of_rows("problems", "code title count used", problems),
        sample.of_rows("rows", "code image_id used", listed),
    ]
    made = images_view(Result("images", "", tables=tables))["listed"]
    told = [(title, count, [row[0].text for row in grid.rows]) for title, count, grid in made]
    assert told == [("EXIF, used all the same", 1, ["a"]), ("EXIF, left out", 2, ["b", "c"])]


@pytest.mark.parametrize(("kind", "noun"), [("shifts", "shifts"), ("rotation", "angles"), ("rescale", "sizes")])
def test_the_line_above_the_title_says_what_was_done(kind, noun):
    given = {"protocol": "embed", "fill": "black", "reference": "fixed original", "shifts": 1024, "images": 50_000}
    told = over(Result(kind, "", parameters=given))
    assert told == f"Embedded, fill black, reference: fixed original, 1,024 {noun}, 50,000 images"
    assert over(Result(kind, "", parameters=dict.fromkeys(given))) == ""


def test_resizes_are_named_by_what_they_are_compared_with():
    given = {"protocol": "resize", "reference": "fixed original", "compared_with": "pillow-bilinear", "views": 22}
    assert over(Result("resize", "", parameters=given)) == "Resize, reference: pillow-bilinear, 22 implementations"


def test_leaders_are_marked_on_the_page(html):
    assert re.findall(r'<td class="n leads"[^>]*>([^<]*)<', html.decode())
    three = render(report([sample.shifts(sample.MODELS[:3])])).decode()
    assert re.findall(r'<td class="n ahead"[^>]*>([^<]*)<', three)


def test_answers_on_the_way_are_told_in_words():
    found = [["a", "x", step, answer] for step, answer in enumerate("77177")] + [["b", "x", 0, "7"], ["b", "x", 1, "7"]]
    made = traced(Result("shifts", "", tables=[sample.of_rows("traces", "model image_id step answer", found)]))
    assert made["x"].lines == ["a: 7 (2 steps), 1 (1), 7 (2)", "Keep one answer: b (7)"]


def test_worst_images_come_first_with_what_each_model_said():
    found = [["a", "x", "7", 3, "7, 1"], ["a", "y", None, 9, None], ["b", "x", "7", 1, "7, 9"]]
    made = worst(Result("shifts", "", tables=[sample.of_rows("worst", "model image_id label flips answers", found)]))
    assert made == [
        Card("y", [], ["a: 9 changes"]),
        Card("x, labelled 7", [], ["a: 3 changes; 7, 1", "b: 1 change; 7, 9"]),
    ]


def test_published_figures_are_read_as_their_measure_with_grade_and_interval(html):
    text = html.decode()
    for shown in (
        f"85.1{THIN}%<small>read in the paper</small>",
        f"84.8{THIN}%<small>84.2{THIN}% to 85.4{THIN}%</small>",
    ):
        assert shown in text
    assert "No people here." in text


def test_columns_of_models_that_nobody_foresaw_are_shown():
    made = Result("models", "", tables=[sample.of_rows("models", "model sha256 licence", [["m", "a" * 64, "MIT"]])])
    grid = models_view(made)["models"]
    assert [cell.text for cell in grid.rows[0]] == ["m", "a" * 16 + "…", "MIT"]


def test_angles_are_shown_as_they_were_asked_for():
    """A quarter of a degree was rounded to two tenths, and 22.75 to 22.8."""
    angles = [-5.0, 0.0, 0.25, 22.75]
    made = Result("rotation", "", tables=[sample.of_rows("curve", "model angle", [["m", angle] for angle in angles])])
    shown = [row[1].text for row in curves_view(made)["curve"].rows]
    assert shown == ["\N{MINUS SIGN}5", "0", "0.25", "22.75"]


def test_left_out_images_are_listed_by_id(html):
    text = html.decode()
    assert "Truncated file, left out: 5 of 5 listed" in text
    assert "n0004.jpg" in text


@pytest.mark.parametrize(("given", "kind", "order"), [(TWO[:1], "pair", [0, 1, 3, 2]), (TWO, "trio", [0, 1, 2, 3])])
def test_the_third_curve_of_sizes_leaves_no_half_row_blank(given, kind, order):
    """Of one model it stands beside the table of measures; of several the three stand in one row."""
    html = render(report([sample.rescale(given)], kind="invariance")).decode()
    section = html.partition('id="rescale"')[2].partition("</section>")[0]
    said = [
        "Top-5 accuracy against the",
        "Top-1 accuracy against the",
        "Agreement with the reference, by",
        "Measures, with",
    ]
    assert sorted(range(4), key=lambda place: section.index(said[place])) == order
    assert section.index(f'class="{kind}"') < section.index(said[0])


def test_summary_compares_models_per_protocol():
    text = summary(sample.full(TWO))
    assert "Shifts (crop), model by model:" in text
    assert re.search(r"digits8 \(antialias\) +96\.5%", text)
    assert re.search(r"Truncated file +5", text)
    assert max(map(len, text.splitlines())) <= 110


def test_five_models_stay_small():
    assert len(render(sample.full())) < 1_000_000
