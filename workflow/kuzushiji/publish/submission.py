"""The competition's submission."""

import os
import re

import numpy as np
import pandas as pd

from kuzushiji.common.boxes import centers
from kuzushiji.common.codepoints import is_codepoint
from kuzushiji.common.errors import InputError
from kuzushiji.common.score import taken

_COLUMNS = ["image_id", "labels"]


def submission(
    recognized: pd.DataFrame, image_ids: list[str], max_predictions: int, sample_ids: list[str] | None = None
) -> pd.DataFrame:
    """The competition's submission: `image_id` and `labels`, runs of `codepoint x y`, one row per page of `image_ids`.

    The points are the centers of the kept boxes, rounded half to even. If a page has more than `max_predictions`, those
    with the highest character probability are used; a page without any has an empty string. Rows are in the order of
    `sample_ids`, the ids of the competition's sample, if given.

    Raises `InputError` if `recognized` has a page that is not in `image_ids`, or if `sample_ids` and `image_ids` are
    not the same pages.
    """
    kept = recognized[recognized["kept"].astype(bool)]
    unknown = sorted(set(kept["image_id"].unique()) - set(image_ids))
    if unknown:
        raise InputError(
            f"page {unknown[0]} was recognized but is not of this page set ({len(unknown)} such pages); "
            "submit the pages that were recognized"
        )
    if sample_ids is not None:
        _same_pages(image_ids, sample_ids)
        image_ids = sample_ids
    kept = taken(kept, max_predictions).sort_values(["image_id", "box"])
    x, y = centers(kept).T.astype(str)
    runs = kept["codepoint"].astype(object).to_numpy() + " " + x.astype(object) + " " + y.astype(object)
    labels = pd.Series(runs, dtype=object).groupby(kept["image_id"].to_numpy(object)).agg(" ".join)
    ids = pd.Index(image_ids, dtype=object)
    return pd.DataFrame({"image_id": ids, "labels": labels.reindex(ids).fillna("").to_numpy(object)})


def read_submission(path: str | os.PathLike, max_predictions: int) -> dict[str, pd.DataFrame]:
    """The points of a submission: page id → `codepoint`, `x`, `y` (pixels), in its order.

    Raises `InputError`, with the page, for errors that the competition would not accept: other columns, a duplicate
    page, labels that are not runs of `codepoint x y`, or more than `max_predictions` of them.
    """
    try:
        table = pd.read_csv(path, keep_default_na=False, dtype=str)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path}: cannot be read as a submission: {error}") from error
    if list(table) != _COLUMNS:
        raise InputError(f"{path}: the columns are {', '.join(table)}; a submission has image_id,labels")
    again = table["image_id"][table["image_id"].duplicated()]
    if len(again):
        raise InputError(f"{path}: page {again.iloc[0]} is there twice ({len(again)} such rows); leave one of them")
    return {
        page: _points(f"{path}, page {page}", labels.split(), max_predictions)
        for page, labels in zip(table["image_id"], table["labels"], strict=True)
    }


def _points(where: str, words: list[str], max_predictions: int) -> pd.DataFrame:
    codepoints, x, y = words[::3], words[1::3], words[2::3]
    strange = [name for name in codepoints if not is_codepoint(name)]
    strange += [word for word in x + y if not re.fullmatch(r"-?\d+", word)]
    if len(words) % 3 or strange:
        what = f"{strange[0]!r} is out of place" if strange else f"{len(words)} words do not make triples"
        raise InputError(f"{where}: {what}; labels are runs of `codepoint x y`, such as U+3042 10 20")
    if len(codepoints) > max_predictions:
        raise InputError(f"{where}: {len(codepoints)} predictions; the competition takes {max_predictions} a page")
    return pd.DataFrame({"codepoint": codepoints, "x": np.array(x, dtype=np.int64), "y": np.array(y, dtype=np.int64)})


def _same_pages(image_ids: list[str], sample_ids: list[str]) -> None:
    missing, strange = (sorted(set(a) - set(b)) for a, b in ((sample_ids, image_ids), (image_ids, sample_ids)))
    if missing or strange:
        named = [
            f"{ids[0]} {why} ({len(ids)} such pages)"
            for ids, why in (
                (missing, "is wanted, but is no page of this set"),
                (strange, "is of this set, but is not wanted"),
            )
            if ids
        ]
        raise InputError(
            f"submission.sample: page {'; page '.join(named)}; recognize the competition's own test pages, or set "
            "submission.sample: null"
        )
