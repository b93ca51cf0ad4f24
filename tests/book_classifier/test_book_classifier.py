"""The classifier of books: shrunk pages, their split, and what it says, on books of papers in different colors."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from crops_for_tests import SETTINGS
from hypothesis import given
from hypothesis import strategies as st

from kuzushiji.book_classifier.book_crops import book_crops
from kuzushiji.book_classifier.book_folds import book_folds
from kuzushiji.book_classifier.nearest_books import count_nearest, nearest_books
from kuzushiji.classifier.classifier import Outputs, train
from kuzushiji.classifier.transforms import decode, square
from kuzushiji.common.errors import InputError
from kuzushiji.common.tables import write_table
from kuzushiji.crops.crops import open_crops

PAPERS = {"200003076": (200, 160, 120), "brsk": (120, 160, 200), "umgy": (150, 200, 150)}
READING = {"crops": ["center", "whole"], "batch_size": 4, "precision": "float32", "top_k": 2}
COLOR = {**SETTINGS, "channels": "rgb", "epochs": 20, "batch_size": 8, "temperature": 0.05}
COLOR |= {"mixing": {"method": "icap", "beta": 2.0, "probability": 0.5}}
COLOR |= {"schedule": {"kind": "cosine", "period": 19, "minimum": 1e-6}}

pytestmark = pytest.mark.usefixtures("one_thread")


def draw_pages(folder: Path, count: int, seed: int) -> pd.DataFrame:
    """`count` pages of each book, of different sizes, with lines of ink; what "pages" needs, and the `path`."""
    rng = np.random.default_rng(seed)
    rows = []
    for book, paper in PAPERS.items():
        for page in range(count):
            width, height = rng.integers(80, 160, 2).tolist()
            image = np.clip(rng.normal(paper, 8, (height, width, 3)), 0, 255).astype(np.uint8)
            for x in rng.integers(5, width - 5, 4).tolist():
                cv2.line(image, (x, 10), (x, height - 10), (30, 30, 30), 3)
            image_id = f"{book}_{seed}_{page:02d}"
            cv2.imwrite(str(folder / f"{image_id}.png"), image)
            rows.append((image_id, book, str(folder / f"{image_id}.png"), width, height))
    return pd.DataFrame(rows, columns=["image_id", "book", "path", "width", "height"])


def files_of(pages):
    return {row.image_id: Path(row.path) for row in pages.itertuples()}


def triples(pages):
    return [(row.image_id, row.book, row.path) for row in pages.itertuples()]


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A classifier of the three books, and its folder."""
    folder = tmp_path_factory.mktemp("nearest_books")
    pages = draw_pages(folder, 12, seed=0)
    book_crops(triples(pages), folder / "0.arrow", 32, threads=2)
    training, validation = book_folds(pages, 0.2, seed=0)
    outputs = Outputs(*(folder / name for name in ("nearest_books.pth", "history.csv", "confusions.csv")))
    train([folder / "0.arrow"], training, validation, sorted(PAPERS), COLOR, folder / "state", outputs)
    return folder


def test_it_learns_to_tell_the_books_apart(learned):
    history = pd.read_csv(learned / "history.csv")
    assert history["accuracy"].max() == 1.0
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]


def test_pages_of_no_folds_are_of_the_book_they_look_like(learned, tmp_path):
    pages = draw_pages(tmp_path, 2, seed=1)
    pages.loc[pages["image_id"] == "umgy_1_01", "book"] = "hnsd"  # a book that did not train
    table = nearest_books(learned / "nearest_books.pth", pages.sample(frac=1, random_state=0), files_of(pages), READING)
    assert table.columns.tolist() == ["image_id", "book", "nearest", "probability", "nearest_2", "probability_2"]
    assert table["image_id"].tolist() == sorted(pages["image_id"])
    assert table["nearest"].tolist() == table["image_id"].str.split("_").str[0].tolist()
    assert table["book"].tolist() == [*["200003076"] * 2, "brsk", "brsk", "umgy", "hnsd"]
    assert (table["probability"] >= table["probability_2"]).all()
    assert (table["nearest"] != table["nearest_2"]).all()
    three = nearest_books(learned / "nearest_books.pth", pages, files_of(pages), {**READING, "top_k": 9})
    shares = three[["probability", "probability_2", "probability_3"]].to_numpy()
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)


def test_how_often_each_book_is_the_nearest():
    columns = ["image_id", "book", "nearest", "probability"]
    rows = [
        ("a", "brsk", "umgy", 0.5),
        ("b", "brsk", "brsk", 0.9),
        ("c", "hnsd", "umgy", 0.7),
        ("d", "umgy", "umgy", 0.9),
    ]
    found = count_nearest(pd.DataFrame(rows, columns=columns))
    assert found.columns.tolist() == ["book", "pages", "share", "probability", "own"]
    assert found.round(6).to_numpy().tolist() == [["umgy", 3, 0.75, 0.7, 1], ["brsk", 1, 0.25, 0.9, 1]]


def test_a_page_that_is_missing_or_broken_is_named(learned, tmp_path):
    pages = draw_pages(tmp_path, 1, seed=2)
    broken = tmp_path / "umgy_2_00.png"
    content = broken.read_bytes()
    for harm in (lambda: broken.write_bytes(content[: len(content) // 2]), broken.unlink):
        harm()
        with pytest.raises(InputError, match=r"umgy_2_00\.png: the denoised page cannot be read"):
            book_crops(triples(pages), tmp_path / "0.arrow", 32)
        with pytest.raises(InputError, match=r"umgy_2_00\.png: the denoised page cannot be read"):
            nearest_books(learned / "nearest_books.pth", pages, files_of(pages), READING)
    assert not list(tmp_path.glob("*arrow*")) and not list(tmp_path.glob(".*"))


def test_a_shrunk_page_is_the_page_as_it_is_read(tmp_path):
    pages = draw_pages(tmp_path, 2, seed=3)
    book_crops(triples(pages)[::-1], tmp_path / "0.arrow", 40, threads=3)
    book_crops(triples(pages), tmp_path / "1.arrow", 40)
    assert (tmp_path / "0.arrow").read_bytes() == (tmp_path / "1.arrow").read_bytes()
    table = open_crops([tmp_path / "0.arrow"])
    assert table["image_id"].to_pylist() == sorted(pages["image_id"])
    assert table["codepoint"].to_pylist() == pages.sort_values("image_id")["book"].tolist()
    assert set(zip(*(table[name].to_pylist() for name in ("box", "width", "height")), strict=True)) == {(0, 40, 40)}
    image = decode(np.frombuffer(table["image"][3].as_py(), np.uint8), "rgb")
    page = cv2.imread(str(tmp_path / f"{table['image_id'][3].as_py()}.png"), cv2.IMREAD_COLOR_RGB)
    assert np.abs(image.astype(int) - square(page, 40)).max() <= 1


BOOKS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 40), min_size=2)


@given(BOOKS, st.floats(0.01, 0.99), st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_every_book_of_two_pages_is_on_both_sides(books, holdout, seed, order):
    rows = [(f"{book}{page:03d}", book) for book, count in books.items() for page in range(count)]
    pages = pd.DataFrame(rows, columns=["image_id", "book"])
    if max(books.values()) < 2:
        with pytest.raises(InputError, match="one of them with two pages"):
            book_folds(pages, holdout, seed)
        return
    training, validation = book_folds(pages, holdout, seed)
    both = pd.concat([training, validation])
    assert sorted(both["image_id"]) == sorted(pages["image_id"])
    assert (both["codepoint"] == both["image_id"].str[0]).all()
    held = validation["codepoint"].value_counts()
    for book, count in books.items():
        exact = held.get(book, 0)
        assert exact == 0 if count == 1 else 1 <= exact <= count - 1
        assert count == 1 or abs(exact - count * holdout) <= 1
    order.shuffle(rows)
    for one, again in zip(
        (training, validation), book_folds(pd.DataFrame(rows, columns=pages.columns), holdout, seed), strict=True
    ):
        pd.testing.assert_frame_equal(one, again)
        assert one["image_id"].is_monotonic_increasing


def test_the_split_is_drawn_from_the_seed_and_fits_its_table(tmp_path):
    pages = pd.DataFrame({"image_id": [f"a{page:02d}" for page in range(40)] + ["b1"], "book": ["a"] * 40 + ["b"]})
    held = [book_folds(pages, 0.2, seed)[1]["image_id"].tolist() for seed in range(3)]
    assert all(len(ids) == 8 for ids in held)
    assert len(set(map(tuple, held))) == 3
    write_table(book_folds(pages, 0.2, 0)[0], tmp_path / "training.parquet", "folds")


@pytest.mark.parametrize("books", [[], ["a", "a", "a"], ["a", "b", "c"]])
def test_pages_that_teach_nothing_are_refused(books):
    pages = pd.DataFrame({"image_id": [f"{place}" for place in range(len(books))], "book": books})
    with pytest.raises(InputError, match=r"book_classifier: .*add pages to the page set under `training`"):
        book_folds(pages, 0.2, 0)
