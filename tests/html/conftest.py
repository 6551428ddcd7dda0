"""A headless Chromium for the pages; without one these tests skip."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from biasscope.report.render import render
from tests.unit.report import sample_invariance, sample_layers
from tests.unit.report import sample_reports as sample

webdriver = pytest.importorskip("selenium.webdriver")

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
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield chrome
    chrome.quit()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the pages that the tests open."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "full.html").write_bytes(render(sample.full(40)))
    (folder / "hostile.html").write_bytes(render(sample.full(labels=sample.HOSTILE)))
    (folder / "invariance.html").write_bytes(render(sample_invariance.full(sample_invariance.MODELS[:2])))
    (folder / "invariance-hostile.html").write_bytes(render(sample_invariance.full(sample.HOSTILE)))
    (folder / "layers.html").write_bytes(render(sample_layers.full()))
    (folder / "layers-hostile.html").write_bytes(render(sample_layers.full(sample.HOSTILE[:8])))
    return folder


class View:
    """A page in the browser."""

    def __init__(self, browser: "webdriver.Chrome") -> None:
        self.browser = browser

    def js(self, code: str, *arguments: object) -> object:
        """Value of an expression, with ``a`` for the arguments and ``$$`` to select."""
        start = "const a = arguments, $$ = (s, e = document) => [...e.querySelectorAll(s)];"
        return self.browser.execute_script(f"{start} return {code}", *arguments)

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

    def problems(self) -> list[str]:
        """What the console said since the last look."""
        return [entry["message"] for entry in self.browser.get_log("browser")]


@pytest.fixture
def open_page(browser: "webdriver.Chrome", pages: Path) -> Iterator[Callable[..., View]]:
    """Open a page: ``open_page(name, width=..., scheme=..., scripts=...)``."""
    view = View(browser)

    def open_it(name: str = "full", *, width: int = 1200, scheme: str = "light", scripts: bool = True) -> View:
        view.devtools("Emulation.setScriptExecutionDisabled", value=not scripts)
        view.size(width)
        view.media(scheme=scheme)
        view.problems()
        browser.get_log("performance")
        browser.get((pages / f"{name}.html").as_uri())
        return view

    yield open_it
    view.devtools("Emulation.setScriptExecutionDisabled", value=False)
    browser.get("about:blank")
