"""The page in a browser: what it loads, shows, sorts, filters, and refuses."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

TABLE = "#position-classes-caption"
LABELS = "$$('tbody tr:not([hidden]) th', $$(a[0])[0].closest('table')).map(cell => cell.textContent)"
VALUES = "$$('tbody tr', $$(a[0])[0].closest('table')).map(row => row.cells[a[1]].dataset.v)"
HEAD = "$$('thead th', $$(a[0])[0].closest('table')).findIndex(cell => cell.textContent === a[1])"


def labels(view):
    return view.js(LABELS, TABLE)


def button(view, title):
    place = view.js(HEAD, TABLE, title)
    code = "$$('thead th', $$(a[0])[0].closest('table'))[a[1]].querySelector('button')"
    return place, view.js(code, TABLE, place)


def direction(element):
    return element.find_element(By.XPATH, "..").get_attribute("aria-sort")


@pytest.mark.parametrize("name", ["full", "hostile"])
def test_loads_without_complaint_and_without_asking_the_network(open_page, name):
    view = open_page(name).settled()
    assert view.outside() == []
    assert view.problems() == []


@pytest.mark.parametrize("name", ["full", "hostile"])
@pytest.mark.parametrize("width", [360, 768, 1400])
def test_page_never_scrolls_sideways(open_page, name, width):
    view = open_page(name, width=width)
    assert view.too_wide(width) == []


def test_sorting_by_a_number_and_back(open_page):
    view = open_page()
    before = labels(view)
    place, effect = button(view, "Effect")
    effect.click()
    assert direction(effect) == "descending"
    values = [float(value) for value in view.js(VALUES, TABLE, place) if value is not None]
    assert values == sorted(values, reverse=True)
    effect.click()
    assert direction(effect) == "ascending"
    shown = view.js(VALUES, TABLE, place)
    values = [float(value) for value in shown if value is not None]
    assert values == sorted(values)
    assert None not in shown[: len(values)]  # undefined stays last
    effect.click()
    assert direction(effect) == "none"
    assert labels(view) == before


def test_sorting_by_name_and_one_column_at_a_time(open_page):
    view = open_page()
    _, effect = button(view, "Effect")
    _, name = button(view, "Class")
    effect.click()
    name.click()
    assert (direction(effect), direction(name)) == ("none", "ascending")
    assert labels(view)[:3] == ["axolotl", "brambling", "class 0012"]


def test_filtering_by_name_and_verdict(open_page):
    view = open_page()
    data = view.js("$$(a[0])[0].closest('.data')", TABLE)
    data.find_element(By.CSS_SELECTOR, "input").send_keys("SHARK")
    assert labels(view) == ["great white shark"]
    assert data.find_element(By.CSS_SELECTOR, "output").text == "1 of 40 classes"
    data.find_element(By.CSS_SELECTOR, "input").send_keys(Keys.BACKSPACE * 5)
    select = data.find_element(By.CSS_SELECTOR, "select")
    select.find_element(By.XPATH, "option[.='not rejected']").click()
    kept = labels(view)
    verdicts = view.js("$$('tbody tr:not([hidden])', a[0]).map(row => row.querySelector('.verdict').textContent)", data)
    assert 0 < len(kept) < 40
    assert set(verdicts) == {"not rejected"}


def test_keyboard_reaches_everything(open_page):
    view = open_page()
    active = view.browser.switch_to.active_element
    active.send_keys(Keys.TAB)
    skip = view.browser.switch_to.active_element
    assert skip.text == "Skip to the report"
    assert skip.location["x"] >= 0  # shown while it has the focus
    skip.send_keys(Keys.ENTER)
    assert view.js("document.activeElement.id") == "main"
    _, effect = button(view, "Effect")
    view.js("a[0].focus()", effect)
    effect.send_keys(Keys.ENTER)
    assert direction(effect) == "descending"
    effect.send_keys(Keys.SPACE)
    assert direction(effect) == "ascending"
    region = view.js("$$(a[0])[0].closest('.scroll')", TABLE)
    view.js("a[0].focus()", region)
    region.send_keys(Keys.END)
    assert view.until("a[0].scrollTop > 0", region)


def test_theme_follows_the_system_and_the_choice_is_kept(open_page):
    view = open_page(scheme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    ink = "getComputedStyle($$('figure svg text')[0]).fill"
    dark = view.js(paper), view.js(ink)
    view.media(scheme="light")
    light = view.js(paper), view.js(ink)
    assert dark[0] != light[0]
    assert dark[1] != light[1]
    choice = view.browser.find_element(By.ID, "theme")
    assert choice.get_attribute("aria-label") == "Use the dark theme"
    choice.click()
    assert (view.js(paper), view.js(ink)) == dark
    view.browser.refresh()
    assert (view.js(paper), view.js(ink)) == dark
    view.browser.find_element(By.ID, "theme").click()
    assert (view.js(paper), view.js(ink)) == light
    view.js("localStorage.clear()")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "selector", ["body", ".question", ".kind", ".cards .name", ".cards .note", "figcaption", "td small", ".bar a"]
)
def test_text_has_contrast(open_page, scheme, selector):
    view = open_page(scheme=scheme)
    code = """(() => { const e = $$(a[0])[0]; let b = e;
        while (b && /rgba\\(0, 0, 0, 0\\)/.test(getComputedStyle(b).backgroundColor)) b = b.parentElement;
        const light = c => {
        const [r, g, u] = c.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255)
            .map(x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
            return .2126*r + .7152*g + .0722*u + .05; };
        const [x, y] = [light(getComputedStyle(e).color), light(getComputedStyle(b || document.body).backgroundColor)];
        return Math.max(x, y) / Math.min(x, y); })()"""
    assert view.js(code, selector) >= 4.5


def test_complete_without_scripts(open_page):
    view = open_page(scripts=False)
    shown = [cell.text for cell in view.browser.find_elements(By.CSS_SELECTOR, "#position table tbody th bdi")]
    assert len(shown) == 40
    assert view.browser.find_elements(By.CSS_SELECTOR, "thead button, .tools") == []
    assert not view.browser.find_element(By.ID, "theme").is_displayed()
    assert view.browser.find_element(By.CSS_SELECTOR, "#position figure svg").size["height"] > 100
    assert "721" in view.browser.find_element(By.CSS_SELECTOR, ".cards").text


def test_policy_stops_what_is_put_in(open_page):
    view = open_page()
    view.js("""(() => { window.refused = [];
        document.addEventListener('securitypolicyviolation', e => refused.push(e.effectiveDirective));
        const s = document.createElement('script'); s.textContent = 'window.taken = 1'; document.body.append(s);
        const d = document.createElement('div'); d.innerHTML = '<b onclick="window.taken = 2" style="color:red">x</b>';
        document.body.append(d); d.firstChild.click();
        new Image().src = 'https://example.invalid/x.png';
        const c = document.createElement('style'); c.textContent = 'body { display: none }'; document.head.append(c);
    })()""")
    wanted = ["script-src-elem", "script-src-attr", "style-src-elem", "style-src-attr", "img-src"]
    assert view.until("a[0].every(directive => refused.includes(directive))", wanted)
    assert view.js("window.taken === undefined")
    assert view.js("getComputedStyle(document.body).display") == "block"
    view.problems()


def test_hostile_names_are_words_on_the_page(open_page):
    view = open_page("hostile")
    shown = view.js("$$('#position tbody th bdi').map(e => e.textContent)")
    assert "<script>alert(1)</script>" in shown
    assert view.js("$$('script').length") == 1
    assert view.js("$$('figure svg text').some(e => e.textContent === a[0])", "<script>alert(1)</script>")


def test_pictures_are_drawn(open_page):
    view = open_page()
    assert view.js("$$('td img').every(e => e.complete && e.naturalWidth === 8)")
    assert view.js("$$('figure svg').every(e => e.getBoundingClientRect().height > 80)")
    assert view.js("new Set($$('figure svg text').map(e => getComputedStyle(e).fill)).size") <= 3


def test_print_shows_all_rows_in_light(open_page):
    view = open_page(scheme="dark")
    view.media(media="print", scheme="dark")
    assert view.js("getComputedStyle($$('.bar')[0]).display") == "none"
    assert view.js("$$('.scroll').every(e => e.scrollHeight <= e.clientHeight + 1)")
    assert view.js("getComputedStyle(document.body).color") == "rgb(27, 29, 33)"
    boxes = "new Set($$('thead button').map(e => getComputedStyle(e).display))"
    assert view.js(f"[...{boxes}]") == ["contents"], "Chromium prints no button in heads repeated on further sheets"
    assert len(view.devtools("Page.printToPDF")["data"]) > 50_000
    view.size(718)  # A4 between its margins
    narrowest = "Math.min(...$$('tbody th').map(e => e.getBoundingClientRect().width))"
    assert view.js(narrowest) > 50, "names of classes are broken behind every third letter"
    wide = view.js("document.documentElement.scrollWidth")
    assert wide < 1.04 * 718, "Chromium prints all of the page smaller where a part of it is wider than the sheet"
    filled = "$$('.verdict.yes').map(e => getComputedStyle(e, '::before').printColorAdjust)"
    assert set(view.js(filled)) == {"exact"}, "a filled mark that is printed hollow is another verdict"
