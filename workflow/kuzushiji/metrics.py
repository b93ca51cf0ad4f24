"""How good the result of each stage is."""

import numpy as np
import pandas as pd

from kuzushiji.errors import InputError
from kuzushiji.score import counts, inside_pairs, match, match_boxes

CONFUSIONS = 50  # the commonest are named


def evaluate(
    stages: dict[str, pd.DataFrame], truth: pd.DataFrame, pages: pd.DataFrame, training_books: set[str] = frozenset()
) -> dict:
    """Scores of the stages (name → table of boxes) against `truth` by the competition's metric, fit for JSON.

    Every stage is scored on detection alone, and with its codepoints if it has them; of a table with a column `kept`,
    the kept boxes count. The last stage, if it has codepoints, is also scored per book, for the books that were `seen`
    in training (`training_books`) and the `unseen` ones, and per codepoint, with its commonest confusions: misread
    boxes whose center lies in a true box of another codepoint.

    Only the true boxes on `pages` count. Raises `InputError` if there are no stages, or one has boxes on other pages.
    """
    if not stages:
        raise InputError("evaluate: there is no stage to score")
    truth = truth[truth["image_id"].isin(pages["image_id"])]
    truth = truth.sort_values(["image_id", "box"], kind="stable", ignore_index=True)
    result: dict = {"pages": len(pages), "characters": len(truth), "stages": {}}
    for name, table in stages.items():
        strange = sorted(set(table["image_id"]) - set(pages["image_id"]))
        if strange:
            raise InputError(
                f"{name}: page {strange[0]} is not of this page set ({len(strange)} such pages); "
                "evaluate the pages that were worked on"
            )
        table = table.sort_values(["image_id", "box"], kind="stable", ignore_index=True)
        if "kept" in table:
            table = table[table["kept"].astype(bool)].reset_index(drop=True)
        result["stages"][name] = {"detection": counts(int(match_boxes(table, truth).sum()), len(table), len(truth))}
        if "codepoint" in table:
            hit = match(table, truth)
            result["stages"][name].update(counts(int(hit.sum()), len(table), len(truth)))
    if "codepoint" in table:
        books = pages.drop_duplicates("image_id").set_index("image_id")["book"]
        result["books"] = _by(table["image_id"].map(books), truth["image_id"].map(books), hit)
        seen = books.isin(training_books).map({True: "seen", False: "unseen"})
        result["training"] = _by(table["image_id"].map(seen), truth["image_id"].map(seen), hit)
        result["codepoints"] = _by(table["codepoint"], truth["codepoint"], hit)
        result["confusions"] = _confusions(table[~hit], truth)
    return result


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


def _confusions(missed: pd.DataFrame, truth: pd.DataFrame) -> list[dict]:
    missed = missed.reset_index(drop=True)
    box, point = inside_pairs(missed, truth, ["image_id"])
    pairs = pd.DataFrame(
        {
            "truth": truth["codepoint"].to_numpy(object)[box],
            "predicted": missed["codepoint"].to_numpy(object)[point],
            "point": point,
        }
    )
    pairs = pairs[pairs["truth"] != pairs["predicted"]].drop_duplicates("point")
    found = pairs.groupby(["truth", "predicted"]).size().rename("count").reset_index()
    found = found.sort_values(["count", "truth", "predicted"], ascending=[False, True, True]).head(CONFUSIONS)
    return found.astype({"count": int}).to_dict("records")


def score_table(scores: dict[str, dict]) -> pd.DataFrame:
    """The scores of `evaluate`'s stages or books as a table, a row each, rounded for people."""
    columns = ["f1", "precision", "recall", "true_positives", "false_positives", "false_negatives"]
    rows = {
        name: {column: score.get(column, np.nan) for column in columns}
        | {f"detection_{column}": value for column, value in score.get("detection", {}).items() if column == "f1"}
        for name, score in scores.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").round(4)
