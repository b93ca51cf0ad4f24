"""The viewer as people read and search in it, in headless browsers."""

import json

import pandas as pd
import pytest
from browser_for_tests import IN_EVERY_BROWSER, Viewer
from selenium.webdriver.common.keys import Keys
from viewer_for_tests import IDS, make_viewer, recognized

from kuzushiji.pages.labels import read_labels
from kuzushiji.text.confidence import HARDLY_ANY, NO_WRITING

DIM = f"confidence 0.39: {HARDLY_ANY}"  # of two boxes where three are enough: (0.95 * 0.95 + 0.3 * 0.9) / 2 * 2 / 3
BLANK = f"confidence 0.00: {NO_WRITING}"


@IN_EVERY_BROWSER
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


@IN_EVERY_BROWSER
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


@IN_EVERY_BROWSER
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


@IN_EVERY_BROWSER
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


@IN_EVERY_BROWSER
def test_every_character_has_the_embedded_font(viewer):
    assert viewer.embedded("#columns .character") == [True] * 5
    another = "arguments[0].textContent = 'ゐ'"  # which the page does not show, so its fonts lack it
    viewer.driver.execute_script(another, viewer.find("#columns .character"))
    assert viewer.embedded("#columns .character") == [False, *[True] * 4]


@IN_EVERY_BROWSER
def test_search_finds_characters_and_strings_across_columns_and_pages(viewer):
    assert viewer.search("ほ") == ("2 hits on 2 pages", ["いろはにほ", "ほへ"])
    assert viewer.search("はに") == ("1 hit on 1 page", ["いろはにほ"])
    assert viewer.text("#hits mark") == "はに"
    assert viewer.search("U+307B") == ("2 hits on 2 pages", ["いろはにほ", "ほへ"])
    assert viewer.search("ゐ") == ("0 hits on 0 pages", [])
    viewer.press("/")
    viewer.press(*[Keys.BACKSPACE] * 2, "ほへ", Keys.ENTER)
    assert viewer.columns() == ["ほへ"]
    assert viewer.text("#columns .selected") == "ほ"
    viewer.find("#in-alternatives").click()
    assert viewer.search("いるは") == ("1 hit on 1 page", ["いろはにほ"])
    # は is read once; of ほ it is an alternative, of 2 %, which is not found.
    assert viewer.search("は") == ("1 hit on 1 page", ["いろはにほ"])
    # へ is read with 30 %, つ stands behind it with 35 %, and comes after what is read.
    assert viewer.search("つ") == ("1 hit on 1 page", ["ほへ"])
    assert "35%" in viewer.text("#hits small")


@IN_EVERY_BROWSER
def test_search_finds_variants_if_asked(driver, tmp_path):
    read = [("は", 0.99, "ば"), ("穐", 0.9, "亀"), ("𛂞", 0.9, "者"), ("島", 0.6, "ば")]
    boxes = recognized(
        [(0, 300, 60 + 60 * n, shown, share, 0.9, other) for n, (shown, share, other) in enumerate(read)]
    )
    viewer = Viewer(driver, make_viewer(tmp_path, boxes, "variants"), tmp_path)
    assert viewer.search("ば")[0] == viewer.search("秋")[0] == "0 hits on 0 pages"
    viewer.find("#with-variants").click()
    assert viewer.search("ば")[0] == viewer.search("ハ")[0] == viewer.search("𛂞")[0] == "2 hits on 1 page"
    assert viewer.search("秋") == viewer.search("龝") == ("1 hit on 1 page", ["は穐𛂞島"])
    assert viewer.search("ぱ秋は嶋") == ("1 hit on 1 page", ["は穐𛂞島"])
    assert viewer.search("鶴")[0] == "0 hits on 0 pages"
    viewer.find("#in-alternatives").click()  # 島 may be ば, with 20 %
    assert viewer.search("ハ")[0] == "3 hits on 1 page"
    assert "20%" in viewer.find("#hits li:last-child small").text
    assert viewer.errors() == []


def test_the_text_of_a_page_is_copied_with_and_without_ruby(viewer):
    text = "return [pageText(0), pageText(0, false), writeText([1])]"
    assert viewer.driver.execute_script(text) == ["いろは\nにほ\n", "いろは\nにほ\n", f"[{IDS[1]}] ({DIM})\nほへ\n"]
    made = """return (() => { const kept = currentBoxes(0).kept; kept[1].role = "ruby"; kept[4].role = "note";
        return [pageText(0), pageText(0, false)]; })()"""
    assert viewer.driver.execute_script(made) == ["い《ろ》は\nに〈ほ〉\n", "いは\nに〈ほ〉\n"]


def test_the_next_page_to_check_has_the_most_doubtful_characters(viewer):
    viewer.press(Keys.END, "t")
    assert viewer.columns() == ["いろは", "にほ"]  # 0.45 + 0.4 + …, more than page 1
    viewer.press("c", "t")
    assert viewer.columns() == ["ほへ"]
    viewer.press("c", "t", "c", "t")
    assert viewer.text("#status") == "No other page is left to check"


def test_the_pages_to_check_come_one_after_the_other_and_again(viewer):
    seen = []
    for _ in range(6):
        viewer.press("t")
        seen.append(viewer.driver.execute_script("return view.page"))
    assert sorted(seen[:3]) == [0, 1, 2] and seen[3:] == seen[:3]


def test_pages_that_can_hardly_be_believed_are_listed_with_the_reason_until_they_are_checked(viewer):
    def listed():
        return viewer.texts("#doubtful-pages button")

    assert viewer.text("#page-confidence") == "This page: confidence 0.79"  # 0.99 * 0.99 + 0.55 * 0.95 + …, over 5
    assert listed() == [IDS[2] + BLANK, IDS[1] + DIM]
    viewer.find("#doubtful-pages summary").click()
    viewer.all("#doubtful-pages button")[1].click()
    assert viewer.text("#page-confidence") == f"This page: {DIM}"
    viewer.press("c")
    assert listed() == [IDS[2] + BLANK]
    assert viewer.driver.execute_script("return writeText([1, 2])") == (
        f"[{IDS[1]}] (corrected)\nほへ\n\n[{IDS[2]}] ({BLANK})\n"
    )
    viewer.press(Keys.ARROW_LEFT, "c")
    assert not viewer.find("#doubtful-pages").is_displayed()


def test_nothing_is_fetched_from_the_network(viewer):
    viewer.driver.get_log("performance")  # of what came before
    viewer.open()
    viewer.press("n", "2", "x", Keys.ARROW_LEFT, Keys.ARROW_LEFT)
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
    viewer.driver.resize(width, height, mobile=width < 500)
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
    controls = [
        control
        for control in viewer.all("button, input, select, [role], [tabindex]")
        if control.is_displayed() and control.aria_role in ("button", "option", "slider", "checkbox")
    ]
    assert len(controls) > 15
    assert [control.get_attribute("outerHTML") for control in controls if not control.accessible_name.strip()] == []


def test_a_page_set_without_any_box_opens(driver, tmp_path):
    viewer = Viewer(driver, make_viewer(tmp_path, recognized().iloc[:0], "blank"), tmp_path)
    assert viewer.text("#review-count") == "No box is unsure"
    viewer.press("n", Keys.ARROW_DOWN, "a", "1", "x", "r", "u", "e")
    assert read_labels(viewer.export(name="blank.csv")) == ({image_id: [] for image_id in IDS}, [])
    assert viewer.errors() == []


@IN_EVERY_BROWSER
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
    assert viewer.search("思今日出い") == ("1 hit on 1 page", ["思今日出いろはにののの"])
    assert viewer.search("もひ") == ("1 hit on 1 page", ["おもひ"])
    viewer.hover('#boxes .box[data-box="2"]')
    assert viewer.text("#columns .pointed") == "も"
    assert viewer.errors() == []


@IN_EVERY_BROWSER
def test_hundreds_of_boxes_on_many_pages_are_worked_with(driver, tmp_path):
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
