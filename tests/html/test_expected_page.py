"""The section of published and measured numbers in a browser."""

import pytest


def test_loads_without_complaint(open_page):
    view = open_page("expected").settled()
    assert view.outside() == []
    assert view.problems() == []


@pytest.mark.parametrize("width", [360, 768, 1400])
def test_page_never_scrolls_sideways(open_page, width):
    assert open_page("expected", width=width).js("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (380, "light")])
def test_accessible(open_page, axe, width, scheme):
    assert open_page("expected", width=width, scheme=scheme).violations(axe) == []
