"""Accuracy and confusions of a classifier on its validation crops."""

import numpy as np
import pandas as pd


def accuracies(predicted: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """The share of correct crops, and its mean over the labels. Both arguments are classes, (N,)."""
    right = predicted == labels
    return float(right.mean()), float(pd.Series(right).groupby(labels).mean().mean())


def confusions(predicted: np.ndarray, labels: np.ndarray, charset: list[str]) -> pd.DataFrame:
    """A table of the confused pairs, the most frequent first, ties by codepoint.

    For each pair `codepoint` and `read_as`: the number of `crops`, and their `share` of the codepoint's crops.
    """
    names = np.array(charset, dtype=object)
    table = pd.DataFrame({"codepoint": names[labels], "read_as": names[predicted]})
    counts = table["codepoint"].value_counts()
    wrong = table[table["codepoint"] != table["read_as"]]
    pairs = wrong.groupby(["codepoint", "read_as"], as_index=False).size().rename(columns={"size": "crops"})
    pairs["share"] = pairs["crops"] / counts.reindex(pairs["codepoint"]).to_numpy()
    return pairs.sort_values(["crops", "codepoint", "read_as"], ascending=[False, True, True], ignore_index=True)
