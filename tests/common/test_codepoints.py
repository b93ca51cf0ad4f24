from pathlib import Path

import pytest

from kuzushiji.common.codepoints import character, is_codepoint, read_charset
from kuzushiji.common.errors import InputError


@pytest.mark.parametrize(("codepoint", "shown"), [("U+3042", "あ"), ("U+2000B", "𠀋"), ("U+10FFFD", chr(0x10FFFD))])
def test_a_codepoint_is_a_character(codepoint, shown):
    assert is_codepoint(codepoint)
    assert character(codepoint) == shown


@pytest.mark.parametrize(
    "name",
    [
        *["none", "3042", "U+3O42", "U+3042 ", "u+3042", "U+12", "U+D800", "U+D83D", "U+DFFF", "U+110000"],
        *["U+0000", "U+000A", "U+0085", "U+FDD0", "U+FFFE", "U+FFFF", "U+1FFFF", "U+003042", "U+03042"],
    ],
)
def test_what_no_character_can_have_is_no_codepoint(name):
    assert not is_codepoint(name)


def test_a_charset_is_its_characters_in_their_order_each_once(tmp_path):
    file = tmp_path / "charset.txt"
    for encoding in ("utf-8", "utf-8-sig"):  # with the mark that Windows' editor begins a file with
        file.write_text("のに 2の\n一?0123\n", encoding=encoding)
        assert read_charset(file) == "のに2一?013"
    shipped = read_charset(Path("resources/layouts/charset.txt"))
    assert len(shipped) > 4000 and shipped.startswith("しに")


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("U+3042\nU+3044\n", "`U+3042`"),
        ("Unicode,char\nU+3042,あ\n", "`Unicode,char`"),
        ("あ,い,う", "`,`"),
        ("0x3042 0x3044", "`0x3042`"),
        ("あ\n12356\n", "`12356`"),
    ],
)
def test_a_charset_of_names_is_refused(text, held, tmp_path):
    (tmp_path / "charset.txt").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"charset\.txt: holds .*characters themselves") as refused:
        read_charset(tmp_path / "charset.txt")
    assert held in str(refused.value)


def test_a_charset_in_another_encoding_is_refused(tmp_path):
    (tmp_path / "charset.txt").write_bytes("あいう".encode("euc_jp"))
    with pytest.raises(InputError, match=r"charset\.txt: no UTF-8 text"):
        read_charset(tmp_path / "charset.txt")
