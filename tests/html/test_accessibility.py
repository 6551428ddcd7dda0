"""Every page against the rules of axe-core: no finding of any weight, in light and dark, wide and narrow."""

import pytest

PAGES = ["full", "invariance", "layers", "augmentation", "upsampling", "comparison", "history", "history-many"]
HOSTILE = ["hostile", "invariance-hostile", "layers-hostile", "comparison-hostile", "history-hostile"]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (380, "light")])
def test_nothing_is_found(open_page, axe, name, width, scheme):
    assert open_page(name, width=width, scheme=scheme).violations(axe) == []


@pytest.mark.parametrize("name", [*HOSTILE, "history-none", "history-one"])
def test_nothing_is_found_with_hostile_names_or_without_data(open_page, axe, name):
    assert open_page(name).violations(axe) == []


def test_folded_parts_are_looked_at_too(open_page, axe):
    for name in ("full", "invariance", "layers", "comparison", "history"):
        view = open_page(name)
        assert view.js("$$('details').map(e => { e.open = true; return 1; }).length") > 0
        assert view.violations(axe) == []


def test_what_is_wrong_is_found(open_page, axe):
    view = open_page("full")
    view.js("$$('td img').map(e => e.removeAttribute('alt'))")
    assert {rule for _, rule, _ in view.violations(axe)} == {"image-alt"}
