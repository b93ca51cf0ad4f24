"""How well a page set was read, book by book, in one table for readers."""

import pandas as pd

from kuzushiji.common.score import counts

_COUNTS = ["pages", "characters"]


def verdict(detections: pd.DataFrame, scores: pd.DataFrame, texts: pd.DataFrame | None = None) -> pd.DataFrame:
    """A row a book, and one of all books, with rates from 0 to 1.

    detections: the books' scores of every detector, see `detection_metrics`; the last detector's are shown.
    scores: F1, precision and recall of the kept characters by book, see `metrics`.
    texts: error rates of the text by book, see `text_metrics`, where the text is known.

    Returns `book`, `seen in training`, `pages`, `characters`, `detection F1`, `F1`, `precision`, `recall` and, with
    `texts`, `CER` (character error rate).
    """
    last = detections[detections["detector"] == detections["detector"].iloc[-1]]
    # The rows of seen and unseen books together repeat that of all books where there is one kind only.
    books = last[(last["book"] != "(all)") | (last["training"] == "(all)")].set_index("book")
    hits, wrong, missed = scores[["true_positives", "false_positives", "false_negatives"]].sum()
    everything = {"book": "(all)", **counts(hits, hits + wrong, hits + missed)}
    table = books[["training", *_COUNTS, "f1"]].rename(columns={"f1": "detection F1", "training": "seen in training"})
    table["seen in training"] = table["seen in training"].map({"seen": "yes", "unseen": "no"}).fillna("")
    read = pd.concat([scores, pd.DataFrame([everything])]).set_index("book")[["f1", "precision", "recall"]]
    table = table.join(read.rename(columns={"f1": "F1"}))
    if texts is not None:
        errors = texts[texts["source"] == "recognized"].set_index("book")["error_rate"]
        table = table.join(errors.rename("CER"))
    return table.reset_index()
