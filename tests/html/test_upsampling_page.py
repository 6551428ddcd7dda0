"""The page of the question of upsampling in a browser: patterns first, peaks marked, both themes, wide and narrow."""

import pytest


@pytest.mark.parametrize("width", [400, 1280])
def test_loads_without_complaint_and_never_scrolls_sideways(open_page, width):
    view = open_page("upsampling", width=width).settled()
    assert view.problems() == []
    assert view.too_wide(width, ".across", ".own") == []


@pytest.mark.parametrize("width", [400, 1280])
def test_words_in_figures_stay_legible(open_page, width):
    view = open_page("upsampling", width=width)
    sizes = view.js(
        "$$('figure svg').flatMap(e => $$('text', e).map(t => parseFloat(getComputedStyle(t).fontSize)"
        " * e.getBoundingClientRect().width / e.viewBox.baseVal.width))"
    )
    assert len(sizes) > 80
    assert min(sizes) > 7


def test_patterns_come_first_with_their_numbers_below(open_page):
    view = open_page("upsampling", width=1280)
    assert view.js("$$('main section, body section').map(e => e.id).filter(Boolean)")[:2] == ["top", "patterns"]
    view.browser.execute_async_script(
        "const done = arguments[0]; Promise.all([...document.images].map(i => i.decode())).then(done, done)"
    )
    assert view.js("$$('img').every(e => e.complete && e.naturalWidth > 0 && e.alt.length > 8)")
    told = view.js("$$('#patterns .films td').map(e => e.querySelector('.told')?.textContent || '')")
    assert len(told) == 3
    assert all("explains" in words or "ripple" in words for words in told)


@pytest.mark.parametrize(("width", "least"), [(400, 128), (1280, 200)])
def test_patterns_are_as_large_as_the_page_allows_and_stay_squares(open_page, width, least):
    view = open_page("upsampling", width=width)
    sides = view.js("$$('#patterns .films img').map(e => [e.clientWidth, e.clientHeight])")
    assert len(sides) == 3
    assert all(wide >= least - 2 and wide == high for wide, high in sides)
    assert view.js("$$('#patterns .films img').every(e => getComputedStyle(e).imageRendering == 'pixelated')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_circles_and_words_are_seen_on_the_paper(open_page, scheme):
    view = open_page("upsampling", scheme=scheme)
    paper = view.js("getComputedStyle(document.body).backgroundColor")
    colours = view.js("$$('#patterns figure svg text').map(e => getComputedStyle(e).fill)")
    assert len(colours) > 10
    assert paper not in colours
