"""A page set that is a subset of others."""

import pandas as pd

from kuzushiji.common.errors import InputError


def subset(tables: list[pd.DataFrame], image_ids: list[str]) -> pd.DataFrame:
    """The rows of `tables` that belong to the pages `image_ids`.

    Raises `InputError` if two of the tables hold the same page.
    """
    pages = pd.concat([table["image_id"].drop_duplicates() for table in tables])
    twice = sorted(set(pages[pages.duplicated()]) & set(image_ids))
    if twice:
        raise InputError(f"page_sets: {', '.join(twice)}: the same page id in two image sets; rename one of the files")
    joined = pd.concat(tables, ignore_index=True)
    return joined[joined["image_id"].isin(image_ids)]
