import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuzushiji.common.errors import InputError
from kuzushiji.text.variants import plain_forms, read_kanji_variants, variants

KANJI = read_kanji_variants(Path(__file__).parents[2] / "resources/variants/kanji.csv")
TYPED = st.sampled_from("はばぱハバパｶかカヵ𛂞𛀁え秋穐龝国國嶋島福あA1、々")


PLAIN = {"ば": "は", "ぱ": "は", "パ": "は", "ｶ": "か", "ぁ": "あ", "ヴ": "う", "ゞ": "ゝ", "ゐ": "ゐ"}
PLAIN |= {"𛂞": "は", "𛀁": "え", "𛄞": "んむも", "𛀀": "え", "\ufa1b": "福", "秋": "秋", "々": "々", "½": "½"}


@pytest.mark.parametrize("character", PLAIN)
def test_kana_are_shapes_of_their_plain_hiragana(character):
    assert plain_forms(character) == set(PLAIN[character])


def test_every_hentaigana_is_a_shape_of_a_kana():
    hentaigana = [chr(code) for code in range(0x1B001, 0x1B11F)]
    assert all(unicodedata.name(form).startswith("HIRAGANA") for one in hentaigana for form in plain_forms(one))


@given(st.sets(TYPED), TYPED)
def test_variants_find_each_other_and_nothing_that_is_not_there(characters, typed):
    found = variants(characters, KANJI)
    assert set(found.get(typed, "")) <= characters - {typed}
    for other in found.get(typed, ""):
        assert typed in variants({typed}, KANJI)[other]


def test_kanji_are_found_by_their_pairs():
    found = variants("穐國島一", KANJI)
    assert (found["秋"], found["龝"], found["国"], found["嶋"]) == ("穐", "穐", "國", "島")
    assert "一" not in found and "国" not in variants("秋", KANJI)


def test_the_table_has_pairs_of_kanji_each_once():
    assert all(unicodedata.name(one).startswith("CJK UNIFIED") for pair in KANJI for one in pair)
    assert len({frozenset(pair) for pair in KANJI}) == len(KANJI) > 1000


def test_another_file_is_no_table_of_variants(tmp_path):
    (tmp_path / "kanji.csv").write_text("a,b\n1,2\n")
    for name in ("kanji.csv", "gone.csv"):
        with pytest.raises(InputError, match="no table `kanji,variant`"):
            read_kanji_variants(tmp_path / name)
