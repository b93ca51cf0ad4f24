"""How right aligned boxes are, on pages whose true boxes are known."""

import pandas as pd

from kuzushiji.common.score import match


def trust_scores(aligned: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Of each trust, and of `all`: `boxes`, the share `right` of them, and the share `found` of the true boxes.

    An aligned box is right if its center lies in a true box of its character, a true box being used once, as the
    competition counts. Tables "aligned" and "truth".
    """
    hit = match(aligned, truth)
    rows = []
    for trust in [*sorted(aligned["trust"].unique(), reverse=True), "all"]:
        own = hit if trust == "all" else hit[aligned["trust"] == trust]
        rows.append((trust, len(own), own.mean() if len(own) else 0.0, own.sum() / len(truth) if len(truth) else 0.0))
    return pd.DataFrame(rows, columns=["trust", "boxes", "right", "found"])
