"""The split of pages into training and validation of the book classifier."""

import numpy as np
import pandas as pd

from kuzushiji.common.errors import InputError


def book_folds(pages: pd.DataFrame, holdout: float, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split pages at random into training and validation, with a share `holdout` of every book in validation.

    The published solution held out a random fifth of all pages. Here every book of two pages or more has pages on both
    sides, and the only page of a book trains. `pages` has the columns `image_id` and `book`, in any order;
    both tables have the schema "folds", a page as box 0 and its book as codepoint, sorted by page. Raises `InputError`
    if there are fewer than two books, or none with two pages.
    """
    pages = pages.sort_values("image_id", ignore_index=True)
    counts = pages["book"].value_counts()
    if len(counts) < 2 or counts.max() < 2:
        raise InputError(
            f"book_classifier: pages of {len(counts)} books, {counts.max() if len(counts) else 0} at most of one; to "
            "tell books apart takes two or more, one of them with two pages: add pages to the page set under `training`"
        )
    mixed = pages.sample(frac=1, random_state=np.random.default_rng(seed))
    place = mixed.groupby("book").cumcount().reindex(pages.index)  # of a page in its book's random order
    count = pages["book"].map(counts)
    # None of a single page: if the bounds cross, NumPy's clip returns the upper one.
    validates = place < np.clip(np.rint(count.to_numpy() * holdout), 1, count.to_numpy() - 1)
    rows = pd.DataFrame({"image_id": pages["image_id"], "box": 0, "codepoint": pages["book"]})
    return rows[~validates].reset_index(drop=True), rows[validates].reset_index(drop=True)
