"""Numbers in words, tiny pictures, cards, tables for people."""

import io

import numpy as np
import pytest
from PIL import Image

from biasscope.core.results import Scalar, column, interval, table
from biasscope.report import cards, thumbnails, wording
from biasscope.report.grid import BY_MEASURE, Field, every_column, grid

THIN = "\u202f"


@pytest.mark.parametrize(
    ("show", "value", "text"),
    [
        ("share", 0.0517, f"5.2{THIN}%"),
        ("share", 0.00123, f"0.12{THIN}%"),
        ("share", -0.25, f"\u221225.0{THIN}%"),
        ("share", 0.00001, f"<{THIN}0.01{THIN}%"),
        ("share", 0.0, f"0{THIN}%"),
        ("probability", 0.00001, f"<{THIN}0.0001"),
        ("probability", 0.0004, "0.0004"),
        ("probability", 0.04, "0.040"),
        ("probability", 1.0, "1.00"),
        ("count", 80477, "80,477"),
        ("real", 0.22912, "0.229"),
        ("real", 12.345, "12.35"),
        ("real", 123456.7, "123,457"),
        ("real", 0.0, "0"),
        ("real", 0.0001, "0.0001"),
        ("real", 0.00001, f"<{THIN}0.0001"),
        ("real", -0.00001, f">{THIN}\u22120.0001"),
        ("points", 0.0651, "+6.5 points"),
        ("points", -0.0004, "\u22120.04 points"),
        ("signed", 0.02, "+0.020"),
        ("signed", -0.02, "\u22120.020"),
    ],
)
def test_numbers_for_people(show, value, text):
    assert wording.STYLES[show](value) == text


@pytest.mark.parametrize("show", wording.STYLES.values())
def test_undefined_is_a_dash(show):
    assert show(None) == "\N{EN DASH}"


@pytest.mark.parametrize(
    ("name", "unit", "whole", "style"),
    [
        ("q_raw", "", False, "probability"),
        ("edge_left", "", False, "share"),
        ("pooled_displacement_v", "", False, "signed"),
        ("boxes_a", "", True, "count"),
        ("effect", "", False, "real"),
        ("anything", "share", False, "share"),
        ("nonuniform_raw", "classes", False, "count"),
        ("mutual_information", "bits", False, "real"),
        ("pooled_p_scale", "", False, "probability"),
        ("lost", "", False, "share"),
        ("quantity_map", "", False, "real"),
        ("consistency@digits8", "", False, "share"),
        ("consistency_difference@digits8 (pac)", "share", False, "points"),
        ("tta_accuracy_gain", "share", False, "points"),
        ("mean_absolute_change", "share", False, "real"),
        ("jaggedness", "changes", False, "real"),
    ],
)
def test_style_follows_name_and_unit(name, unit, whole, style):
    assert wording.style(name, unit, whole=whole) == style


@pytest.mark.parametrize(
    ("scalar", "text", "unit"),
    [
        (Scalar("classes_different", 0.0, n=10), "0", "of 10"),
        (Scalar("tested", 998.0, n=998), "998", ""),
        (Scalar("nonuniform_raw", 997.0, n=1000, unit="classes"), "997", "of 1,000"),
        (Scalar("effect", 1.0), "1.000", ""),
        (Scalar("pooled_effect", 0.063, n=50_000), "0.063", ""),
        (Scalar("accuracy", 0.0051, unit="share"), f"0.51{THIN}%", ""),
        (Scalar("boxes", 80477.0, "Boxes", unit="boxes"), "80,477", "boxes"),
        (Scalar("x", None, unit="bits"), "\N{EN DASH}", "bits"),
    ],
)
def test_scalars_for_people(scalar, text, unit):
    assert (wording.scalar(scalar), wording.unit(scalar)) == (text, unit)


def test_thumbnail_is_the_map():
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 30, 64)
    image = Image.open(io.BytesIO(thumbnails.png(counts))).convert("RGBA")
    assert image.size == (8, 8)
    pixels = np.asarray(image)
    for place, count in enumerate(counts):
        level = round(count / counts.max() * 7)
        assert pixels[place // 8, place % 8, 3] == round(255 * (level / 7) ** thumbnails.GAMMA)
        assert tuple(pixels[place // 8, place % 8, :3]) == thumbnails.HUE


@pytest.mark.parametrize("counts", [None, [], [0] * 64, [None] * 64, [1] * 9, [1, 2, 3]])
def test_no_picture_without_a_map(counts):
    assert thumbnails.address(counts) == ""


def test_thumbnails_are_tiny():
    rng = np.random.default_rng(0)
    assert max(len(thumbnails.address(rng.integers(0, 9, 64).tolist())) for _ in range(50)) < 280


def test_words_of_a_map():
    counts = np.zeros(64)
    counts[3 * 8 + 4], counts[0] = 3, 1
    assert thumbnails.says(counts.tolist()) == "fullest cell (row 4, column 5) 75 %, middle 75 %"


def test_bars():
    assert thumbnails.bars([0, 4, 2]) == "M0 24V24H21.3V0H42.7V12H64V24"
    assert thumbnails.bars([0, None]) == ""


def test_card_of_a_count_runs_to_its_family():
    card = cards.card(Scalar("nonuniform", 437, "non-uniform", n=874, unit="classes"))
    assert (card.value, card.unit, card.ends, card.at) == ("437", "of 874", ("0", "874"), 100)
    assert card.note == ""


def test_card_of_a_signed_number_has_zero_in_the_middle():
    card = cards.card(Scalar("displacement_v", -0.021, interval=interval(-0.03, -0.01), n=9))
    assert card.ends == ("\u22120.05", "0.05")
    assert card.left < card.at < card.right < card.zero == 100
    assert card.note == "95 % interval, n = 9"


@pytest.mark.parametrize(("value", "shown", "at"), [(1.0, "1", 0), (1.5, "1.500", 100), (25.0, "25", 98.0)])
def test_card_of_a_ratio_begins_at_one_which_is_even(value, shown, at):
    card = cards.card(Scalar("overlap@m", value, "Overlap", unit="ratio", better="lower"))
    assert (card.value, card.unit, card.ends[0], card.zero, card.at) == (shown, "", "1", 0, at)


def test_card_of_a_ratio_below_one_keeps_its_zero():
    card = cards.card(Scalar("cost@m", 0.5, "Cost", unit="ratio"))
    assert (card.ends, card.at) == (("0", "1"), 100)


def test_card_of_a_difference_has_zero_in_the_middle_and_its_unit_once():
    card = cards.card(Scalar("consistency_difference@m", 0.065, interval=interval(0.05, 0.08), unit="share"))
    assert (card.value, card.unit, card.interval, card.zero) == ("+6.5 points", "", "+5.0 to +8.0", 100)


@pytest.mark.parametrize("scalar", [Scalar("x", None), Scalar("x", 1e9), Scalar("x", -3e5), Scalar("x", 0.0)])
def test_card_of_anything_stays_on_its_bar(scalar):
    card = cards.card(scalar)
    assert card.at is None or 0 <= card.at <= cards.WIDTH


TABLE = table(
    "t",
    [
        column("label", ["a", "b", ""]),
        column("effect", [0.5, None, 0.25], title="Effect"),
        column("effect_low", [0.4, None, None]),
        column("effect_high", [0.6, None, None]),
        column("n", [1000, 2, 3]),
        column("map_x", [[1, 2, 3, 4], [0, 0, 0, 0], [1, 1, 1, 1]]),
        column("spread", [[1, 2], [2, 1], [0, 0]]),
        column("share", [0.5, 0.1, 0.2], unit="share"),
        column("ok", [True, False, None]),
    ],
)


def test_every_column_is_shown_and_intervals_are_folded_in():
    shown = [(item.name, item.style) for item in every_column(TABLE)]
    assert shown == [
        ("label", "label"),
        ("effect", "real"),
        ("n", "count"),
        ("map_x", "map"),
        ("spread", "bars"),
        ("share", "share"),
        ("ok", "text"),
    ]


def test_cells_carry_text_sort_value_and_interval():
    made = grid(TABLE, every_column(TABLE), caption="c")
    label, effect, number, *_, ok = made.rows[0]
    assert (label.text, effect.text, effect.below, effect.sort) == ("a", "0.500", "0.400 to 0.600", "0.5")
    assert (number.text, number.sort, ok.text) == ("1,000", "1000", "yes")
    assert [row[0].text for row in made.rows] == ["a", "b", "(no name)"]
    assert (made.rows[1][1].text, made.rows[1][1].sort) == ("\N{EN DASH}", "")
    assert (made.rows[2][1].text, made.rows[2][1].below) == ("0.250", "")
    assert made.rows[1][3].picture == ""


def test_rows_are_shown_by_the_measure_they_are_about():
    made = table("pooled", {"measure": ["displacement_u", "edge_contact", "effect"], "a": [0.02, 0.25, 0.1]})
    rows = grid(made, [Field("measure", "M", "measure"), Field("a", "A", BY_MEASURE)], caption="c").rows
    assert [[cell.text for cell in row] for row in rows] == [
        ["displacement, horizontal", "+0.020"],
        ["edge contact", f"25.0{THIN}%"],
        ["effect (bias-corrected Cram\u00e9r's V)", "0.100"],
    ]


def test_grid_says_how_many_rows_it_leaves_out_and_skips_missing_columns():
    made = grid(TABLE, [Field("label", "L", "label"), Field("gone", "G", "real")], caption="c", most=2)
    assert (len(made.rows), made.left_out, len(made.fields)) == (2, 1, 1)


def test_a_difference_of_exactly_nothing_has_a_card() -> None:
    card = cards.card(Scalar("nonshiftability_difference@a", 0.0, interval=interval(0.0, 0.0), n=9, unit="points"))
    assert card.left == card.at == card.right == card.zero == 100
