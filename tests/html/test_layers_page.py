"""The page of question 3 in a browser: strips, wide pictures, films, both themes, wide and narrow, print."""

import pytest


@pytest.mark.parametrize("name", ["layers", "layers-hostile"])
@pytest.mark.parametrize("width", [400, 1280])
def test_loads_without_complaint_and_never_scrolls_sideways(open_page, name, width):
    view = open_page(name, width=width).settled()
    assert view.problems() == []
    assert view.too_wide(width, ".across", ".own") == []


@pytest.mark.parametrize("width", [400, 1280])
def test_words_in_figures_stay_legible(open_page, width):
    view = open_page("layers", width=width)
    sizes = view.js(
        "$$('figure svg').flatMap(e => $$('text', e).map(t => parseFloat(getComputedStyle(t).fontSize)"
        " * e.getBoundingClientRect().width / e.viewBox.baseVal.width))"
    )
    assert len(sizes) > 300
    assert min(sizes) > 7


def test_every_picture_is_decoded(open_page):
    view = open_page("layers")
    assert view.js("$$('.films img').length") > 40
    view.browser.execute_async_script(
        "const done = arguments[0]; Promise.all([...document.images].map(i => i.decode())).then(done, done)"
    )
    assert view.js("$$('img').every(e => e.complete && e.naturalWidth > 0 && e.alt.length > 8)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_worst_layer_has_the_strongest_colour(open_page, scheme):
    view = open_page("layers", scheme=scheme)
    code = "$$('#layers .strip')[0].querySelectorAll('.loss').length"
    assert view.js(code) == 6
    strength = view.js("$$('.loss', $$('#layers .strip')[0]).map(e => Number(getComputedStyle(e).fillOpacity))")
    assert strength == sorted(strength)
    assert strength[-1] == pytest.approx(0.85)
    assert view.js(
        "$$('#layers .strip')[2]"
        " && $$('#layers .strip')[2].querySelectorAll('.loss').length"
        " && $$('.loss', $$('#layers .strip')[2]).every(e => getComputedStyle(e).fillOpacity === '0')"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_notches_stand_out_from_the_paper(open_page, scheme):
    view = open_page("layers", scheme=scheme)
    assert view.js("$$('#layers .strip').map(e => $$('.notch', e).length)") == [3, 3, 3, 3]
    ink, paper = view.js("[getComputedStyle($$('.notch')[0]).fill, getComputedStyle(document.body).backgroundColor]")
    shades = [sum(int(part) for part in shade.strip("rgb()").split(",")) for shade in (ink, paper)]
    assert abs(shades[0] - shades[1]) > 500


def test_wide_pictures_can_be_reached_and_scrolled_with_the_keyboard(open_page):
    view = open_page("layers", width=400)
    assert view.js("$$('.across').every(e => e.tabIndex === 0 && e.getAttribute('aria-label').length > 5)")
    assert view.js("$$('#layers .across')[0].scrollWidth > $$('#layers .across')[0].clientWidth")


def test_complete_without_scripts(open_page):
    view = open_page("layers", scripts=False)
    assert len(view.browser.find_elements("css selector", "#layers figure svg")) >= 10
    words = view.browser.find_element("css selector", "main").text
    for shown in ("largest rise", "The largest rises", "points", "Moved back", "Receptive field", "Input"):
        assert shown in words


def test_hostile_names_are_words(open_page):
    view = open_page("layers-hostile")
    assert view.js("$$('script').length") == 1
    assert view.js("$$('.strips .named bdi').map(e => e.textContent)")[0] == "<script>alert(1)</script>"
    assert view.js("$$('figure svg text').some(e => e.textContent.includes('<script>'))")


def test_print_shows_all_of_it_in_light(open_page):
    view = open_page("layers", scheme="dark")
    view.media(media="print", scheme="dark")
    assert view.js("getComputedStyle(document.body).color") == "rgb(27, 29, 33)"
    assert view.js("$$('.scroll, .across, .own').every(e => e.scrollWidth <= e.clientWidth + 1)")
    assert len(view.devtools("Page.printToPDF")["data"]) > 100_000


@pytest.mark.parametrize("width", [400, 1280])
def test_first_screen_shows_where_without_scrolling_sideways(open_page, width):
    view = open_page("layers", width=width)
    place = view.js("(e => [e.left, e.right, e.bottom])($$('#top .glance .rises')[0].getBoundingClientRect())")
    assert place[0] >= 0
    assert place[1] <= width
    assert place[2] <= 900
    assert view.js("$$('#top .glance .named')[0].textContent").startswith("digits8 rises most at features.5: +")
    first = "$$('#top .glance .strip')[0]"
    outlined = view.js(f"{first}.querySelector('.rises').getAttribute('x')")
    titled = view.js(f"$$('title', {first}).find(e => e.textContent.startsWith('features.5,')).parentElement.innerHTML")
    assert f'x="{outlined}"' in titled


def test_page_stays_small(open_page):
    assert open_page("layers").js("document.documentElement.outerHTML.length") < 1_500_000
