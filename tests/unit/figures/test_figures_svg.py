"""The SVG of a figure: stable bytes, private ids, no style attributes, colours of the page."""

import re
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest

from biasscope.core.results import Result, table
from biasscope.figures import FIGURES
from biasscope.figures.style import VARIABLES, house
from biasscope.figures.svg import svg
from tests.unit.report.sample_reports import HOSTILE, names, position


def draw(name, result, prefix="a-"):
    with house():
        figure = FIGURES.load(name)(result)
    return svg(figure, prefix, "Title <1>", "Description & more")


@pytest.fixture(scope="module")
def result():
    return position(names(40))


@pytest.fixture(params=["map-feasible", "marginal-u", "joint-y", "strongest", "spread", "displacements"])
def name(request):
    return request.param


def test_same_bytes_whatever_the_users_settings(name, result):
    first = draw(name, result)
    with mpl.rc_context({"axes.facecolor": "red", "font.size": 20, "axes.grid": True, "svg.hashsalt": "other"}):
        assert draw(name, result) == first


def test_settings_of_the_user_are_left_as_they_were(result):
    with mpl.rc_context({"font.size": 17}):
        draw("marginal-u", result)
        assert mpl.rcParams["font.size"] == 17


def test_every_id_has_the_prefix_and_every_reference_a_target(name, result):
    drawn = draw(name, result, "mine-")
    ids = re.findall(r'\bid="([^"]*)"', drawn)
    used = re.findall(r'url\(#([^)]*)\)|href="#([^"]*)"', drawn)
    assert len(ids) == len(set(ids)) >= 2
    assert all(item.startswith("mine-") for item in ids)
    assert {first or second for first, second in used} <= set(ids)


def test_nothing_that_a_strict_policy_forbids(name, result):
    root = ET.fromstring(draw(name, result))
    assert not [element for element in root.iter() if element.tag in ("style", "script", "foreignObject", "metadata")]
    assert not [key for element in root.iter() for key in element.attrib if key == "style" or key.startswith("on")]
    links = [element.get("href") for element in root.iter() if element.get("href")]
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in links)


def test_colours_are_those_of_the_page(name, result):
    drawn = draw(name, result)
    assert not [colour for colour in VARIABLES if colour in drawn.lower()]
    assert "var(--ink)" in drawn
    assert not re.findall(r'(?:fill|stroke)="#[0-9a-f]+"', drawn)


def test_named_for_those_who_cannot_see_it(result):
    root = ET.fromstring(draw("map-raw", result, "x-"))
    by_id = {element.get("id"): element.text for element in root.iter()}
    assert root.get("role") == "img"
    assert [by_id[key] for key in root.get("aria-labelledby").split()] == ["Title <1>", "Description & more"]


def test_text_stays_text_in_the_font_of_the_page(result):
    root = ET.fromstring(draw("map-feasible", result))
    texts = [element.text for element in root.iter("text")]
    assert "Feasible coordinates (u, v)" in texts
    assert not [element for element in root.iter() if element.get("font-family")]


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_labels_stay_text(label):
    ranked = Result("position", "", tables=[table("classes", {"label": [label, "b"], "effect": [0.5, 0.4]})])
    root = ET.fromstring(draw("strongest", ranked))
    assert not list(root.iter("script"))
    texts = [element.text for element in root.iter("text") if element.text]
    assert "b" in texts
    assert all(text.isprintable() for text in texts)


def test_heat_maps_are_small(result):
    assert len(draw("map-feasible", result)) < 25_000
    assert len(draw("joint-y", result)) < 25_000
