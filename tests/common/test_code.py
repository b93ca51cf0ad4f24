"""What counts as a change of code."""

import pytest

from kuzushiji.common.code import digest, imported

CODE = '''"""A module."""

import math  # for pi


def area(radius):
    """Of a circle."""
    # The textbook's.
    return math.pi * radius**2
'''


@pytest.fixture
def module(tmp_path):
    def write(text, name="module.py"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("The textbook's.", "円の面積。"),
        ("    # The textbook's.\n", ""),
        ('"""A module."""\n', ""),
        ('    """Of a circle."""\n', ""),
        ("math.pi * radius**2", "(math.pi * radius ** 2)"),
        ("\n\n\ndef", "\n\ndef"),
    ],
)
def test_comments_docstrings_and_layout_do_not_count(module, old, new):
    assert old in CODE
    before = digest([module(CODE)])
    assert digest([module(CODE.replace(old, new))]) == before


@pytest.mark.parametrize(("old", "new"), [("**2", "**3"), ("radius):", "radius, unit=1):"), ("def area", "def disc")])
def test_everything_else_counts(module, old, new):
    assert old in CODE
    before = digest([module(CODE)])
    assert digest([module(CODE.replace(old, new))]) != before


def test_a_function_may_hold_a_docstring_alone(module):
    assert digest([module('def nothing():\n    """Not yet."""\n')]) == digest([module('def nothing():\n    """"""\n')])


def test_the_files_and_their_order_count(module):
    first, second = module("x = 1\n", "first.py"), module("y = 2\n", "second.py")
    assert len({digest([first]), digest([second]), digest([first, second]), digest([second, first])}) == 4


def test_what_is_no_python_is_named(module):
    with pytest.raises(SyntaxError) as raised:
        digest([module("def :\n")])
    assert raised.value.filename.endswith("module.py")


def test_every_way_to_import_counts(module):
    script = module("import a.b\nfrom c import d\nfrom c.e import f\n\n\ndef late():\n    import g as h\n")
    assert imported(script) == {"a.b", "c", "c.d", "c.e", "c.e.f", "g"}
