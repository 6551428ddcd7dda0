"""The page of question 3: complete, escaped, numbers as in the tables, missing things tolerated."""

import re
from itertools import pairwise

import pytest
from msgspec.structs import replace

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.report.filmstrips import explanations, moving
from biasscope.report.model import decode, encode
from biasscope.report.render import render, sections
from biasscope.report.sections.attribution import methods
from biasscope.report.sections.blame import layers as blamed
from biasscope.report.sections.blame import pairs, unmoved
from biasscope.report.sections.layers import view
from biasscope.report.sections.structure import layers as structured
from biasscope.report.strips import HIGH, LOW, SHARP, WIDE, strips
from biasscope.report.text import summary
from tests.unit.report import sample_layers as sample
from tests.unit.report.page import Page
from tests.unit.report.sample_invariance import of_rows
from tests.unit.report.sample_reports import HOSTILE, empty_tables, hollow, report

TWO = sample.MODELS[:2]
EVIL = "https://example.org/a.png"


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
    assert len(html) < 700_000


def test_sections_are_in_order(page):
    found = [item["id"] for item in page.all("section")]
    assert found == ["top", "layers", "blame", "attribution", "structure", "models", "images", "provenance"]


def test_everything_drawn_says_what_it_is(page):
    assert all(item.get("aria-label") or item.get("aria-labelledby") for item in page.all("svg") if "role" in item)
    assert all(len(item["alt"]) > 8 for item in page.all("img"))
    assert all(len(text) > 60 for text in page.texts["figcaption"])
    assert all(item.get("scope") in ("col", "row") for item in page.all("th"))
    assert all(item["tabindex"] == "0" for item in page.all("div") if item.get("role") == "group")


def test_strips_are_coloured_by_the_measure_on_one_scale():
    drawn = strips(sample.layers(TWO))
    assert [strip.model for strip in drawn.strips] == list(TWO)
    top = max(value for model in TWO for value in sample.values(model, "nonshiftability"))
    for strip in drawn.strips:
        layers = list(zip(sample.network(strip.model), sample.values(strip.model, "nonshiftability"), strict=True))
        wanted = [value / top * SHARP for (_, kind, *_), value in layers if kind != "Conv2d"]
        assert [cell.opacity for cell in strip.cells] == pytest.approx(wanted, abs=0.001)
        assert sum(cell.width for cell in strip.cells) == pytest.approx(WIDE, abs=0.1)
        assert (strip.cells[0].height, strip.cells[-1].height) == (HIGH, LOW)
        fewer = [place for place, ((*_, flag), _) in enumerate(layers) if flag]
        notches = [at for cell in strip.cells for at in cell.notches]
        assert notches == pytest.approx([(place + 0.5) * WIDE / len(layers) for place in fewer], abs=0.01)


def test_each_strip_names_its_largest_rise_and_outlines_that_piece():
    for strip in strips(sample.layers()).strips:
        loss = sample.values(strip.model, "nonshiftability")
        names = [name for name, *_ in sample.network(strip.model)]
        size, at = max((after - before, place + 1) for place, (before, after) in enumerate(pairwise(loss)))
        outlined = [cell.layer for cell in strip.cells if cell.rises]
        assert outlined == ([names[at]] if size > 0.01 else [])
        assert strip.rise == (f"rises most at {names[at]}: +{size * 100:.1f} points" if size > 0.01 else "")


def test_first_screen_shows_two_strips_at_most():
    undrawn = replace(sample.full(), figures=["none of them"])
    first = render(undrawn).decode().partition('<section id="layers"')[0]
    assert first.count('class="strip"') == 2


def test_strips_are_in_words_too(page):
    labels = page.attributes("aria-label")
    assert any("digits8: 9 layers, 3 of them subsample; most at features.8 (35.2" in label for label in labels)
    words = page.texts["title"]
    assert any(re.match(r"features\.5, MaxPool2d, 16 x 16, subsampled at features\.5, 31\.", text) for text in words)
    assert any("behind features.0" in text for text in words)


def test_numbers_of_the_last_layer_and_of_the_rises():
    data = view(sample.layers(TWO))
    line = data["last"].rows[0]
    assert [cell.text.replace("\u202f", "") for cell in line[:3]] == ["Nonshiftability", "35.2%", "8.9%"]
    assert line[-1].text == "digits8 (antialias), intervals apart"
    rise = [cell.text for cell in data["jumps"].rows[0]]
    assert rise[:2] == ["digits8", "features.5"]
    assert "+19.7 points" in rise
    assert [cell.text for cell in data["differences"].rows[0]] == ["Nonshiftability", "\N{MINUS SIGN}20.0 points"]
    assert len(data["measures"].rows) == len(rows(sample.layers(TWO), "measures"))


def test_films_have_a_column_a_shift_and_a_row_a_model_and_layer():
    (film,) = moving(sample.layers(TWO))
    assert film.heads == ["0, 0", "0, 1", "0, 2", "0, 3", "0, 4"]
    told = [(strip.title, strip.below) for strip in film.strips]
    assert told == [("Input", ""), *((layer, model) for layer in ("features.2", "features.8") for model in TWO)]
    found = {(r["model"], r["layer"], r["dx"]): r["map"] for r in rows(sample.layers(TWO), "moving")}
    for strip in film.strips[1:]:
        assert [shot.address for shot in strip.shots] == [found[strip.below, strip.title, dx] for dx in range(5)]


def test_explanations_are_side_by_side():
    result = sample.attribution(TWO)
    (film,) = explanations(result)
    assert film.heads == ["Picture", "Reference", "Moved picture", "Moved back"]
    assert [strip.title for strip in film.strips[::2]] == ["Grad-CAM", "Saliency", "Integrated Gradients"]
    first = rows(result, "maps")[0]
    wanted = [first[key] for key in ("picture", "map_reference", "map_shifted", "map_back")]
    assert [shot.address for shot in film.strips[0].shots] == wanted


def test_only_pictures_in_the_page_itself_are_shown():
    maps = of_rows("moving", "model layer image_id dy dx picture map", [["m", "l", "i", 0, 0, EVIL, EVIL]])
    pair = of_rows(
        "pairs", "model image_id dy dx answer_before answer_after picture", [["m", "i", 0, 1, "1", "2", EVIL]]
    )
    shown = of_rows("maps", "model image_id method dy dx picture map_reference", [["m", "i", "x", 0, 1, EVIL, EVIL]])
    assert moving(Result("layers", "", tables=[maps])) == []
    assert explanations(Result("attribution", "", tables=[shown])) == []
    assert [card.pictures for card in pairs(Result("blame", "", tables=[pair]))] == [[]]


def test_structure_folds_both_directions_into_a_cell():
    facts = [["m", "a", 32, 32, 2, 2, 5.0, 5.0, 0.25], ["m", "b", 16, 8, 4, 8, 11, 23, 0.03125]]
    columns = "model layer height width stride_y stride_x receptive_field_y receptive_field_x invariant_share"
    grid = structured(Result("structure", "", tables=[of_rows("layers", columns, facts)]))
    assert [field.name for field in grid.fields] == [
        "model",
        "layer",
        "grid",
        "stride",
        "receptive_field",
        "invariant_share",
    ]
    times = "\N{NO-BREAK SPACE}\N{MULTIPLICATION SIGN}\N{NO-BREAK SPACE}"
    assert [cell.text for cell in grid.rows[0][2:5]] == [f"32{times}32", "2", "5"]
    assert [cell.text for cell in grid.rows[1][2:5]] == [f"16{times}8", f"4{times}8", f"11{times}23"]
    assert grid.rows[0][5].text == "25.0\u202f%"


def test_blame_lists_every_layer_the_most_to_blame_first():
    grid = blamed(sample.blame(TWO))
    assert [field.title for field in grid.fields][:3] == ["Model", "Rank", "Layer"]
    assert [line[1].text for line in grid.rows[:9]] == [str(rank) for rank in range(1, 10)]
    assert grid.rows[0][2].text == "features.5"
    assert " to " in grid.rows[0][5].below


def test_pairs_say_where_and_what():
    (first, *_) = pairs(sample.blame(TWO))
    assert list(first.lines) == ["7 \N{RIGHTWARDS ARROW} 1", "moved 0 px down, 1 px to the right"]
    assert first.caption == TWO[0]


def test_every_model_has_its_pairs_and_changed_answers_come_first():
    facts = [[model, f"i{n}", 0, 1, "7", "1" if n == 9 else "7", ""] for model in TWO for n in range(10)]
    table = of_rows("pairs", "model image_id dy dx answer_before answer_after picture", facts)
    made = pairs(Result("blame", "", tables=[table]))
    assert [card.caption for card in made] == [TWO[0]] * 6 + [TWO[1]] * 6
    assert [card.title for card in made[:6]] == ["i9", "i0", "i1", "i2", "i3", "i4"]


def test_pairs_that_changed_nothing_are_left_out():
    facts = [["m", "a", "7", "7", 0.0], ["m", "b", "7", "7", -0.5], ["m", "c", "7", "1", 0.0]]
    table = of_rows("pairs", "model image_id answer_before answer_after change", facts)
    assert [card.title for card in pairs(Result("blame", "", tables=[table]))] == ["c", "b"]


def test_models_that_no_shift_changes_are_named():
    table = of_rows("layers", "model layer effect", [["moves", "a", 0.5], ["still <b>", "a", None]])
    result = Result("blame", "", tables=[table])
    assert unmoved(result) == ["still <b>"]
    assert "logit: still &lt;b&gt;." in render(report([result], kind="layers")).decode()


def test_measures_of_explanations_have_a_column_a_model():
    grid = methods(sample.attribution(TWO))
    assert [field.title for field in grid.fields] == ["Measure", *TWO, "Better"]
    assert len(grid.rows) == 12
    first, drift, overlap = grid.rows[0], grid.rows[6], grid.rows[9]
    assert (first[0].text, first[0].below, first[1].text, first[1].below) == (
        "Cosine with the reference", "Grad-CAM", "0.900", "0.855 to 0.945",
    )  # fmt: skip
    assert drift[0].text == "Drift of the centre of mass (px)"
    assert overlap[1].text == "70.0\u202f%"


@pytest.mark.parametrize("models", [TWO[:1], HOSTILE[:7]])
def test_one_model_or_hostile_names_make_a_page(models):
    html = render(sample.full(models))
    page = Page(html)
    assert page.unbalanced == []
    assert html.count(b"<script") == 1
    assert b"onerror=alert(1)>" not in html
    assert b"\x07" not in html
    assert "49" not in page.texts["h2"]


@pytest.mark.parametrize("kind", sample.KINDS)
def test_missing_tables_rows_and_numbers_are_tolerated(kind):
    whole = getattr(sample, kind)(TWO)
    for item in (Result(kind, "Nothing."), empty_tables(whole), hollow(whole)):
        page = Page(render(report([item], kind="layers")))
        assert page.unbalanced == []
        assert summary(report([item], kind="layers"))
    for table in whole.tables:
        kept = [item for item in whole.tables if item is not table]
        assert sections(report([Result(kind, "", tables=kept)], kind="layers"))[0].id == kind
        alone = Result(kind, "", tables=[table])
        assert Page(render(report([alone], kind="layers"))).unbalanced == []
