"""The viewer as people use it, in headless Chromium."""

import json
import shutil
import time

import pandas as pd
import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait
from viewer_for_tests import BOXES, IDS, codepoint, draw_pages, make_viewer, recognized

from kuzushiji.labels import read_labels
from kuzushiji.page_sets import Page
from kuzushiji.pages import check_pages

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
CHROMEDRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and CHROMEDRIVER), reason="needs Chromium: apt-get install chromium chromium-driver"
)
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
)


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chromium")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in FLAGS.split():
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={folder / 'profile'}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(CHROMEDRIVER))
    yield driver
    driver.quit()


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

    def wait(self, condition):
        WebDriverWait(self.driver, 10, poll_frequency=0.05).until(lambda _: condition())

    def search(self, query):
        field = self.find("#query")
        field.clear()
        field.send_keys(query, Keys.SPACE)  # clearing alone tells the page nothing
        found = self.find("#hit-count")
        self.wait(lambda: "hits" in found.text)
        time.sleep(0.3)  # the list follows the typing by 0.15 s
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


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return make_viewer(tmp_path_factory.mktemp("mine"))


@pytest.fixture
def viewer(driver, page, tmp_path):
    """The page set, opened in a browser that knows nothing of it."""
    viewer = Viewer(driver, page, tmp_path)
    driver.execute_script("localStorage.clear()")
    viewer.open()
    driver.get_log("browser"), driver.get_log("performance")
    yield viewer
    assert viewer.errors() == []


def labels(page_boxes):
    """What labels.read_labels gives for boxes of viewer_for_tests with these characters."""
    return [(codepoint(character), box[1], box[2], 40, 50) for box, character in page_boxes]


def test_pages_turn_by_keys_to_the_left_as_in_a_book(viewer):
    assert viewer.columns() == ["いろは", "にほ"]
    viewer.press(Keys.ARROW_LEFT)
    assert viewer.columns() == ["ほへ"]
    assert viewer.find("#image").get_attribute("alt") == f"Page {IDS[1]}"
    viewer.press(Keys.ARROW_LEFT, Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    assert viewer.text("#columns") == "Nothing was read on this page."
    viewer.press(Keys.ARROW_RIGHT)
    assert viewer.columns() == ["ほへ"]
    viewer.press(Keys.HOME)
    assert viewer.columns() == ["いろは", "にほ"]
    viewer.press(Keys.END)
    assert viewer.text("#status") == f"Page 3 of 3, {IDS[2]}"


def test_each_page_shows_its_own_image_and_decodes_no_more_than_its_neighbours(viewer):
    sources = []
    for _ in IDS:
        image = viewer.find("#image")
        viewer.wait(lambda image=image: image.get_property("complete") and image.get_property("naturalWidth") == 400)
        sources.append(image.get_property("src"))
        viewer.press(Keys.ARROW_LEFT)
    assert len(set(sources)) == 3
    assert viewer.driver.execute_script("return [...loaded.keys()].sort()") == [1, 2]


def test_a_page_can_be_linked_to(viewer):
    viewer.press(Keys.ARROW_LEFT)
    address = viewer.driver.current_url
    viewer.driver.get("about:blank")
    viewer.driver.get(address)
    assert viewer.columns() == ["ほへ"]


def test_a_box_and_its_character_point_to_each_other_and_say_what_is_known(viewer):
    viewer.hover('#boxes .box[data-box="1"]')
    assert viewer.text("#columns .pointed") == "ろ"
    tooltip = viewer.find("#tooltip").text
    assert "ろ" in tooltip and "U+308D" in tooltip and "55% sure" in tooltip
    assert "る 23%" in tooltip and "3 11%" in tooltip
    viewer.hover("#columns p:nth-child(2) .character:last-child")
    assert viewer.find("#boxes .pointed").get_attribute("data-box") == "4"
    assert "ほ" in viewer.find("#tooltip").text
    viewer.hover('#boxes .box[data-box="5"]')
    assert "90% sure, rejected" in viewer.find("#tooltip").text
    assert not viewer.all("#columns .pointed")
    viewer.hover("h1")
    assert not viewer.find("#tooltip").is_displayed()


def test_boxes_lie_where_they_were_read(viewer):
    image, box = viewer.find("#image").rect, viewer.find('#boxes .box[data-box="4"]').rect
    scale = image["width"] / 400
    assert (box["x"] - image["x"]) / scale == pytest.approx(200, abs=3)
    assert (box["y"] - image["y"]) / scale == pytest.approx(160, abs=3)
    viewer.press("++")
    larger, box = viewer.find("#image").rect, viewer.find('#boxes .box[data-box="4"]').rect
    assert larger["width"] == pytest.approx(1.96 * image["width"], rel=0.01)
    assert (box["x"] - larger["x"]) / scale / 1.96 == pytest.approx(200, abs=3)
    viewer.press("0")
    assert viewer.find("#image").rect["width"] == pytest.approx(image["width"], abs=1)


def test_text_is_vertical_and_arrows_follow_it(viewer):
    first, second = (column.rect for column in viewer.all("#columns p"))
    assert first["x"] > second["x"]
    assert first["height"] > first["width"]
    for character in "いろはにほほ":
        viewer.press(Keys.ARROW_DOWN)
        assert viewer.text("#columns .selected") == viewer.text("#character") == character
    viewer.press(Keys.ARROW_UP)
    assert viewer.text("#character") == "に"
    assert viewer.find("#boxes .selected").get_attribute("data-box") == "3"


def test_every_character_has_the_embedded_font(viewer):
    viewer.driver.execute_cdp_cmd("DOM.enable", {})
    viewer.driver.execute_cdp_cmd("CSS.enable", {})
    root = viewer.driver.execute_cdp_cmd("DOM.getDocument", {})["root"]["nodeId"]
    found = {"nodeId": root, "selector": "#columns .character"}
    characters = viewer.driver.execute_cdp_cmd("DOM.querySelectorAll", found)["nodeIds"]
    viewer.driver.execute_async_script("document.fonts.ready.then(arguments[0])")
    assert len(characters) == 5
    for node in characters:
        fonts = viewer.driver.execute_cdp_cmd("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
        assert [(font["isCustomFont"], font["glyphCount"]) for font in fonts] == [(True, 1)]


def test_search_finds_characters_and_strings_across_columns_and_pages(viewer):
    assert viewer.search("ほ") == ("2 hits on 2 pages", ["いろはにほ", "ほへ"])
    assert viewer.search("はに") == ("1 hits on 1 pages", ["いろはにほ"])
    assert viewer.text("#hits mark") == "はに"
    assert viewer.search("U+307B") == ("2 hits on 2 pages", ["いろはにほ", "ほへ"])
    assert viewer.search("ゐ") == ("0 hits on 0 pages", [])
    viewer.search("ほへ")
    viewer.press(Keys.ENTER)
    assert viewer.columns() == ["ほへ"]
    assert viewer.text("#columns .selected") == "ほ"
    viewer.find("#in-alternatives").click()
    assert viewer.search("いるは") == ("1 hits on 1 pages", ["いろはにほ"])


def test_review_goes_from_one_unsure_box_to_the_next_over_all_pages(viewer):
    assert viewer.text("#review-count") == "4 boxes are unsure"
    seen = []
    for _ in range(5):
        viewer.press("n")
        seen.append(viewer.text("#character"))
    assert seen == ["ろ", "に", "一", "へ", "ろ"]
    viewer.press("p")
    assert viewer.text("#character") == "へ"
    slider = viewer.find("#threshold")
    viewer.driver.execute_script("arguments[0].value = 0.4; arguments[0].dispatchEvent(new Event('input'))", slider)
    assert viewer.text("#review-count") == "1 boxes are unsure"
    assert [element.text for element in viewer.all("#columns .unsure")] == ["へ"]


def correct_everything(viewer):
    """Every kind of correction, on the way through the unsure boxes."""
    viewer.press("n", "2")  # ろ: its second alternative, る
    assert viewer.text("#character") == "に"  # and on to the next
    viewer.press("a")
    assert viewer.text("#character") == "一"
    viewer.press("r")  # rejected: restored
    assert viewer.text("#character") == "へ"
    viewer.press("e", "U+3078", Keys.ENTER)  # typed, though the same
    viewer.press(Keys.ESCAPE, Keys.HOME, Keys.ARROW_DOWN, "x")  # い: rejected
    viewer.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN, "e", "わ", Keys.ENTER)  # は: typed


CORRECTED = {
    IDS[0]: labels(zip([BOXES[n] for n in (1, 2, 3, 4, 5)], "るわにほ一", strict=True)),
    IDS[1]: labels(zip([BOXES[n] for n in (6, 7)], "ほへ", strict=True)),
    IDS[2]: [],
}


def test_corrections_are_exported_as_labels_that_the_workflow_reads(viewer, tmp_path):
    correct_everything(viewer)
    assert viewer.columns() == ["るわ", "にほ", "一"]
    assert viewer.text("#corrections-count") == "6 decisions, 0 of 3 pages checked"
    file = viewer.export()
    assert read_labels(file) == (CORRECTED, [])
    pages = draw_pages(tmp_path)
    pages = [
        Page(image_id, "b", "mine", 0, path) for image_id, path in zip(pages["image_id"], pages["path"], strict=True)
    ]
    _, truth = check_pages(pages, file, max_megapixels=1, processes=1)
    assert len(truth) == 7


def test_corrections_outlive_the_window_and_can_be_taken_back(viewer):
    correct_everything(viewer)
    viewer.open()
    assert viewer.columns() == ["るわ", "にほ", "一"]
    viewer.find('#boxes .box[data-box="0"]').click()
    viewer.press("u")
    assert viewer.columns() == ["ろわ", "にほ", "一"]
    viewer.find("#forget").click()
    viewer.driver.switch_to.alert.accept()
    assert viewer.columns() == ["いろは", "にほ"]
    untouched = recognized()
    untouched = untouched[untouched["kept"]]
    boxes, problems = read_labels(viewer.export())
    assert problems == []
    assert [box[0] for page in IDS for box in boxes[page]] == untouched["codepoint"].tolist()


def test_corrections_outlive_another_run_that_finds_boxes_a_little_elsewhere(viewer, tmp_path):
    correct_everything(viewer)
    moved = recognized()
    moved[["x_min", "x_max"]] += 3
    moved.loc[4, ["x_min", "x_max"]] += 100  # ほ is read elsewhere, undecided
    again = Viewer(viewer.driver, make_viewer(tmp_path, moved), tmp_path)
    assert [sorted(column) for column in again.columns()] == [sorted("るわほ"), ["に"], ["一"]]
    assert again.text("#corrections-count").startswith("6 decisions")
    boxes = read_labels(again.export())[0][IDS[0]]
    assert (codepoint("る"), 303, 160, 40, 50) in boxes


def test_an_exported_file_can_be_imported_elsewhere(viewer):
    correct_everything(viewer)
    file = viewer.export()
    exported = file.read_text()
    viewer.driver.execute_script("localStorage.clear()")
    viewer.open()
    assert viewer.columns() == ["いろは", "にほ"]
    viewer.find("#import").send_keys(str(file))
    viewer.wait(lambda: viewer.columns() == ["るわ", "にほ", "一"])
    assert viewer.export().read_text() == exported


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,labels\n", "row 1: the columns must be"),
        (f"image_id,labels\n{IDS[0]},U+3042 1 2 3\n", "row 2: 4 values are no run"),
        (f"image_id,labels\n{IDS[0]},あ 1 2 3 4\n", "row 2: あ is no codepoint"),
        (f"image_id,labels\n{IDS[0]},U+3042 1 2 3 0\n", "must be whole pixels"),
        ('image_id,labels\n"a"b,\n', "row 2: a quotation mark"),
        ("image_id,labels\nother,\n", "has none of these pages"),
    ],
)
def test_a_file_that_is_no_label_file_changes_nothing_and_says_why(viewer, tmp_path, content, message):
    file = tmp_path / "wrong.csv"
    file.write_text(content)
    viewer.find("#import").send_keys(str(file))
    viewer.wait(lambda: message in viewer.text("#problem"))
    assert "wrong.csv" in viewer.text("#problem")
    assert viewer.text("#corrections-count").startswith("0 decisions")


def test_checked_pages_can_be_exported_alone(viewer):
    assert not viewer.find("#export-checked").is_enabled()
    viewer.press(Keys.ARROW_LEFT, "c")
    assert "✓" in viewer.text("#page-list option:nth-child(2)")
    boxes, problems = read_labels(viewer.export("#export-checked", "mine_checked.csv"))
    assert (list(boxes), problems) == ([IDS[1]], [])


def test_a_missing_box_can_be_drawn(viewer):
    image = viewer.find("#image").rect
    scale = image["width"] / 400
    viewer.press("d")
    drag = ActionChains(viewer.driver).move_to_element_with_offset(
        viewer.find("#boxes"), round((300 - 200) * scale), round((290 - 300) * scale)
    )
    drag.click_and_hold().move_by_offset(round(40 * scale), round(50 * scale)).release().perform()
    viewer.press("ひ", Keys.ENTER)
    assert viewer.columns() == ["いろはひ", "にほ"]
    (drawn,) = [box for box in read_labels(viewer.export())[0][IDS[0]] if box[0] == codepoint("ひ")]
    assert drawn[1:] == pytest.approx((300, 290, 40, 50), abs=2)
    viewer.press(Keys.ESCAPE, "x")  # nothing is selected
    viewer.open()
    assert viewer.columns() == ["いろはひ", "にほ"]
    viewer.press(*[Keys.ARROW_DOWN] * 4, "e", "び", Keys.ENTER)
    assert viewer.columns() == ["いろはび", "にほ"]
    viewer.press("x")
    assert viewer.columns() == ["いろは", "にほ"]
    assert viewer.text("#corrections-count").startswith("0 decisions")


@pytest.mark.parametrize("typed", ["ab", "U+110000", "U+D800"])
def test_only_one_character_can_be_typed(viewer, typed):
    viewer.press(Keys.ARROW_DOWN, "e", typed, Keys.ENTER)
    assert "Type one character" in viewer.text("#problem")
    assert viewer.columns()[0] == "いろは"


def test_a_browser_that_stores_nothing_says_so_and_exports_still(viewer):
    viewer.driver.execute_script("Storage.prototype.setItem = () => { throw new Error('the disk is full') }")
    viewer.press(Keys.ARROW_DOWN, "x")
    assert "export them before you close the page" in viewer.text("#storage-problem")
    assert len(read_labels(viewer.export())[0][IDS[0]]) == 4


def test_nothing_is_fetched_from_the_network(viewer):
    viewer.open()
    correct_everything(viewer)
    viewer.search("ほ")
    viewer.export()
    messages = [json.loads(entry["message"])["message"] for entry in viewer.driver.get_log("performance")]
    requested = [
        message["params"]["request"]["url"] for message in messages if message["method"] == "Network.requestWillBeSent"
    ]
    assert requested
    assert {url.split(":")[0] for url in requested} <= {"file", "data", "blob", "about"}


@pytest.mark.parametrize(("width", "height"), [(360, 740), (390, 844), (768, 1024), (1024, 700), (1440, 900)])
def test_nothing_sticks_out_at_any_width(viewer, width, height):
    viewer.resize(width, height, mobile=width < 500)
    viewer.open()
    viewer.press("n")
    assert viewer.driver.execute_script("return document.documentElement.scrollWidth") <= width
    for button in viewer.all("button, select, input:not(.hidden)"):
        if button.is_displayed():
            assert button.rect["x"] >= 0 and button.rect["x"] + button.rect["width"] <= width, button.get_attribute(
                "id"
            )
    assert viewer.find("#accept").is_displayed()
    assert viewer.find("#image").rect["width"] > min(300, width / 3)


def test_it_is_dark_where_people_want_it_dark(viewer):
    def darkness():
        color = viewer.find("body").value_of_css_property("background-color")
        return sum(map(int, color.removeprefix("rgba(").removeprefix("rgb(").rstrip(")").split(",")[:3]))

    light = darkness()
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    viewer.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    try:
        assert darkness() < 150 < 600 < light
    finally:
        viewer.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_keys_reach_everything_and_every_control_has_a_name(viewer):
    reached = set()
    for _ in range(60):
        viewer.press(Keys.TAB)
        reached.add(viewer.driver.execute_script("return document.activeElement.id || document.activeElement.role"))
    assert {"page-list", "scroll", "option", "threshold", "query", "export", "import"} <= reached
    nodes = viewer.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    controls = [
        node for node in nodes if node.get("role", {}).get("value") in ("button", "option", "slider", "checkbox")
    ]
    assert len(controls) > 15
    nameless = [node for node in controls if not node["ignored"] and not node["name"]["value"].strip()]
    assert nameless == []


def test_a_page_set_without_any_box_opens(driver, tmp_path):
    viewer = Viewer(driver, make_viewer(tmp_path, recognized().iloc[:0], "blank"), tmp_path)
    assert viewer.text("#review-count") == "No box is unsure"
    viewer.press("n", Keys.ARROW_DOWN, "a", "1", "x", "r", "u", "e")
    assert read_labels(viewer.export(name="blank.csv")) == ({image_id: [] for image_id in IDS}, [])
    assert viewer.errors() == []


def test_ruby_stands_beside_its_character_and_a_note_in_two_lines(driver, tmp_path):
    """One column 思今日出, with the ruby おもひ to 思 and the note いろ, はに after 出."""
    column = [(300, 60 + 50 * n, 44, 44, character) for n, character in enumerate("思今日出")]
    ruby = [(346, 62 + 15 * n, 14, 14, character) for n, character in enumerate("おもひ")]
    note = [(x, y, 18, 18, c) for c, x, y in zip("いろはに", (324, 324, 301, 301), (264, 284, 264, 284), strict=True)]
    rest = [(x, 60 + 50 * n, 44, 44, "の") for x in (220, 140) for n in range(8)]
    boxes = recognized([(0, x, y, character, 0.99, 0.99, "") for x, y, *_, character in column + ruby + note + rest])
    sizes = pd.DataFrame([box[2:4] for box in column + ruby + note + rest])
    boxes = boxes.assign(x_max=boxes["x_min"] + sizes[0], y_max=boxes["y_min"] + sizes[1])
    viewer = Viewer(driver, make_viewer(tmp_path, boxes, "ruby"), tmp_path)
    assert viewer.text("ruby .character") == "思"
    assert viewer.text("ruby rt") == "おもひ"
    assert [line.get_attribute("textContent") for line in viewer.all(".note > span")] == ["いろ", "はに"]
    first, second = (line.rect for line in viewer.all(".note > span"))
    assert first["x"] > second["x"]
    assert first["y"] == pytest.approx(second["y"], abs=1)
    assert viewer.search("思今日出い") == ("1 hits on 1 pages", ["思今日出いろはにののの"])
    assert viewer.search("もひ") == ("1 hits on 1 pages", ["おもひ"])
    viewer.hover('#boxes .box[data-box="2"]')
    assert viewer.text("#columns .pointed") == "も"
    assert viewer.errors() == []


def test_hundreds_of_boxes_on_many_pages_are_worked_with(driver, tmp_path):
    """Twenty pages of 300 boxes: every page opens with its text, and search finds all of it."""
    grid = pd.DataFrame(
        {"x_min": [370 - 30 * (n // 25) for n in range(300)], "y_min": [20 + 22 * (n % 25) for n in range(300)]}
    )
    first = recognized().iloc[[0]]
    one = pd.concat([first] * 300, ignore_index=True).assign(**grid)
    one = one.assign(box=range(300), x_max=one["x_min"] + 20, y_max=one["y_min"] + 18)
    viewer = Viewer(
        driver, make_viewer(tmp_path, pd.concat([one.assign(image_id=i) for i in IDS[:2]]), "many"), tmp_path
    )
    assert [len(column) for column in viewer.columns()] == [25] * 12
    viewer.press(Keys.ARROW_LEFT)
    assert sum(map(len, viewer.columns())) == 300
    found, hits = viewer.search("い")
    assert found == "600 hits on 2 pages; the first 300 are listed"
    assert len(hits) == 300
    assert viewer.errors() == []
