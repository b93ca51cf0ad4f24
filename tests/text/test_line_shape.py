"""Baselines and outlines: what programs that learn to read lines demand of them."""

from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Polygon

from kuzushiji.text.line_shape import baseline, outline
from kuzushiji.text.transcripts import Glyph

boxes = st.tuples(st.integers(0, 900), st.integers(0, 900), st.integers(2, 90), st.integers(2, 90))


def glyphs(places):
    return [Glyph(n, "U+3042", (x, y, x + wide, y + high), 0.9, []) for n, (x, y, wide, high) in enumerate(places)]


@given(st.lists(boxes, min_size=1, max_size=12))
def test_the_outline_is_a_simple_polygon_that_holds_all_boxes_and_the_baseline(places):
    line = glyphs(places)
    shape, course = Polygon(outline(line)), LineString(baseline(line))
    assert shape.is_valid and shape.area > 0
    assert course.length > 0
    assert shape.buffer(1).covers(course)
    assert all(shape.buffer(1e-6).covers(Polygon.from_bounds(*glyph.corners)) for glyph in line)


def test_the_baseline_of_a_leaning_column_leans():
    (left, top), (right, bottom) = baseline(glyphs([(100 - 5 * n, 50 * n, 40, 40) for n in range(9)]))
    assert (top, bottom) == (0, 440)
    assert abs(left - 122) <= 1 and abs(right - 78) <= 1


def test_one_character_has_an_upright_baseline():
    assert baseline(glyphs([(10, 20, 30, 40)])) == [(25, 20), (25, 60)]
