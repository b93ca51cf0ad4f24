"""The competition's submission."""

import pandas as pd

from kuzushiji.boxes import centers
from kuzushiji.errors import InputError


def submission(recognized: pd.DataFrame, image_ids: list[str], max_predictions: int) -> pd.DataFrame:
    """The competition's submission: `image_id` and `labels`, runs of `codepoint x y`, one row a page of `image_ids`.

    The points are the centers of the boxes that were kept, rounded half to even. Of a page with more than
    `max_predictions` of them, those with the highest character probability are taken. A page without any has an
    empty string. Raises `InputError` where `recognized` has a page that is not among `image_ids`.
    """
    kept = recognized[recognized["kept"].astype(bool)]
    unknown = sorted(set(kept["image_id"]) - set(image_ids))
    if unknown:
        raise InputError(
            f"page {unknown[0]} was recognized but is not of this page set ({len(unknown)} such pages); "
            "submit the pages that were recognized"
        )
    best = kept.sort_values(["image_id", "probability", "box"], ascending=[True, False, True], kind="stable")
    best = best[best.groupby("image_id").cumcount() < max_predictions].sort_values(["image_id", "box"])
    x, y = centers(best).T.astype(str)
    runs = best["codepoint"].astype(object) + " " + x.astype(object) + " " + y.astype(object)
    labels = runs.groupby(best["image_id"]).agg(" ".join) if len(best) else pd.Series(dtype=object)
    ids = pd.Index(image_ids, dtype=object)
    return pd.DataFrame({"image_id": ids, "labels": labels.reindex(ids).fillna("").to_numpy(object)})
