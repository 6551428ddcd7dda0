"""The page of a comparison in a browser: what it loads, shows, sorts, filters and prints, in both themes."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

TABLE = "$$('table.compared').sort((a, b) => b.rows.length - a.rows.length)[0]"
VALUES = f"$$('tbody tr:not([hidden])', {TABLE}).map(row => row.cells[a[0]].dataset.v)"


@pytest.mark.parametrize("name", ["comparison", "comparison-hostile"])
@pytest.mark.parametrize("width", [380, 1280])
def test_loads_without_complaint_or_request_and_never_scrolls_sideways(open_page, name, width):
    view = open_page(name, width=width).settled()
    assert view.outside() == []
    assert view.problems() == []
    assert view.too_wide(width) == []


def test_sorting_by_the_difference_and_back(open_page):
    view = open_page("comparison")
    heads = view.js(f"[...{TABLE}.tHead.rows[0].cells].map(e => e.textContent)")
    place = heads.index("Difference")
    before = view.js(VALUES, place)
    assert len(before) > 15
    button = view.js(f"{TABLE}.tHead.rows[0].cells[a[0]].querySelector('button')", place)
    button.click()
    values = [float(value) for value in view.js(VALUES, place) if value is not None]
    assert values == sorted(values, reverse=True)
    button.send_keys(Keys.ENTER)
    values = [float(value) for value in view.js(VALUES, place) if value is not None]
    assert values == sorted(values)
    button.send_keys(Keys.SPACE)
    assert view.js(VALUES, place) == before


def test_filtering_by_name_and_verdict(open_page):
    view = open_page("comparison")
    data = view.js(f"{TABLE}.closest('.data')")
    everything = view.js(f"{TABLE}.tBodies[0].rows.length")
    options = data.find_elements(By.CSS_SELECTOR, "select option")
    assert len(options) > 2
    wanted = options[1].text
    options[1].click()
    shown = view.js(f"$$('tbody tr:not([hidden]) .verdict', {TABLE}).map(e => e.textContent)")
    assert 0 < len(shown) < everything
    assert set(shown) == {wanted}
    data.find_element(By.CSS_SELECTOR, "input").send_keys("no such class")
    assert data.find_element(By.CSS_SELECTOR, "output").text.startswith("0 of ")


def test_keyboard_reaches_main_and_the_tables(open_page):
    view = open_page("comparison")
    view.browser.switch_to.active_element.send_keys(Keys.TAB)
    skip = view.browser.switch_to.active_element
    assert skip.text == "Skip to the comparison"
    skip.send_keys(Keys.ENTER)
    assert view.js("document.activeElement.id") == "main"
    assert view.js("$$('.scroll').every(e => e.tabIndex === 0 && e.getAttribute('aria-labelledby'))")


def test_complete_without_scripts(open_page):
    view = open_page("comparison", scripts=False)
    assert view.browser.find_elements(By.CSS_SELECTOR, "thead button, .tools") == []
    assert len(view.browser.find_elements(By.CSS_SELECTOR, "table.compared tbody tr")) > 15
    assert not view.browser.find_element(By.ID, "theme").is_displayed()
    for selector in (".lead", ".cards .value", "#provenance table"):
        assert view.browser.find_element(By.CSS_SELECTOR, selector).text


def test_hostile_names_are_words(open_page):
    view = open_page("comparison-hostile")
    assert view.js("$$('script').length") == 1
    assert view.js("$$('a').every(e => e.getAttribute('href').startsWith('#'))")
    assert view.js("$$('tbody th bdi').some(e => e.textContent === '<script>alert(1)</script>')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(open_page, scheme):
    view = open_page("comparison", scheme=scheme)
    code = """(() => { const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255)
            .map(x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
            return .2126*r + .7152*g + .0722*b + .05; };
        const paper = light(getComputedStyle(document.body).backgroundColor);
        return a[0].flatMap(s => $$(s)).map(e => light(getComputedStyle(e).color))
            .map(x => Math.max(x, paper) / Math.min(x, paper)); })()"""
    found = view.js(code, [".lead", ".was", ".to", ".range", ".verdict", "td small", ".unit"])
    assert len(found) > 40
    assert min(found) >= 4.5


def test_prints_all_rows_in_light(open_page):
    view = open_page("comparison", scheme="dark")
    view.media(media="print", scheme="dark")
    assert view.js("$$('.scroll').every(e => e.scrollHeight <= e.clientHeight + 1)")
    assert view.js("getComputedStyle(document.body).color") == "rgb(27, 29, 33)"
    assert len(view.devtools("Page.printToPDF")["data"]) > 50_000
