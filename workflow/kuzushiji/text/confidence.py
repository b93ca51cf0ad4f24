"""How far the text of a page can be believed: scans without cursive writing must not pass for text."""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from kuzushiji.common.tables import in_page_order
from kuzushiji.text.evenness import unevenness

NO_WRITING = "no writing found"
HARDLY_ANY = "hardly any writing found"
REJECTED = "most of what was found was rejected: perhaps a picture, or printed type"
TYPESET = "characters of one size at equal distances: perhaps printed type, which the networks do not know"
UNSURE = "unsure characters: perhaps printed type, a poor scan, or a hand that the networks do not know"


def page_confidence(
    recognized: pd.DataFrame,
    ordered: pd.DataFrame,
    pages: pd.DataFrame,
    settings: Mapping[str, float],
    corrected: Collection[str] = (),
) -> pd.DataFrame:
    """The confidence of every page of the table `pages`, by id, from "recognized" boxes, and the kept ones `ordered`.

    Columns: `image_id`; `book`; `boxes`, the number of kept ones; `filtered`, the share of boxes that were not kept;
    `probability`, the mean over kept boxes of the character's probability; `confidence`, from 0 to 1; and `note`, why
    it is less than `settings["least"]`, or empty.

    The confidence is the mean over kept boxes of the probability that the box is a character and the right one, which
    falls in proportion where fewer boxes than `settings["boxes"]` were kept, where a larger share than
    `settings["filtered"]`, less than 1, was not, and where both the spacing and the size of characters vary less than
    `settings["spacing"]` and `settings["size"]` (see `unevenness`), by the nearer one. Pages whose ids are `corrected`
    by people have 1, whatever was read.
    """
    right = recognized["probability"].clip(0, 1) * recognized["keep_probability"]
    kept = recognized.assign(right=right)[recognized["kept"]].groupby("image_id")
    books = in_page_order(pages).set_index("image_id")["book"]
    ids = books.index
    count = recognized.groupby("image_id").size().reindex(ids, fill_value=0)
    boxes = kept.size().reindex(ids, fill_value=0)
    filtered = 1 - (boxes / count.where(count > 0)).fillna(1.0)
    enough = (boxes / settings["boxes"]).clip(upper=1)
    believed = ((1 - filtered) / (1 - settings["filtered"])).clip(upper=1)
    varied = (unevenness(ordered) / [settings["spacing"], settings["size"]]).max(axis=1).clip(upper=1)
    varied = varied.reindex(ids, fill_value=1.0)
    confidence = kept["right"].mean().reindex(ids, fill_value=0) * enough * believed * varied
    reasons = [
        (boxes == 0, NO_WRITING),
        (enough < 1, HARDLY_ANY),
        (believed < 1, REJECTED),
        (varied < 1, TYPESET),
        (confidence >= 0, UNSURE),
    ]
    confidence = confidence.mask(ids.isin(list(corrected)), 1.0)
    note = np.select(*zip(*reasons, strict=True), default="")
    table = pd.DataFrame(
        {
            "book": books,
            "boxes": boxes,
            "filtered": filtered.round(4),
            "probability": kept["probability"].mean().clip(0, 1).reindex(ids, fill_value=0).astype(float).round(4),
            "confidence": confidence.astype(float).round(4),
            "note": np.where(confidence < settings["least"], note, ""),
        }
    )
    return table.reset_index()


def pages_to_check(table: pd.DataFrame, most: int = 20) -> list[str]:
    """Lines about the pages of `page_confidence` that people should look at first, the least sure ones before others.

    At most `most` pages are named, and then how many more there are.
    """
    doubtful = table[table["note"] != ""].sort_values("confidence", kind="stable")
    if doubtful.empty:
        return []
    lines = [f"Pages to check first ({len(doubtful)} of {len(table)}), with their confidence:"]
    lines += [f"  {page.image_id}  {page.confidence:.2f}  {page.note}" for page in doubtful[:most].itertuples()]
    return lines + [f"  and {len(doubtful) - most} more"] * (len(doubtful) > most)
