import pandas as pd
import pytest
from tables_for_tests import empty

from kuzushiji.publish.dataset import SHOWN, boxes_a_page, page_set_table, plot_books, plot_boxes, plot_codepoints


def pages_of(*books: str) -> pd.DataFrame:
    ids = [f"{book}_{number}" for number, book in enumerate(books)]
    return pd.DataFrame({"image_id": ids, "book": books, "width": 2000, "height": 3000})


def truth_of(*boxes: tuple[str, str, int]) -> pd.DataFrame:
    table = pd.DataFrame(boxes, columns=["image_id", "codepoint", "width"])
    return table.assign(x_min=10, x_max=10 + table["width"], y_min=0, y_max=50)


@pytest.fixture
def sets():
    pages = {"train": pages_of("hana", "hana", "kaze"), "test": pages_of("mori")}
    boxes = [("hana_0", "U+3042", 10), ("hana_0", "U+3042", 20), ("kaze_2", "U+3044", 30)]
    return pages, {"train": truth_of(*boxes)}


def test_page_sets_are_counted(sets):
    table = page_set_table(*sets)
    train, test = table.loc["train"], table.loc["test"]
    assert train[["pages", "books", "boxes", "codepoints", "codepoints that occur once"]].tolist() == [3, 2, 3, 2, 1]
    assert train["pages without characters"] == 1
    assert train["boxes of a page, 50%"] == 1
    assert train["width of a box, 50%"] == 20 and train["height of a box, 95%"] == 50
    assert train["megapixels of a page, 50%"] == 6
    # Nothing is said of the boxes of pages without labels.
    assert test[["pages", "books"]].tolist() == [1, 1]
    assert test.filter(regex="box|characters|codepoints").isna().all()


def test_labels_without_any_box_are_no_error():
    pages = {"blank": pages_of("hana")}
    table = page_set_table(pages, {"blank": empty("truth")})
    assert table.loc["blank", ["boxes", "pages without characters"]].tolist() == [0, 1]


def test_boxes_of_a_page_are_counted_for_every_page(sets):
    pages, truth = sets
    assert boxes_a_page(pages["train"], truth["train"]).to_dict() == {"hana_0": 2, "hana_1": 0, "kaze_2": 1}


def test_figures_tell_the_page_sets_apart(sets, tmp_path):
    pages, truth = sets
    plot_books(pages, tmp_path / "books.svg")
    plot_boxes(pages, truth, tmp_path / "boxes.svg")
    plot_codepoints(truth, tmp_path / "codepoints.svg")
    books = (tmp_path / "books.svg").read_text()
    assert all(text in books for text in ("train: 2 books", "test: 1 books", "hana", "kaze", "mori"))
    assert "train: 3 pages, median 1" in (tmp_path / "boxes.svg").read_text()
    assert "train: 2 codepoints, 3 boxes" in (tmp_path / "codepoints.svg").read_text()


def test_page_sets_without_labels_say_so(sets, tmp_path):
    plot_boxes(sets[0], {}, tmp_path / "boxes.svg")
    plot_codepoints({}, tmp_path / "codepoints.svg")
    for name in ("boxes", "codepoints"):
        assert "no page set has labels" in (tmp_path / f"{name}.svg").read_text()


def test_of_many_books_the_largest_are_drawn(tmp_path):
    books = [f"b{number:03d}" for number in range(SHOWN + 20) for _ in range(1 + (number == 50))]
    plot_books({"many": pages_of(*books)}, tmp_path / "books.svg")
    drawn = (tmp_path / "books.svg").read_text()
    assert f"{SHOWN + 20} books, of which the largest {SHOWN}" in drawn
    shown = [f"b{number:03d}" for number in range(SHOWN + 20) if f">b{number:03d}<" in drawn]
    assert len(shown) == SHOWN and "b050" in shown


def test_equal_data_give_equal_files(sets, tmp_path):
    files = [tmp_path / "one.svg", tmp_path / "two.svg"]
    for file in files:
        plot_boxes(*sets, file)
    assert files[0].read_bytes() == files[1].read_bytes()
