"""The page of question 2 in a browser: pictures, small multiples, both themes, wide and narrow, print."""

import pytest


@pytest.mark.parametrize("name", ["invariance", "invariance-hostile"])
@pytest.mark.parametrize("width", [400, 1280])
def test_loads_without_complaint_and_never_scrolls_sideways(open_page, name, width):
    view = open_page(name, width=width).settled()
    assert view.problems() == []
    assert view.too_wide(width) == []


def test_every_picture_is_decoded(open_page):
    view = open_page("invariance")
    assert view.js("$$('img').length") > 20
    view.browser.execute_async_script(
        "const done = arguments[0]; Promise.all([...document.images].map(i => i.decode())).then(done, done)"
    )
    assert view.js("$$('img').every(e => e.complete && e.naturalWidth === 64)")
    assert view.js("$$('img').every(e => e.alt.length > 8)")


@pytest.mark.parametrize("width", [400, 1280])
def test_words_in_figures_stay_legible(open_page, width):
    view = open_page("invariance", width=width)
    sizes = view.js(
        "$$('figure svg').flatMap(e => $$('text', e).map(t => parseFloat(getComputedStyle(t).fontSize)"
        " * e.getBoundingClientRect().width / e.viewBox.baseVal.width))"
    )
    assert len(sizes) > 300
    assert min(sizes) > 7


def test_small_multiples_stand_side_by_side_where_there_is_room(open_page):
    code = "new Set($$('#shifts .many:first-of-type > *').map(e => e.offsetLeft)).size"
    assert open_page("invariance", width=1280).js(code) == 2
    assert open_page("invariance", width=400).js(code) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_and_words_have_contrast(open_page, scheme):
    view = open_page("invariance", scheme=scheme)
    code = """(() => { const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255)
            .map(x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
            return .2126*r + .7152*g + .0722*b + .05; };
        const paper = light(getComputedStyle(document.body).backgroundColor);
        const ratio = c => { const x = light(c); return Math.max(x, paper) / Math.min(x, paper); };
        if (a[0]) return [ratio(getComputedStyle($$(a[0])[0]).color)];
        return ['main', 'other', 'third', 'fourth', 'fifth', 'sixth'].map(n => {
            const dot = document.createElementNS('http://www.w3.org/2000/svg', 'circle');
            dot.setAttribute('fill', `var(--${n})`);
            document.body.append(dot);
            return ratio(getComputedStyle(dot).fill); }); })()"""
    assert min(view.js(code, "")) >= 3
    for selector in (".told", ".named", ".traces .unit", "td small", "th small", ".leads", ".verdict"):
        assert min(view.js(code, selector)) >= 4.5


def test_rasters_are_light_for_right_in_both_themes(open_page):
    shades = []
    for scheme in ("light", "dark"):
        view = open_page("invariance", scheme=scheme)
        view.js("$$('#shifts figure image').length")
        shades.append(
            view.browser.execute_async_script("""const done = arguments[0];
            const all = [...document.querySelectorAll('#shifts figure')].find(f => /Every picture/.test(f.textContent));
            const image = new Image(); image.onload = () => { const c = document.createElement('canvas');
            c.width = image.width; c.height = image.height; const x = c.getContext('2d'); x.drawImage(image, 0, 0);
            const top = [...x.getImageData(0, 0, 1, 1).data];
            const bottom = [...x.getImageData(0, image.height - 1, image.width, 1).data];
            done([top, Math.min(...bottom.filter((_, i) => i % 4 === 0))]); };
            image.src = all.querySelector('image').href.baseVal;""")
        )
    (light, darkest), again = shades
    assert [light, darkest] == again
    assert light[:3] == pytest.approx([242, 237, 227], abs=2)
    assert light[3] == 255
    assert darkest < 60


def test_complete_without_scripts(open_page):
    view = open_page("invariance", scripts=False)
    assert len(view.browser.find_elements("css selector", "#shifts figure svg")) >= 5
    words = view.browser.find_element("css selector", "#shifts").text
    for shown in ("Consistency", "intervals apart", "Keep one answer", "scene 000", "Floors"):
        assert shown in words


def test_hostile_names_are_words(open_page):
    view = open_page("invariance-hostile")
    assert view.js("$$('script').length") == 1
    assert view.js("$$('figure svg text').some(e => e.textContent.includes('<script>'))")
    assert view.js("$$('#models tbody th bdi').map(e => e.textContent)")[0] == "<script>alert(1)</script>"


def test_print_shows_all_of_it_in_light(open_page):
    view = open_page("invariance", scheme="dark")
    view.media(media="print", scheme="dark")
    assert view.js("getComputedStyle(document.body).color") == "rgb(27, 29, 33)"
    assert view.js("$$('.scroll').every(e => e.scrollHeight <= e.clientHeight + 1)")
    assert len(view.devtools("Page.printToPDF")["data"]) > 100_000


@pytest.mark.parametrize("width", [400, 800, 1280])
def test_head_numbers_stand_in_full_rows_and_their_scales_apart(open_page, width):
    view = open_page("invariance", width=width)
    rights = view.js("$$('.cards li').map(e => [e.offsetTop, Math.round(e.getBoundingClientRect().right)])")
    last_of_row = dict(rights)
    assert len(set(last_of_row.values())) == 1
    apart = view.js(
        "$$('.ends').map(e => [...e.children].map(c => c.getBoundingClientRect())).map(([a, b]) => b.left - a.right)"
    )
    assert min(apart) >= 8
    gaps = view.js(
        "$$('.cards li').map(e => ['.name', '.value'].map(s => $$(s, e)[0].getBoundingClientRect()))"
        ".map(([name, value]) => value.top - name.bottom)"
    )
    assert min(gaps) >= 0
    tops = view.js("$$('.cards li').map(e => [e.offsetTop, $$('.value', e)[0].offsetTop])")
    assert len(dict(tops)) == len({tuple(pair) for pair in tops})
    assert view.js("$$('.cards .name').every(e => e.scrollWidth <= e.clientWidth)")


def test_differences_and_navigation_have_room(open_page):
    view = open_page("invariance", width=1280)
    assert view.js("$$('#shifts-differences-caption').length") == 1
    assert view.js("(e => e.scrollWidth <= e.clientWidth)($$('#shifts-differences-caption')[0].closest('.scroll'))")
    view.js("$$('.bar nav')[0].append(...Array.from({length: 12}, () => $$('.bar nav a')[1].cloneNode(true)))")
    assert view.js("(e => e.scrollWidth <= e.clientWidth)($$('.bar nav')[0])")
    assert view.js("$$('.bar nav a').every(e => e.getBoundingClientRect().right <= 1280)")


def test_four_small_multiples_stand_two_by_two(open_page):
    view = open_page("invariance", width=1280)
    view.js("(e => { while (e.children.length < 4) e.append(e.children[0].cloneNode(true)); })($$('#shifts .many')[0])")
    assert view.js("new Set($$('#shifts .many')[0].querySelectorAll(':scope > *')).size") == 4
    assert view.js("new Set([...$$('#shifts .many')[0].children].map(e => e.offsetLeft)).size") == 2


def test_what_surgery_did_is_there_folded(open_page):
    view = open_page("invariance")
    assert view.js("$$('#models details.listed').map(e => e.open)") == [False, False]
    assert view.js("$$('#models details.listed summary').map(e => e.textContent)") == [
        "Every layer that surgery replaced",
        "Every layer that still subsamples as before",
    ]


def test_one_model_leaves_no_half_of_the_page_blank(open_page):
    view = open_page("invariance-alone", width=1280).settled()
    assert view.problems() == []
    beside = "((a, b) => b.left > a.right && Math.abs(a.top - b.top) < 40)"
    boxes = "$$('#shifts .pair').map(e => [...e.children].slice(0, 2).map(c => c.getBoundingClientRect()))"
    assert view.js(f"{boxes}.map(([a, b]) => {beside}(a, b))") == [True, True]
    words = view.js("$$('#shifts .pair').map(e => e.textContent)")
    assert "Agreement with the reference" in words[0]
    assert "Every picture at every shift" in words[0]
    assert "Measures, with" in words[1]
    assert "Floors" in words[1]
    assert view.js("document.documentElement.scrollWidth") <= 1280
    assert open_page("invariance-alone", width=400).js("document.documentElement.scrollWidth") <= 400
