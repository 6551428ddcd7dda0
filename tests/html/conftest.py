"""A headless Chromium for the pages; without one these tests skip."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

import pytest

from biasscope.report.comparison.page import render_comparison
from biasscope.report.render import render
from biasscope.schedule import history
from tests.unit.report import (
    sample_augmentation,
    sample_comparison,
    sample_expected,
    sample_invariance,
    sample_layers,
    sample_upsampling,
)
from tests.unit.report import sample_reports as sample
from tests.unit.schedule import sample_runs

webdriver = pytest.importorskip("selenium.webdriver")
exceptions = pytest.importorskip("selenium.common.exceptions")

PATIENCE = 120
"""Seconds after which a page or a script in it is given up, as its driver is."""
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--force-device-scale-factor=1",
)


def found(*names: str) -> str | None:
    """Path of the first of these programs that is installed."""
    return next((path for path in map(shutil.which, names) if path), None)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator["webdriver.Chrome"]:
    program, driver = found("chromium", "chromium-browser", "google-chrome"), found("chromedriver")
    if not program or not driver:
        pytest.skip("no Chromium with its driver is installed")
    chrome = started(program, driver, tmp_path_factory)
    chrome.set_script_timeout(PATIENCE)
    chrome.set_page_load_timeout(PATIENCE)
    yield chrome
    chrome.quit()


def started(program: str, driver: str, folders: pytest.TempPathFactory, attempts: int = 3) -> "webdriver.Chrome":
    """Browser that answers; another attempt where a busy machine was too slow for its driver, or took the port."""
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={folders.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    try:
        return webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    except exceptions.WebDriverException:
        if attempts == 1:
            raise
    return started(program, driver, folders, attempts - 1)


def report_pages() -> dict[str, Callable[[], bytes]]:
    """Pages that are one file, by name."""
    augmentation = [sample_augmentation.study(model=name, alone=False) for name in ("small:4", "small:8")]
    return {
        "full": lambda: render(sample.full(40)),
        "hostile": lambda: render(sample.full(labels=sample.HOSTILE)),
        "invariance": lambda: render(sample_invariance.full(sample_invariance.MODELS[:2])),
        "invariance-hostile": lambda: render(sample_invariance.full(sample.HOSTILE)),
        "invariance-alone": lambda: render(sample_invariance.full(sample_invariance.MODELS[:1])),
        "layers": lambda: render(sample_layers.full()),
        "layers-hostile": lambda: render(sample_layers.full(sample.HOSTILE[:8])),
        "augmentation": lambda: render(sample.report([sample_augmentation.copies(*augmentation)], kind="augmentation")),
        "upsampling": lambda: render(sample.report(list(sample_upsampling.results()), kind="upsampling")),
        "expected": lambda: render(sample.report(sample_expected.results(), kind="invariance")),
        "comparison": lambda: render_comparison(sample_comparison.full()),
        "comparison-hostile": lambda: render_comparison(sample_comparison.full(labels=sample.HOSTILE)),
    }


def histories() -> dict[str, Callable[[Path], Path]]:
    """Pages of histories, which lie beside the runs that they are about, by name."""
    return {
        "history-none": lambda folder: folder,
        "history-one": lambda folder: sample_runs.history(folder, 1),
        "history": lambda folder: sample_runs.mishaps(sample_runs.history(folder, 40)),
        "history-many": lambda folder: sample_runs.history(folder, 200),
        "history-hostile": sample_runs.hostile,
    }


class Pages:
    """Pages that the tests open, made when they are first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """Path of the page called so."""
        if name in histories():
            return self._history(name, self.folder / name)
        path = self.folder / f"{name}.html"
        if not path.exists():
            path.write_bytes(report_pages()[name]())
        return path

    def _history(self, name: str, folder: Path) -> Path:
        if not folder.exists():
            folder.mkdir()
            history.update(histories()[name](folder))
        return folder / "index.html"


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """Pages that the tests open."""
    return Pages(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="session")
def axe() -> str:
    """Source of axe-core, the rules of accessibility."""
    return resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


class View:
    """A page in the browser."""

    def __init__(self, browser: "webdriver.Chrome") -> None:
        self.browser = browser

    def js(self, code: str, *arguments: object) -> object:
        """Value of an expression, with ``a`` for the arguments and ``$$`` to select."""
        start = "const a = arguments, $$ = (s, e = document) => [...e.querySelectorAll(s)];"
        return self.browser.execute_script(f"{start} return {code}", *arguments)

    def until(self, code: str, *arguments: object) -> bool:
        """Wait until an expression holds, for a minute at least; whether it came to that."""
        for _ in range(1200):
            if self.js(code, *arguments):
                return True
            time.sleep(0.05)
        return False

    def settled(self) -> "View":
        """The page after everything in it was loaded and drawn twice, so that its complaints have come."""
        self.browser.execute_async_script(
            "const done = arguments[0], drawn = () => requestAnimationFrame(() => requestAnimationFrame(() => done()));"
            "document.readyState === 'complete' ? drawn() : addEventListener('load', drawn)"
        )
        return self

    def devtools(self, method: str, **parameters: object) -> dict:
        return self.browser.execute_cdp_cmd(method, parameters)

    def size(self, width: int, height: int = 900) -> None:
        self.devtools(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def media(self, media: str = "", scheme: str = "light") -> None:
        wanted = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in wanted.items()]
        self.devtools("Emulation.setEmulatedMedia", media=media, features=features)

    def violations(self, axe: str) -> list[tuple[str, str, list[str]]]:
        """What axe-core finds wrong: impact, rule, and the elements."""
        self.browser.execute_script(axe)
        found = self.browser.execute_async_script(
            "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then(done, e => done(`${e}`))"
        )
        assert isinstance(found, dict), found
        assert len(found["passes"]) > 10
        return [
            (one["impact"], one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found["violations"]
        ]

    def asked(self) -> list[str]:
        """Addresses that the page asked for since it was opened."""
        events = [json.loads(entry["message"])["message"] for entry in self.browser.get_log("performance")]
        return [item["params"]["request"]["url"] for item in events if item["method"] == "Network.requestWillBeSent"]

    def outside(self) -> list[str]:
        """Addresses among them that are no part of the page."""
        asked = self.asked()
        assert asked
        return [url for url in asked if not url.startswith(("file:", "data:"))]

    def too_wide(self, width: int, *own: str) -> list[str]:
        """Elements beyond the right edge, and the page if it scrolls sideways.

        What scrolls by itself may be wider (``own`` names more of that), and so may what lies in a drawing.
        """
        inside = ", ".join((".scroll", *own, "nav", "svg", ".skip"))
        found = self.js(
            "$$('body *').filter(e => e.closest(a[1]) === null && e.getBoundingClientRect().right > a[0] + 1)"
            ".map(e => e.outerHTML.slice(0, 80))",
            width,
            inside,
        )
        assert isinstance(found, list)
        return found + (["page"] if self.js("document.documentElement.scrollWidth") > width else [])

    def problems(self) -> list[str]:
        """What the console said since the last look."""
        return [entry["message"] for entry in self.browser.get_log("browser")]


@pytest.fixture
def open_page(browser: "webdriver.Chrome", pages: Pages) -> Iterator[Callable[..., View]]:
    """Open a page: ``open_page(name, width=..., scheme=..., scripts=...)``."""
    view = View(browser)

    def open_it(name: str = "full", *, width: int = 1200, scheme: str = "light", scripts: bool = True) -> View:
        path = pages.path(name)
        view.devtools("Emulation.setScriptExecutionDisabled", value=not scripts)
        view.size(width)
        view.media(scheme=scheme)
        view.problems()
        browser.get_log("performance")
        browser.get(path.as_uri())
        return view

    yield open_it
    view.devtools("Emulation.setScriptExecutionDisabled", value=False)
    browser.get("about:blank")
