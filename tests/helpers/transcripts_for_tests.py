"""Pages with text, ruby and a note, as tables and as transcripts."""

import numpy as np
import pandas as pd
from layouts_for_tests import block, page

from kuzushiji.common.boxes import CORNERS
from kuzushiji.text.confidence import page_confidence
from kuzushiji.text.reading_order import order_pages
from kuzushiji.text.transcripts import transcripts

TEXT = "春はあけぼのやうやう白くなりゆく山ぎは少し明りて紫だちたる雲の細くたなびきたる𛀁〱々"


def pages_table():
    return pd.DataFrame(
        {
            "image_id": ["book001", "other & <1>", "book002"],
            "book": ["book", "other", "book"],
            "path": ["scans/book001.jpg", "scans/other.png", "scans/book002.jpg"],
            "width": [900, 1500, 800],
            "height": [1100, 1100, 600],
        }
    )


def recognized_table(seed=0):
    """Two registers on `book001`, ruby and notes on the other; `book002` is empty."""
    rng = np.random.default_rng(seed)
    registers = page([block(rng, 0, 0, 8, 4, em=0.7, pitch=1.3), block(rng, 0, 6, 5, 8)])
    annotated = page([block(rng, 0, 0, 5, 12, ruby=0.5, note=1.0)])
    parts = [registers.assign(image_id="book001"), annotated.assign(image_id="other & <1>")]
    boxes = pd.concat([part.assign(box=rng.permutation(len(part))) for part in parts], ignore_index=True)
    return boxes[["image_id", "box", *CORNERS]].assign(
        codepoint=[f"U+{ord(TEXT[number % len(TEXT)]):04X}" for number in range(len(boxes))],
        probability=rng.uniform(0.3, 1, len(boxes)).astype("float32"),
        detector_score=0.9,
        keep_probability=0.9,
        kept=True,
        detector="060000",
    )


def alternatives_table(recognized):
    return recognized[["image_id", "box"]].assign(
        codepoints=[[codepoint, "U+3042", "U+2000B"] for codepoint in recognized["codepoint"]],
        probabilities=[np.array([0.7, 0.2, 0.1], dtype=np.float32)] * len(recognized),
    )


def rated_pages(recognized, corrected=()):
    """How far the pages can be believed, as `read_confidence` gives it."""
    settings = {"boxes": 4, "filtered": 0.5, "spacing": 0.05, "size": 0.1, "least": 0.1}
    rated = page_confidence(recognized, order_pages(recognized), pages_table(), settings, corrected)
    return rated.set_index("image_id")


def make_transcripts(seed=0):
    recognized = recognized_table(seed)
    return list(transcripts(order_pages(recognized), alternatives_table(recognized), pages_table()))


def columns(image_id: str, jitter: float, wide: float | None = None, seed: int = 0) -> pd.DataFrame:
    """Ten columns of twenty characters 50 pixels apart and 40 wide, with the standard deviations of both in pixels."""
    rng = np.random.default_rng(seed)
    column, place = np.divmod(np.arange(200), 20)
    middle = place * 50 + rng.normal(0, jitter, 200)
    width = 40 + rng.normal(0, jitter if wide is None else wide, 200)
    x, y = (
        np.column_stack([-column * 80 - width / 2, -column * 80 + width / 2]),
        np.column_stack([middle - 20, middle + 20]),
    )
    corners = dict(zip(CORNERS, np.column_stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]]).T, strict=True))
    return pd.DataFrame({"image_id": image_id, "box": range(200), "column": column, "role": "text"} | corners)
