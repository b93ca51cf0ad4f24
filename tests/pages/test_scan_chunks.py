"""Pages of own scans keep their chunks; those that come later have new ones."""

import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from kuzushiji.pages.page_sets import list_images, pages
from kuzushiji.pages.scan_chunks import assign_chunks, recorded_chunks


@given(st.lists(st.sets(st.integers(1, 300).map(str)), max_size=5))
def test_a_page_stays_in_its_chunk_and_no_later_page_comes_into_it(comings):
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder, "record.json")
        before = {}
        for ids in comings:
            found = assign_chunks(ids, record)
            assert found.items() >= before.items() and found.keys() == before.keys() | ids
            assert recorded_chunks(record) == found
            new = {page: chunk for page, chunk in found.items() if page not in before}
            assert not set(new.values()) & set(before.values())
            sizes = Counter(new.values())
            assert all(size >= 16 for size in sizes.values()) or len(sizes) == 1
            before = found


def test_many_pages_make_sixty_four_chunks_of_neighbors(tmp_path):
    found = assign_chunks([f"p{number}" for number in range(3000)], tmp_path / "record.json")
    sizes = Counter(found.values())
    assert sorted(sizes) == list(range(64)) and max(sizes.values()) - min(sizes.values()) == 1
    assert [found[f"p{number}"] for number in range(3000)] == sorted(found.values())


def test_a_damaged_record_is_made_again(tmp_path):
    record = tmp_path / "record.json"
    for damage in ("{", "[]"):
        record.write_text(damage)
        assert recorded_chunks(record) == {}
        assert assign_chunks(["a"], record) == {"a": 0} == recorded_chunks(record)


def test_a_page_that_comes_while_a_run_is_planned_waits_for_the_next(tmp_path):
    for name in ("1.png", "2.png"):
        (tmp_path / name).touch()
    list_images.cache_clear()
    planned = pages({"mine": {"images": str(tmp_path), "chunks": {"1": 7}}}, "mine", 64)
    assert [(page.image_id, page.chunk) for page in planned] == [("1", 7)]
