"""Headless browsers with an opened viewer, for tests."""

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from firefox_for_tests import FIREFOX, Firefox
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
CHROMEDRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
)


class Chromium(webdriver.Chrome):
    """A browser with an empty profile, which logs what pages say and request."""

    def __init__(self, profile: Path):
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for flag in FLAGS.split():
            options.add_argument(flag)
        options.add_argument(f"--user-data-dir={profile}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        super().__init__(options=options, service=webdriver.ChromeService(CHROMEDRIVER))

    def resize(self, width: int, height: int, mobile: bool = False) -> None:
        """Sets the size of the page, in pixels."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        self.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def download_to(self, folder: Path) -> None:
        self.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)})

    def errors(self) -> list[dict]:
        """What went wrong in pages since it was last asked."""
        return [entry for entry in self.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


def start(name: str, profile: Path) -> Chromium | Firefox:
    """The browser of that name, or a skipped test."""
    if name == "chromium":
        if not (CHROMIUM and CHROMEDRIVER):
            pytest.skip("needs Chromium: apt-get install chromium chromium-driver")
        return Chromium(profile)
    if not FIREFOX:
        pytest.skip("needs Firefox: apt-get install firefox-esr")
    return Firefox(profile)


# For tests of what must not differ: the test runs in each of these.
IN_EVERY_BROWSER = pytest.mark.parametrize("driver", ["chromium", "firefox"], indirect=True)


# Puts a font whose characters are longer than any others in place of the computer's, behind the page's own.
LENGTHS = """
    const [selector, bytes, done] = arguments;
    const unquoted = (family) => family.replaceAll('"', "");
    const own = new Set([...document.fonts].map((font) => unquoted(font.family)));
    const marker = new FontFace("marker", new Uint8Array(bytes));
    document.fonts.add(marker);
    const elements = [...document.querySelectorAll(selector)];
    for (const element of elements) {
        const families = [...getComputedStyle(element).fontFamily.split(", ").map(unquoted), "marker"];
        const leading = families.slice(0, families.findIndex((family) => !own.has(family)));
        element.style.fontFamily = [...leading, "marker"].map((family) => `"${family}"`).join(", ");
    }
    marker.load().then(() => {
        document.body.getBoundingClientRect(); // a layout asks for the fonts that it needs
        return document.fonts.ready;
    }).then(() => {
        const lengths = elements.map((element) => {
            const {width, height} = element.getBoundingClientRect();
            return Math.max(width, height) / parseFloat(getComputedStyle(element).fontSize);
        });
        document.fonts.delete(marker);
        done(lengths);
    });
"""
MARKER_LENGTH = 20  # of a character, in font sizes


def marker_font(characters: str) -> bytes:
    """A TrueType font of these characters, each empty and `MARKER_LENGTH` font sizes long in either direction."""
    length = 100 * MARKER_LENGTH
    font = FontBuilder(100)
    font.setupGlyphOrder([".notdef", "long"])
    font.setupCharacterMap({ord(character): "long" for character in characters})
    font.setupGlyf(dict.fromkeys([".notdef", "long"], TTGlyphPen(None).glyph()))
    font.setupHorizontalMetrics(dict.fromkeys([".notdef", "long"], (length, 0)))
    font.setupHorizontalHeader(ascent=length)
    font.setupVerticalMetrics(dict.fromkeys([".notdef", "long"], (length, 0)))
    font.setupVerticalHeader()
    font.setupNameTable({"familyName": "marker", "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    file = io.BytesIO()
    font.save(file)
    return file.getvalue()


class Viewer:
    """An opened viewer, and what a person does with it."""

    def __init__(self, driver, page, downloads):
        self.driver, self.page, self.downloads = driver, page, downloads
        driver.download_to(downloads)
        driver.resize(1440, 900)
        self.open()

    def open(self):
        self.driver.get("about:blank")
        self.driver.get(self.page.as_uri())

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.find(selector).get_attribute("textContent").strip()

    def texts(self, selector):
        """The text of every such element at one time: what is found one by one may be drawn anew meanwhile."""
        script = "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent)"
        return self.driver.execute_script(script, selector)

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def hover(self, selector):
        ActionChains(self.driver).move_to_element(self.find(selector)).perform()

    def columns(self):
        return self.texts("#columns p")

    def embedded(self, selector):
        """Whether each element, of one character, is drawn in a font that the page brings along."""
        characters = "".join(element.get_attribute("textContent") for element in self.all(selector))
        lengths = self.driver.execute_async_script(LENGTHS, selector, list(marker_font(characters)))
        return [length < MARKER_LENGTH / 2 for length in lengths]

    def wait(self, condition):
        WebDriverWait(self.driver, 30, poll_frequency=0.05).until(lambda _: condition())

    def search(self, query):
        """What the page says of the hits, and their text."""
        found, field = self.find("#hit-count"), self.find("#query")
        enter = """const [found, field, query] = arguments;
            found.textContent = ""; field.value = query; field.dispatchEvent(new Event("input"));"""
        self.driver.execute_script(enter, found, field, query)
        self.wait(lambda: found.text)
        return found.text, self.texts("#hits button > span")

    def export(self, button="#export", name="mine.csv"):
        """The file that a press of the button downloads."""
        file = self.downloads / name
        file.unlink(missing_ok=True)
        self.find(button).click()
        self.wait(lambda: _is_whole(file))
        return file

    def errors(self):
        return self.driver.errors()


def _is_whole(file: Path) -> bool:
    """Firefox writes beside an empty file of the name, and puts the whole one in its place."""
    try:
        return file.stat().st_size > 0 and not file.with_name(f"{file.name}.part").exists()
    except FileNotFoundError:
        return False


@contextmanager
def opened(driver, page: Path, downloads: Path) -> Iterator[Viewer]:
    """The viewer in a browser that knows nothing of it; that nothing went wrong in it is checked at the end."""
    viewer = Viewer(driver, page, downloads)
    driver.execute_script("localStorage.clear()")
    viewer.open()
    driver.errors()
    yield viewer
    assert viewer.errors() == []
