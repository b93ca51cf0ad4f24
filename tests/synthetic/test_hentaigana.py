import importlib.util
from pathlib import Path

import pytest

from kuzushiji.common.errors import InputError
from kuzushiji.common.fonts import has_ink
from kuzushiji.synthetic.hentaigana import Shape, read_parents, shapes

PARENTS = Path("resources/corpus/hentaigana.csv")


@pytest.fixture(scope="module")
def font():
    return next(Path(importlib.util.find_spec("matplotlib_fontja").origin).parent.rglob("ipaexg.ttf"))


def test_every_hiragana_has_kanji_as_parents():
    parents = read_parents(PARENTS)
    rows = ("あいうえお", "かきくけこ", "さしすせそ", "たちつてと", "なにぬねの", "はひふへほ", "まみむめも", "やゆよ")
    assert set(parents) == set("".join(rows) + "らりるれろわゐゑをん")
    assert all(len(set(kanji)) == len(kanji) > 0 for kanji in parents.values())
    assert all("\u4e00" <= character <= "\u9fff" for kanji in parents.values() for character in kanji)


def test_shapes_are_parents_that_the_font_draws_and_marks_on_plain_kana(font):
    found = shapes({"は": "者八", "あ": "安"}, font, [font])
    assert found["は"] == [Shape("者", None, ""), Shape("八", None, "")]
    assert found["ば"] == [Shape("は", None, "voiced"), Shape("者", None, "voiced"), Shape("八", None, "voiced")]
    assert found["ぱ"][0] == Shape("は", None, "semivoiced")
    assert set(found) == {"は", "ば", "ぱ", "あ"}  # あ has no voiced form


def test_hentaigana_fonts_draw_other_shapes_of_the_kana_itself(font, tmp_path):
    special = tmp_path / "Yuji-Hentaigana-Akebono.ttf"
    special.write_bytes(font.read_bytes())
    assert shapes({"は": "者"}, font, [font, special])["は"][0] == Shape("は", special, "")


def test_a_parent_without_ink_is_no_shape(font):
    assert has_ink(font, "\U0001b001") == [False]
    assert shapes({"は": "\U0001b001"}, font, [font])["は"] == []


@pytest.mark.parametrize("content", [b"\x82\xa0", b"kana,kanji\n\xe3\x81\xaf,x\n"])
def test_another_file_is_refused(content, tmp_path):
    file = tmp_path / "parents.csv"
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"parents.csv: no table `kana,parents`"):
        read_parents(file)
