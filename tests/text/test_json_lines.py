import json

import numpy as np
from transcripts_for_tests import alternatives_table, make_transcripts, rated_pages, recognized_table

from kuzushiji.text.confidence import NO_WRITING
from kuzushiji.text.json_lines import write_json_lines
from kuzushiji.text.transcripts import with_confidence


def test_each_line_is_a_page_with_boxes_order_roles_and_alternatives(tmp_path):
    rated = rated_pages(recognized_table())
    transcripts = [with_confidence(page, rated) for page in make_transcripts()]
    write_json_lines(transcripts, tmp_path / "out/test.jsonl")
    text = (tmp_path / "out/test.jsonl").read_text(encoding="utf-8")
    pages = [json.loads(line) for line in text.splitlines()]
    assert [page["image_id"] for page in pages] == ["book001", "book002", "other & <1>"]
    assert pages[1]["lines"] == []
    assert (pages[1]["confidence"], pages[1]["note"]) == (0, NO_WRITING)
    assert pages[0]["confidence"] > 0.1 and pages[0]["note"] == ""
    recognized = recognized_table()
    boxes = recognized.merge(alternatives_table(recognized), on=["image_id", "box"]).set_index(["image_id", "box"])
    read = 0
    for page in pages:
        assert {line["role"] for line in page["lines"]} <= {"text", "ruby", "note"}
        for line in page["lines"]:
            assert line["text"] == "".join(character["character"] for character in line["characters"])
            assert ("base" in line) == (line["role"] == "ruby")
            for character in line["characters"]:
                box = boxes.loc[(page["image_id"], character["box"])]
                assert character["corners"] == [box[name] for name in ("x_min", "y_min", "x_max", "y_max")]
                assert character["codepoint"] == box["codepoint"]
                assert abs(character["probability"] - box["probability"]) < 1e-4
                shares = [other["probability"] for other in character["alternatives"]]
                assert np.allclose(shares, box["probabilities"], atol=1e-4)
                assert [other["codepoint"] for other in character["alternatives"]] == box["codepoints"]
                read += 1
    assert read == len(recognized)
    write_json_lines(transcripts, tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_text(encoding="utf-8") == text
