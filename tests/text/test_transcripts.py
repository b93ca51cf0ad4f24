from transcripts_for_tests import alternatives_table, make_transcripts, pages_table, recognized_table

from kuzushiji.text.reading_order import order_pages
from kuzushiji.text.transcripts import confidence, extent, glyphs_of, others, transcripts


def test_every_page_has_its_characters_once_in_reading_order():
    recognized = recognized_table()
    pages = make_transcripts()
    assert [page.image_id for page in pages] == ["book001", "book002", "other & <1>"]
    assert [page.file for page in pages] == ["book001.jpg", "book002.jpg", "other.png"]
    assert [len(page.blocks) for page in pages] == [2, 0, 1]
    for page in pages:
        boxes = recognized[recognized["image_id"] == page.image_id]
        lines = [line for block in page.blocks for line in block.lines]
        assert [line.number for line in lines] == list(range(len(lines)))
        assert sorted(glyph.box for line in lines for glyph in line.glyphs) == sorted(boxes["box"])


def test_ruby_names_the_character_beside_it_and_notes_are_two_lines():
    lines = [line for block in make_transcripts()[2].blocks for line in block.lines]
    glyphs = {glyph.box: glyph for line in lines for glyph in line.glyphs}
    ruby = [line for line in lines if line.role == "ruby"]
    assert ruby
    for line in ruby:
        base = glyphs[line.base].corners
        left, top, _, bottom = extent(line.glyphs)
        assert left > base[0] and top < base[3] and bottom > base[1]
    assert all(line.base is None for line in lines if line.role != "ruby")
    notes = [line for line in lines if line.role == "note"]
    assert notes and len(notes) % 2 == 0


def test_corners_stay_on_the_page_and_probabilities_within_0_and_1():
    recognized = recognized_table()
    recognized.loc[0, ["x_min", "y_min", "probability"]] = [-3, -7, 1.0000001]
    pages = pages_table().assign(width=50, height=60)
    for page in transcripts(order_pages(recognized), alternatives_table(recognized), pages):
        for glyph in [glyph for block in page.blocks for glyph in glyphs_of(block)]:
            assert 0 <= glyph.corners[0] <= glyph.corners[2] <= 50
            assert 0 <= glyph.corners[1] <= glyph.corners[3] <= 60
            assert 0 <= glyph.probability <= 1


def test_others_leave_out_what_was_read_and_confidence_is_the_mean():
    glyphs = glyphs_of(make_transcripts()[0].blocks[0])
    assert all(glyph.codepoint not in dict(others(glyph)) for glyph in glyphs)
    assert [name for name, _ in glyphs[0].alternatives][1:] == [name for name, _ in others(glyphs[0])]
    assert min(g.probability for g in glyphs) < confidence(glyphs) < max(g.probability for g in glyphs)
