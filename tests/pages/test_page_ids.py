import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuzushiji.pages.page_ids import book_of, chunk_of, say_books


@pytest.mark.parametrize(
    ("image_id", "book"),
    [
        ("200015779_00053_2", "200015779"),
        ("200021660-00013_1", "200021660"),
        ("brsk001-002", "brsk"),
        ("hnsd006-024", "hnsd"),
        ("源氏 1", "源氏 1"),
    ],
)
def test_book_is_the_leading_part_of_the_id(image_id, book):
    assert book_of(image_id) == book


@given(st.text(), st.integers(1, 100))
def test_a_page_keeps_its_chunk_whatever_other_pages_there_are(image_id, chunks):
    assert 0 <= chunk_of(image_id, chunks) < chunks
    assert chunk_of("100241706_00004_2", 64) == 26


@pytest.mark.parametrize(
    "image_ids, said",
    [
        (["001", "002", "IMG_0003"], False),
        (["p1", "p2"], False),
        (["200015779_00053_2", "p1"], False),
        (["200015779_00053_2", "100241706_00004_2"], True),
        (["brsk001-002", "hnsd001-001"], True),
        ([], False),
    ],
)
def test_ids_say_their_books_if_all_are_as_the_competitions(image_ids, said):
    assert say_books(image_ids) == said
