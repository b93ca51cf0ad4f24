import hashlib
import importlib.util
import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from synthetic_for_tests import make_settings

from kuzushiji.common.errors import InputError
from kuzushiji.pages.labels import read_labels
from kuzushiji.pages.page_ids import book_of, synthetic_ids
from kuzushiji.synthetic.brush import INK
from kuzushiji.synthetic.corpus import by_rank, read_corpus, write
from kuzushiji.synthetic.drawn_page import draw_page
from kuzushiji.synthetic.synthetic import Sources, draw_pages, plan_pages

CORPUS = sorted(Path("resources/corpus").glob("*.txt"))
PARENTS = Path("resources/corpus/hentaigana.csv")


@pytest.fixture(scope="module")
def fonts():
    """What set-up fetched, else the font that the lock installs."""
    fetched = sorted(Path("resources/fonts").glob("*.ttf"))
    return fetched or [next(Path(importlib.util.find_spec("matplotlib_fontja").origin).parent.rglob("ipaexg.ttf"))]


def draw(settings, fonts, folder, processes=1):
    draw_pages(settings, Sources(fonts, CORPUS, PARENTS), folder / "images", folder / "labels.csv", processes)
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*.*"))}


def test_pages_do_not_depend_on_the_number_of_processes(fonts, tmp_path):
    one = draw(make_settings(), fonts, tmp_path / "one")
    assert one == draw(make_settings(), fonts, tmp_path / "two", processes=2)
    assert len({hashlib.md5(content).digest() for content in one.values()}) == len(one) == 5


def test_another_seed_draws_other_pages(fonts, tmp_path):
    books = {"hana": {"pages": 1}}
    first = draw(make_settings(books), fonts, tmp_path / "one")
    second = draw(make_settings(books, seed=2), fonts, tmp_path / "two")
    assert first.keys() == second.keys()
    assert not set(first.values()) & set(second.values())


def test_labels_are_the_competition_s(fonts, tmp_path):
    settings = make_settings()
    draw(settings, fonts, tmp_path)
    boxes, problems = read_labels(tmp_path / "labels.csv")
    assert problems == []
    assert sorted(boxes) == sorted(synthetic_ids(settings)) == sorted(path.stem for path in tmp_path.glob("images/*"))
    assert boxes["yuki001-002"] == []
    assert {book_of(image_id) for image_id in boxes} == {"hana", "yuki"}
    for image_id, page in boxes.items():
        with Image.open(tmp_path / "images" / f"{image_id}.jpg") as image:
            assert (image.size, image.mode) == ((320, 448), "RGB")
        assert len(page) > 50 or image_id == "yuki001-002"
        for _, x, y, width, height in page:
            assert min(x, y) >= 0 and min(width, height) > 0
            assert x + width <= 320 and y + height <= 448


@pytest.mark.parametrize("width", [400, 800])
def test_boxes_are_the_extent_of_the_ink_on_the_page(fonts, width):
    """The paper is clean and everything without a box is left out, so that all that is dark is a character's ink."""
    plain = {"age": 0, "frame": 0, "ruby": 0, "joined": 0, "seals": 0, "show_through": 0, "ink": "#000000"}
    settings = make_settings({"hana": {"pages": 1}}, plain | {"paper": "#ffffff"}, width=width, height=width * 7 // 5)
    image, characters = draw_page(plan_pages(settings, Sources(fonts, CORPUS, PARENTS))[0])
    assert len(characters) > 40
    boxed = np.zeros(image.shape[:2], dtype=bool)
    for character in characters:
        height, wide = character.mask.shape
        part = image[character.y : character.y + height, character.x : character.x + wide]
        ink = character.mask >= INK
        assert ink[0].any() and ink[-1].any() and ink[:, 0].any() and ink[:, -1].any()
        assert part.shape[:2] == ink.shape
        assert part[character.mask > 0.9 * character.mask.max()].mean() < 160
        boxed[character.y - 1 : character.y + height + 1, character.x - 1 : character.x + wide + 1] = True
    inner = np.zeros_like(boxed)  # within the margins: the paper's edges are dark too
    inner[int(0.13 * width) : -int(0.07 * width), int(0.1 * width) : -int(0.11 * width)] = True
    assert (image[inner & ~boxed] < 100).sum() == 0


def test_joining_strokes_and_ruby_have_no_boxes(fonts):
    plan = [
        plan_pages(make_settings({"hana": {"pages": 1}}, style), Sources(fonts, CORPUS, PARENTS))[0]
        for style in ({"joined": 1.0, "ruby": 1.0}, {"joined": 0.0, "ruby": 0.0})
    ]
    (busy, with_extras), (plain, without) = map(draw_page, plan)
    assert busy.mean() < plain.mean()
    assert len(with_extras) < 1.4 * len(without)
    heights = [character.mask.shape[0] for character in with_extras]
    assert np.median(heights) > 0.3 * 0.09 * 320


@pytest.mark.parametrize("codepoints", [40, 300])
def test_the_charset_is_drawn(fonts, codepoints):
    settings = make_settings({"hana": {"pages": 8}, "yuki": {"pages": 6, "blank": 1}}, codepoints=codepoints)
    tasks = plan_pages(settings, Sources(fonts, CORPUS, PARENTS))
    assert len(set().union(*(task.charset for task in tasks))) == codepoints
    drawn = {character.text for task in tasks for character in draw_page(task)[1]}
    assert drawn <= set().union(*(task.charset for task in tasks))
    assert len(drawn) >= 0.95 * codepoints


def test_a_fallback_font_draws_with_a_warning(fonts, tmp_path, caplog):
    settings = make_settings({"hana": {"pages": 1, "font": "no-such-brush"}})
    with caplog.at_level(logging.WARNING):
        draw(settings, fonts[:1], tmp_path)
    assert "no-such-brush is missing" in caplog.text
    assert len(read_labels(tmp_path / "labels.csv")[0]["hana001-001"]) > 50


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"books": {"hana": {"pages": 1, "paper": "parchment"}}}, r"synthetic: books: hana: paper: .*parchment"),
        ({"books": {"hana": {}}}, r"synthetic: books: hana: lacks pages"),
    ],
)
def test_wrong_settings_are_named(fonts, changes, message):
    with pytest.raises(InputError, match=message):
        plan_pages(make_settings(**changes), Sources(fonts, CORPUS, PARENTS))


def test_the_corpus_is_what_can_be_written(tmp_path):
    (tmp_path / "a.txt").write_text("春は、ぁっアゝ。abc 々\n第一", encoding="utf-8")
    assert read_corpus([tmp_path / "a.txt"]) == ["春はアゝ々第一"]
    (tmp_path / "b.txt").write_bytes("春".encode("euc_jp"))
    with pytest.raises(InputError, match=r"b\.txt: is not UTF-8"):
        read_corpus([tmp_path / "b.txt"])
    with pytest.raises(InputError, match="there is no text"):
        read_corpus([])


def test_ranks_begin_with_the_corpus_and_go_on_with_kana_and_kanji():
    ranked = list(by_rank(["のの春", "の"]))
    assert ranked[:3] == ["の", "春", "あ"]
    assert len(ranked) == len(set(ranked)) > 6000
    assert ranked.index("ん") < ranked.index("ア") < ranked.index("亜") < ranked.index("龠")


def test_random_characters_come_between_the_corpus_in_their_share():
    rng = np.random.default_rng(0)
    run = write(rng, ["あいう" * 50], "あいう春夏", "夏春", 0.2, 0.5)
    text = "".join(next(run) for _ in range(3000))
    assert text.replace("あ", "").replace("い", "").replace("う", "").startswith("夏春")
    assert set(text) == set("あいう春夏")
    assert 0.04 < (text.count("春") + text.count("夏")) / len(text) < 0.12  # two of the five, so below their share
