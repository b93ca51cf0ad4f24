"""The character error rate of the text against transcriptions."""

import logging
import re

import pandas as pd
from rapidfuzz.distance import Levenshtein

from kuzushiji.common.errors import InputError
from kuzushiji.text.reading_order import order_pages
from kuzushiji.text.text import main_text
from kuzushiji.text.transcriptions import known_texts, normalize, written

# Ruby in a transcription, and the marks of notes, as our own texts have them.
_NOT_MAIN = re.compile("《[^》]*》|[〈〉]")
_COUNTS = ["characters", "substitutions", "insertions", "deletions"]


def measure_text(
    recognized: pd.DataFrame,
    truth: pd.DataFrame,
    pages: pd.DataFrame,
    transcriptions: dict[str, str],
    drawn: list[str],
) -> pd.DataFrame:
    """The errors of every page with known text: of `recognized` boxes, and of the true boxes in reading order.

    The known text is in `transcriptions` or, for pages of the image sets `drawn`, consists of their true boxes, whose
    order there is right. The true boxes have the right characters, so that only order and omissions can be wrong.

    Returns `image_id`, `book`, `source` ("recognized" or "true boxes"), `characters` of the text, and the least numbers
    of `substitutions`, `insertions` and `deletions` from it to the result (Levenshtein's distance), both without ruby,
    in transcriptions 《》 with what is in it, and without variation selectors. Raises `InputError` if no page has known
    text.
    """
    true_boxes = truth.assign(detector_score=1.0, probability=1.0, keep_probability=1.0, kept=True).sort_values(
        ["image_id", "box"]
    )
    texts = known_texts(pages, truth, transcriptions, drawn)
    known = pages[pages["image_id"].isin(texts)]
    if known.empty:
        raise InputError("text_metrics: no page of this page set has a transcription; correct the image_ids there")
    logging.info("%d of %d pages have a known text", len(known), len(pages))
    rows = []
    for source, boxes in (("recognized", recognized), ("true boxes", true_boxes)):
        ordered = order_pages(boxes[boxes["image_id"].isin(known["image_id"])])
        read = {image_id: main_text(page) for image_id, page in ordered.groupby("image_id")}
        for page in known.itertuples():
            # A page without true boxes has no labels; a page without recognized boxes counts.
            if source == "recognized" or page.image_id in read:
                errors = _errors(texts[page.image_id], read.get(page.image_id, ""))
                rows.append({"image_id": page.image_id, "book": page.book, "source": source, **errors})
    return pd.DataFrame(rows)


def error_rates(errors: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Sums of the errors of `measure_text` by the columns `by`, with all `errors` and the `error_rate`.

    Text without characters has no rate.
    """
    sums = errors.groupby(by, sort=True)[_COUNTS].sum().reset_index()
    sums["errors"] = sums[_COUNTS[1:]].sum(axis=1)
    sums["error_rate"] = sums["errors"] / sums["characters"].where(sums["characters"] > 0)
    return sums


def _errors(text: str, read: str) -> dict[str, int]:
    text, read = _compared(text), _compared(read)
    tags = pd.Series([operation.tag for operation in Levenshtein.editops(text, read)], dtype=object).value_counts()
    return {
        "characters": len(text),
        "substitutions": int(tags.get("replace", 0)),
        "insertions": int(tags.get("insert", 0)),
        "deletions": int(tags.get("delete", 0)),
    }


def _compared(text: str) -> str:
    return "".join(normalize(one.character) for one in written(_NOT_MAIN.sub("", text)))
