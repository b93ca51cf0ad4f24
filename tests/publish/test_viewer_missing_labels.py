"""Labels that seem to be missing, accepted and rejected in the viewer, in headless browsers."""

import pytest
from browser_for_tests import IN_EVERY_BROWSER, opened
from selenium.webdriver.common.keys import Keys
from viewer_for_tests import BOXES, IDS, codepoint, draw_pages, make_viewer, recognized

from kuzushiji.pages.labels import read_labels
from kuzushiji.pages.truth import check_labels


def label(number, character=None):
    return (codepoint(character or BOXES[number][3]), *BOXES[number][1:3], 40, 50)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """は, に and both boxes of page 1 have no label; へ is not sure enough to be listed."""
    folder = tmp_path_factory.mktemp("labelled")
    labels = recognized().iloc[[0, 1, 4]].assign(codepoint=["U+3044", "U+3042", "U+307B"])
    return make_viewer(folder, name="labelled", truth=labels)


@pytest.fixture
def labelled(driver, page, tmp_path):
    with opened(driver, page, tmp_path) as viewer:
        yield viewer


def listed(viewer):
    return viewer.texts("#missing button")


def completed(viewer):
    return read_labels(viewer.export("#export-completed", "labelled_completed.csv"))


KNOWN = [label(0), label(1, "あ"), label(4)]  # whatever was read there


def test_sure_boxes_without_a_label_are_listed_the_surest_first(labelled):
    assert listed(labelled) == [f"は{IDS[0]}, 95%", f"ほ{IDS[1]}, 90%", f"に{IDS[0]}, 58%"]
    assert labelled.text("#missing-count") == "3 sure boxes have no label"
    assert [box.get_attribute("data-box") for box in labelled.all("#boxes .box.missing")] == ["2", "3"]
    labelled.all("#missing button")[1].click()
    assert labelled.text("#status") == f"Page 2 of 3, {IDS[1]}"
    assert labelled.text("#columns .selected") == labelled.text("#character") == "ほ"


@IN_EVERY_BROWSER
def test_accepted_ones_are_added_to_the_labels_and_rejected_ones_do_not_come_back(labelled, tmp_path):
    assert completed(labelled) == ({IDS[0]: KNOWN, IDS[1]: [], IDS[2]: []}, [])
    labelled.press("m", "a")
    assert labelled.text("#character") == "ほ"  # on to the next
    labelled.press("x")
    assert labelled.text("#character") == "に"
    labelled.press("e", "た", Keys.ENTER)  # accepted as another character
    assert (listed(labelled), labelled.text("#missing-count")) == ([], "Every sure box has a label or a decision")
    labelled.open()
    assert listed(labelled) == []
    expected = {IDS[0]: [*KNOWN, label(2), label(3, "た")], IDS[1]: [], IDS[2]: []}
    assert completed(labelled) == (expected, [])
    assert len(check_labels(draw_pages(tmp_path), tmp_path / "labelled_completed.csv")) == 5
    # What was read, as it now stands, has them too.
    boxes = read_labels(labelled.export(name="labelled.csv"))[0]
    assert label(3, "た") in boxes[IDS[0]] and boxes[IDS[1]] == [label(7)]


def test_a_decision_where_a_label_is_changes_no_label(labelled):
    labelled.press(Keys.ARROW_DOWN, "a", Keys.ARROW_DOWN, "e", "わ", Keys.ENTER)  # い and ろ have labels
    assert completed(labelled)[0][IDS[0]] == KNOWN
    assert len(listed(labelled)) == 3


def test_review_of_unsure_boxes_does_not_jump_into_the_list(labelled):
    labelled.press("n", "a")  # ろ; に is both unsure and without a label
    assert labelled.text("#character") == "に"
    labelled.press("a")
    assert labelled.text("#character") == "一"
    assert [one[0] for one in listed(labelled)] == ["は", "ほ"]


def test_an_undone_decision_lists_the_box_again(labelled):
    labelled.press("m", "a")
    assert listed(labelled)[0].startswith("ほ")
    labelled.press(Keys.HOME, *[Keys.ARROW_DOWN] * 3, "u")
    assert listed(labelled)[0].startswith("は")


def test_pages_without_labels_have_no_such_list(viewer):
    assert not viewer.all("#missing-title, #export-completed")
    viewer.press("m")
    assert viewer.text("#no-selection")
