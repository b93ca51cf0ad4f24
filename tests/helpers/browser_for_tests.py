"""Headless Chromium with an opened viewer, for tests."""

import io
import shutil
from pathlib import Path

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


def start_chromium(profile: Path) -> webdriver.Chrome:
    """A browser with an empty profile, which logs what pages say and request."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in FLAGS.split():
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={profile}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(CHROMEDRIVER))


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
        driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)})
        self.resize(1440, 900)
        self.open()

    def open(self):
        self.driver.get("about:blank")
        self.driver.get(self.page.as_uri())

    def resize(self, width, height, mobile=False):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.find(selector).get_attribute("textContent").strip()

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def hover(self, selector):
        ActionChains(self.driver).move_to_element(self.find(selector)).perform()

    def columns(self):
        return [column.get_attribute("textContent") for column in self.all("#columns p")]

    def embedded(self, selector):
        """Whether each element, of one character, is drawn in a font that the page brings along."""
        characters = "".join(element.get_attribute("textContent") for element in self.all(selector))
        lengths = self.driver.execute_async_script(LENGTHS, selector, list(marker_font(characters)))
        return [length < MARKER_LENGTH / 2 for length in lengths]

    def wait(self, condition):
        WebDriverWait(self.driver, 10, poll_frequency=0.05).until(lambda _: condition())

    def search(self, query):
        """What the page says of the hits, and their text."""
        found, field = self.find("#hit-count"), self.find("#query")
        enter = """const [found, field, query] = arguments;
            found.textContent = ""; field.value = query; field.dispatchEvent(new Event("input"));"""
        self.driver.execute_script(enter, found, field, query)
        self.wait(lambda: found.text)
        return found.text, [hit.get_attribute("textContent") for hit in self.all("#hits button > span")]

    def export(self, button="#export", name="mine.csv"):
        """The file that a press of the button downloads."""
        file = self.downloads / name
        file.unlink(missing_ok=True)
        self.find(button).click()
        self.wait(file.exists)
        return file

    def errors(self):
        return [entry for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
