"""The page of a history in a browser: what it loads, shows, sorts, filters, and links to."""

from urllib.parse import unquote, urlparse

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

TABLE = "$$('#runs table')[0]"
ALL = ["history", "history-hostile", "history-many", "history-none", "history-one"]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("width", [380, 1280])
def test_loads_without_complaint_or_request_and_never_scrolls_sideways(open_page, name, width):
    view = open_page(name, width=width).settled()
    assert view.outside() == []
    assert view.problems() == []
    assert view.too_wide(width) == []


def test_says_how_it_ended_and_shows_every_number(open_page):
    view = open_page("history")
    assert "passed both checks" in view.js("$$('.lead')[0].textContent")
    assert view.js("$$('.runs rect').length") == 40
    assert view.js("$$('.trends svg').length") == 4
    assert view.js("$$('.trends .gate').map(e => e.textContent)") == [
        "passed: must be at most 0.250",
        "passed: must be at least 90.0\N{NARROW NO-BREAK SPACE}%",
    ]
    tally = view.js("$$('.tally').map(e => e.textContent)")
    assert tally == ["passed 37", "incomparable 1", "error 1", "unreadable 1"]


def test_links_lead_to_the_reports_of_the_runs(open_page, pages):
    view = open_page("history")
    links = view.js("$$('#runs td.links a').map(e => e.href)")
    paths = [unquote(urlparse(link).path) for link in links]
    assert len(paths) == 40 * 2 - 1 - 2  # a run has one analysis less, one cannot be read
    folder = str(pages.path("history").parent)
    assert all(path.startswith(f"{folder}/2026") and path.endswith("/report.html") for path in paths)
    view.browser.find_element(By.CSS_SELECTOR, ".newest").click()
    assert view.js("document.title") == "report"


def test_links_never_lead_out_of_the_folder(open_page, pages):
    view = open_page("history-hostile")
    folder = pages.path("history-hostile").parent.as_uri()
    links = view.js("$$('a').map(e => e.href)")
    assert len(links) > 15
    assert [link for link in links if not link.startswith(folder)] == []
    assert view.js("$$('script').length") == 1
    assert view.js("$$('h1 script, h2 script, td img, .trends img').length") == 0


def test_runs_are_sorted_and_filtered(open_page):
    view = open_page("history")
    first = f"{TABLE}.tBodies[0].rows[0].cells[0].textContent"
    assert view.js(first) == "2026-02-13 03:00"
    button = view.js(f"{TABLE}.tHead.rows[0].cells[0].querySelector('button')")
    button.click()
    assert view.js(first) == "2026-01-05 03:00"
    data = view.js(f"{TABLE}.closest('.data')")
    data.find_element(By.CSS_SELECTOR, "input").send_keys("2026-02")
    assert data.find_element(By.CSS_SELECTOR, "output").text == "13 of 40 runs"
    data.find_element(By.XPATH, ".//option[.='error']").click()
    assert view.js(f"$$('tbody tr:not([hidden]) th', {TABLE}).map(e => e.textContent)") == ["2026-02-07 03:00"]


def test_keyboard_reaches_the_tables_and_their_buttons(open_page):
    view = open_page("history-many")
    view.browser.switch_to.active_element.send_keys(Keys.TAB)
    skip = view.browser.switch_to.active_element
    assert skip.text == "Skip to the history"
    skip.send_keys(Keys.ENTER)
    assert view.js("document.activeElement.id") == "main"
    button = view.js(f"{TABLE}.tHead.rows[0].cells[1].querySelector('button')")
    view.js("a[0].focus()", button)
    button.send_keys(Keys.ENTER)
    assert button.find_element(By.XPATH, "..").get_attribute("aria-sort") == "ascending"
    assert view.js(f"{TABLE}.closest('.scroll').tabIndex") == 0


def test_complete_without_scripts(open_page):
    view = open_page("history", scripts=False)
    assert len(view.browser.find_elements(By.CSS_SELECTOR, "#runs tbody tr")) == 40
    assert len(view.browser.find_elements(By.CSS_SELECTOR, ".trends svg")) == 4
    words = view.browser.find_element(By.ID, "runs").text
    assert "this is no record of a run" in words
    assert "report.json cannot be read" in words
    assert "there is no baseline yet" in words


@pytest.mark.parametrize("name", ["history", "history-many", "history-one"])
@pytest.mark.parametrize("width", [380, 1280])
def test_words_in_pictures_stay_legible(open_page, name, width):
    view = open_page(name, width=width)
    sizes = view.js(
        "$$('.trends svg').flatMap(e => $$('text', e).map(t => parseFloat(getComputedStyle(t).fontSize)"
        " * e.getBoundingClientRect().width / e.viewBox.baseVal.width))"
    )
    assert len(sizes) > 12
    assert min(sizes) > 9
    assert max(sizes) < 18


@pytest.mark.parametrize("width", [380, 1280])
def test_dates_below_pictures_do_not_run_into_each_other(open_page, width):
    view = open_page("history", width=width)
    overlaps = view.js(
        "$$('.trends svg').flatMap(e => { const r = $$('text', e).map(t => t.getBoundingClientRect());"
        " return r.flatMap((x, i) => r.slice(i + 1).filter(y => x.left < y.right && y.left < x.right"
        " && x.top + 2 < y.bottom && y.top + 2 < x.bottom)); }).length"
    )
    assert overlaps == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_bars_of_runs_stand_out_from_the_paper(open_page, scheme):
    view = open_page("history", scheme=scheme)
    code = """(() => { const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255)
            .map(x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
            return .2126*r + .7152*g + .0722*b + .05; };
        const paper = light(getComputedStyle(document.body).backgroundColor);
        const ratio = c => { const x = light(c); return Math.max(x, paper) / Math.min(x, paper); };
        return $$('.runs rect').map(e => ratio(getComputedStyle(e).fill)); })()"""
    assert min(view.js(code)) >= 3


def test_runs_that_did_not_pass_are_told_by_height_too(open_page):
    view = open_page("history")
    heights = view.js("Object.fromEntries($$('.runs rect').map(e => [e.className.baseVal, e.height.baseVal.value]))")
    assert heights["passed"] < heights["incomparable"] < heights["error"] == heights["unreadable"]


def test_prints_all_rows(open_page):
    view = open_page("history", scheme="dark")
    view.media(media="print", scheme="dark")
    assert view.js("$$('.scroll').every(e => e.scrollHeight <= e.clientHeight + 1)")
    assert view.js("getComputedStyle(document.body).color") == "rgb(27, 29, 33)"
    assert len(view.devtools("Page.printToPDF")["data"]) > 30_000
