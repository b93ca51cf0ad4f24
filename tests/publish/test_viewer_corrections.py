"""What people decide in the viewer, and the labels that come of it, in headless browsers."""

import pytest
from browser_for_tests import IN_EVERY_BROWSER, Viewer
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from viewer_for_tests import BOXES, IDS, codepoint, draw_pages, make_viewer, recognized

from kuzushiji.pages.labels import read_labels
from kuzushiji.pages.truth import check_labels


def labels(page_boxes):
    """What labels.read_labels gives for boxes of viewer_for_tests with these characters."""
    return [(codepoint(character), box[1], box[2], 40, 50) for box, character in page_boxes]


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
    assert viewer.text("#review-count") == "1 box is unsure"
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


@IN_EVERY_BROWSER
def test_corrections_are_exported_as_labels_that_the_workflow_reads(viewer, tmp_path):
    correct_everything(viewer)
    assert viewer.columns() == ["るわ", "にほ", "一"]
    assert viewer.text("#corrections-count") == "6 decisions, 0 of 3 pages checked"
    file = viewer.export()
    assert read_labels(file) == (CORRECTED, [])
    truth = check_labels(draw_pages(tmp_path), file)
    assert len(truth) == 7


@IN_EVERY_BROWSER
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


@pytest.mark.parametrize("former", [0, 1])
def test_corrections_of_before_are_taken_over_if_they_are_of_these_pages(viewer, former):
    correct_everything(viewer)
    moved = f"localStorage.setItem(pageSet.former_storage[{former}], localStorage.getItem(pageSet.%s)%s)"
    forgotten = "; localStorage.removeItem(pageSet.storage)"
    viewer.driver.execute_script(moved % ("storage", "") + forgotten)
    viewer.open()
    assert viewer.columns() == ["るわ", "にほ", "一"]
    # They are moved: another book that had the same name does not get them too.
    assert viewer.driver.execute_script(f"return localStorage.getItem(pageSet.former_storage[{former}])") is None
    renamed = moved % ("storage", '.replace("a plain one", "another")')
    viewer.driver.execute_script(renamed + forgotten)
    viewer.open()
    assert viewer.columns() == ["いろは", "にほ"]


def test_corrections_stay_when_pages_are_read_that_lie_in_another_folder(viewer, viewer_page, tmp_path):
    """As those of PDF and of libraries do, of which each chunk has its own."""
    correct_everything(viewer)
    place = str(viewer_page.parents[1] / "book.pdf")
    again = Viewer(viewer.driver, make_viewer(tmp_path, scans=tmp_path / "1", places=[place]), tmp_path)
    assert again.columns() == ["るわ", "にほ", "一"]
    other = Viewer(viewer.driver, make_viewer(tmp_path, scans=tmp_path / "1", places=["other"]), tmp_path)
    assert other.columns() == ["いろは", "にほ"]


def test_corrections_outlive_another_run_that_finds_boxes_a_little_elsewhere(viewer, viewer_page, tmp_path):
    correct_everything(viewer)
    moved = recognized()
    moved[["x_min", "x_max"]] += 3
    moved.loc[4, ["x_min", "x_max"]] += 100  # ほ is read elsewhere, undecided
    again = Viewer(viewer.driver, make_viewer(tmp_path, moved, scans=viewer_page.parents[1]), tmp_path)
    assert [sorted(column) for column in again.columns()] == [sorted("るわほ"), ["に"], ["一"]]
    assert again.text("#corrections-count").startswith("6 decisions")
    boxes = read_labels(again.export())[0][IDS[0]]
    assert (codepoint("る"), 303, 160, 40, 50) in boxes


@IN_EVERY_BROWSER
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
    # Taken back, they are checked again.
    viewer.driver.execute_script("localStorage.clear()")
    viewer.open()
    viewer.find("#import").send_keys(str(viewer.downloads / "mine_checked.csv"))
    viewer.wait(lambda: viewer.text("#corrections-count") == "0 decisions, 1 of 3 pages checked")


def test_pages_of_a_file_that_is_only_called_so_are_not_checked(viewer, viewer_page, tmp_path):
    place = viewer_page.parents[1]
    other = Viewer(viewer.driver, make_viewer(tmp_path, name="mine_checked", scans=place), tmp_path)
    exported = other.export(name="mine_checked.csv")
    other.find("#import").send_keys(str(exported))
    other.wait(lambda: other.text("#status") == "Labels of 3 pages taken from mine_checked.csv")
    assert other.text("#corrections-count") == "0 decisions, 0 of 3 pages checked"


def draw_a_box(viewer):
    image = viewer.find("#image").rect
    scale = image["width"] / 400
    viewer.press("d")
    drag = ActionChains(viewer.driver).move_to_element_with_offset(
        viewer.find("#boxes"), round((300 - 200) * scale), round((290 - 300) * scale)
    )
    drag.click_and_hold().move_by_offset(round(40 * scale), round(50 * scale)).release().perform()


def test_a_drawn_box_is_given_up_when_another_is_chosen(viewer):
    draw_a_box(viewer)
    viewer.find('#columns [data-box="1"]').click()
    assert viewer.text("#character") == "ろ" and not viewer.all("#draft")
    viewer.press("e", "る", Keys.ENTER)
    assert viewer.columns() == ["いるは", "にほ"]
    assert viewer.text("#corrections-count").startswith("1 decision,")


@IN_EVERY_BROWSER
def test_a_missing_box_can_be_drawn(viewer):
    draw_a_box(viewer)
    viewer.press("ひ", Keys.ENTER)
    assert viewer.columns() == ["いろはひ", "にほ"]
    (drawn,) = [box for box in read_labels(viewer.export())[0][IDS[0]] if box[0] == codepoint("ひ")]
    assert drawn[1:] == pytest.approx((300, 290, 40, 50), abs=2)
    # No network has read it, so there is nothing to choose from, and no title over nothing.
    viewer.press(Keys.ESCAPE, *[Keys.ARROW_DOWN] * 4)
    assert viewer.text("#character") == "ひ" and not viewer.all("#alternatives li")
    assert not viewer.find("#alternatives-title").is_displayed()
    viewer.press(Keys.ARROW_UP)
    assert viewer.text("#character") == "は" and viewer.text("#alternatives-title") == "What it may be:"
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


@IN_EVERY_BROWSER
def test_a_browser_that_stores_nothing_says_so_and_exports_still(viewer):
    viewer.driver.execute_script("Storage.prototype.setItem = () => { throw new Error('the disk is full') }")
    viewer.press(Keys.ARROW_DOWN, "x")
    assert "export them before you close the page" in viewer.text("#storage-problem")
    assert len(read_labels(viewer.export())[0][IDS[0]]) == 4
