import pytest

from kuzushiji.common.codepoints import character, is_codepoint


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
