"""Scores of the result of each stage."""

from itertools import product

import numpy as np
import pandas as pd

from kuzushiji.common.codepoints import character
from kuzushiji.common.errors import InputError
from kuzushiji.common.score import counts, inside_pairs, match, match_boxes, taken
from kuzushiji.common.stages import STAGES

CONFUSIONS = 50  # the most frequent ones
# Bands of a codepoint's frequency in training: the least count of each.
BANDS = {0: "0", 1: "1-9", 10: "10-99", 100: "100-999", 1000: "1000+"}


def name_stages(
    made: dict[str, list[pd.DataFrame]], detectors: list[str], classifiers: list[str]
) -> dict[str, pd.DataFrame]:
    """The tables that each stage `made` (stage → its tables), each with a name: "fused 060000", "merged", ….

    The tables of a stage are those of `common.stages`: one per detector, say, in the order of `detectors`. Raises
    `InputError` for another stage or number of tables.
    """
    names = {"detector": detectors, "classifier": classifiers}
    parts = {
        name: [" ".join(combined) for combined in product(*[names[each] for each in stage.each])]
        for name, stage in STAGES.items()
    }
    named = {}
    for stage, tables in made.items():
        if stage not in parts or len(tables) != len(parts[stage]):
            raise InputError(
                f"evaluate: {stage} has {len(tables)} tables; there are {len(detectors)} detectors and "
                f"{len(classifiers)} classifiers, and the stages {', '.join(parts)}"
            )
        named |= {f"{stage} {part}".strip(): table for part, table in zip(parts[stage], tables, strict=True)}
    return named


def evaluate(
    stages: dict[str, pd.DataFrame],
    truth: pd.DataFrame,
    pages: pd.DataFrame,
    max_predictions: int,
    training_books: set[str] | None = frozenset(),
    training_codepoints: pd.Series | None = None,
) -> dict:
    """Scores of the stages (name → table of boxes) against `truth` by the competition's metric, ready for JSON.

    Every stage is scored on detection alone (as if all codepoints were right), and with its codepoints if it has them.
    If a table has a column `kept`, only the kept boxes count, and as in the submission no more than `max_predictions`
    of a page. The last stage, if it has codepoints, is also scored per book, for the books `seen` in training
    (`training_books`) and the `unseen` ones, per codepoint, and for the `BANDS` of each codepoint's frequency among
    `training_codepoints` (the true boxes of training). Its most frequent confusions are listed: misread boxes whose
    center lies in a true box of another codepoint.

    Only the true boxes on `pages` count. Raises `InputError` if there are no stages, or one has boxes on other pages.
    """
    if not stages:
        raise InputError("evaluate: there is no stage to score")
    truth = truth[truth["image_id"].isin(pages["image_id"])]
    truth = truth.sort_values(["image_id", "box"], kind="stable", ignore_index=True)
    result: dict = {"pages": len(pages), "characters": len(truth), "stages": {}}
    for name, table in stages.items():
        strange = sorted(set(table["image_id"].unique()) - set(pages["image_id"]))
        if strange:
            raise InputError(
                f"{name}: page {strange[0]} is not of this page set ({len(strange)} such pages); "
                "evaluate the pages that were worked on"
            )
        table = table.sort_values(["image_id", "box"], kind="stable", ignore_index=True)
        if "kept" in table:
            table = taken(table[table["kept"].astype(bool)], max_predictions).reset_index(drop=True)
        result["stages"][name] = {"detection": counts(int(match_boxes(table, truth).sum()), len(table), len(truth))}
        if "codepoint" in table:
            hit = match(table, truth)
            result["stages"][name].update(counts(int(hit.sum()), len(table), len(truth)))
    if "codepoint" in table:
        books = pages.drop_duplicates("image_id").set_index("image_id")["book"]
        result["books"] = _by(table["image_id"].map(books), truth["image_id"].map(books), hit)
        seen = seen_in_training(books, training_books)
        result["training"] = _by(table["image_id"].map(seen), truth["image_id"].map(seen), hit)
        result["codepoints"] = _by(table["codepoint"], truth["codepoint"], hit)
        if training_codepoints is not None:
            seen_before = training_codepoints.value_counts()
            for name, row in result["codepoints"].items():
                row["training_count"] = int(seen_before.get(name, 0))
            result["bands"] = _by(
                *(_band(column, seen_before) for column in (table["codepoint"], truth["codepoint"])), hit
            )
            result["bands"] = {band: result["bands"][band] for band in BANDS.values() if band in result["bands"]}
        confusions = count_confusions(confused_boxes(table, truth))
        result["confusions"] = confusions.astype({"count": int}).to_dict("records")
    return result


def seen_in_training(books: pd.Series, training_books: set[str] | None) -> pd.Series:
    """For each of `books` whether training saw it, "seen" or "unseen"; "unknown" if `training_books` is None."""
    if training_books is None:
        return pd.Series("unknown", index=books.index)
    return books.isin(training_books).map({True: "seen", False: "unseen"})


def _band(codepoints: pd.Series, seen_before: pd.Series) -> pd.Series:
    seen = codepoints.map(seen_before).fillna(0).to_numpy(np.int64)
    return pd.Series(np.array(list(BANDS.values()), dtype=object)[np.searchsorted(list(BANDS), seen, side="right") - 1])


def _by(predicted: pd.Series, true: pd.Series, hit: np.ndarray) -> dict:
    """Scores for each value of a column, with the number of true boxes as `count`."""
    table = pd.DataFrame(
        {
            "hits": predicted[hit].value_counts(),
            "predicted": predicted.value_counts(),
            "true": true.value_counts(),
        }
    )
    table = table.fillna(0).astype(int).sort_index()
    return {
        str(name): {"count": int(row.true), **counts(int(row.hits), int(row.predicted), int(row.true))}
        for name, row in zip(table.index, table.itertuples(index=False), strict=True)
    }


def confused_boxes(read: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """The misread boxes of the table `read`: not hits, but with the center in a true box of another codepoint.

    Columns `truth` and `predicted` (codepoints), `true_box` and `read_box` (rows of the tables). If several true boxes
    contain a center, the first counts.
    """
    missed = np.flatnonzero(~match(read, truth))
    box, point = inside_pairs(read.iloc[missed], truth, ["image_id"])
    pairs = pd.DataFrame({"true_box": box, "read_box": missed[point]})
    pairs["truth"] = truth["codepoint"].to_numpy(object)[pairs["true_box"]]
    pairs["predicted"] = read["codepoint"].to_numpy(object)[pairs["read_box"]]
    return pairs[pairs["truth"] != pairs["predicted"]].drop_duplicates("read_box", ignore_index=True)


def count_confusions(pairs: pd.DataFrame) -> pd.DataFrame:
    """The most frequent pairs of codepoints among the `confused_boxes`, with their `count`."""
    found = pairs.groupby(["truth", "predicted"]).size().rename("count").reset_index()
    return found.sort_values(["count", "truth", "predicted"], ascending=[False, True, True]).head(CONFUSIONS)


def score_table(scores: dict[str, dict]) -> pd.DataFrame:
    """A part of the result of `evaluate` (stages, books, codepoints or bands) as a table, rounded for people.

    The columns, the most telling first: F1, precision and recall, F1 of detection alone if known, the `count` of true
    boxes and `training_count` if known, then what these come from.
    """
    columns = ["f1", "precision", "recall", "detection_f1", "count", "training_count"]
    columns += ["true_positives", "false_positives", "false_negatives", "detection_precision", "detection_recall"]
    alone = ("f1", "precision", "recall")
    rows = [
        score | {f"detection_{name}": score.get("detection", {}).get(name) for name in alone}
        for score in scores.values()
    ]
    table = pd.DataFrame(rows, index=pd.Index(scores, dtype=object)).reindex(columns=columns).dropna(axis=1, how="all")
    whole = [name for name in table if name.endswith(("count", "tives"))]
    return table.astype(dict.fromkeys(whole, "Int64")).round(4)


def confusion_table(confusions: list[dict]) -> pd.DataFrame:
    """The confusions of `evaluate`, with the characters beside the codepoints."""
    table = pd.DataFrame(confusions, columns=["truth", "predicted", "count"])
    for place, name in ((1, "truth"), (3, "predicted")):
        table.insert(place, f"{name}_character", table[name].map(character))
    return table
