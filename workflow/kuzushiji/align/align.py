"""Boxes for the characters of transcriptions, by forced alignment with the boxes that were found."""

import logging
import unicodedata
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa

from kuzushiji.align.interpolate import Found, interpolate
from kuzushiji.align.lattice import best_path, posteriors
from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.codepoints import character
from kuzushiji.common.errors import InputError
from kuzushiji.common.tables import SCHEMAS, concat_tables
from kuzushiji.pages.labels import label_runs
from kuzushiji.text.alternatives import find_alternatives
from kuzushiji.text.reading_order import reading_order
from kuzushiji.text.transcriptions import Written, known_texts, normalize, written

UNMATCHED = ["image_id", "what", "place", "codepoint", "x", "y", "width", "height", "context"]
_CONTEXT = 5  # characters on each side
_ILLEGIBLE = "□■〓\ufffd"  # what editors put for it
_GIVEN_UNUSED = 1e-4  # probability that a given box is not in the text


def align_known(
    merged: pd.DataFrame,
    predictions: dict[str, list[pa.Table]],
    pages: pd.DataFrame,
    truth: pd.DataFrame | None,
    transcriptions: dict[str, str],
    settings: dict,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The characters' boxes on those of `pages` whose text is known, these as labels, and what did not fit.

    predictions: as `find_alternatives` takes them. truth: exact boxes of some characters; on pages of the image sets
    `settings["drawn"]`, they are the text instead. settings: `align` of the configuration, `top_k` and `drawn`.

    The labels, in the competition's layout, have the boxes of at least `least_trust`, and no row for pages without a
    known text. The others are as `align_pages` gives and raises.
    """
    none = SCHEMAS["truth"].empty_table().to_pandas()
    truth = none if truth is None else truth
    texts = known_texts(pages, truth, transcriptions, settings["drawn"])
    texts = {image_id: texts[image_id] for image_id in pages["image_id"] if image_id in texts}
    logging.info("%d of %d pages have a known text", len(texts), len(pages))
    scanned = pages.loc[~pages["image_set"].isin(settings["drawn"]), "image_id"]
    aligned, unmatched = align_pages(
        merged,
        find_alternatives(merged, predictions, settings["top_k"]),
        truth[truth["image_id"].isin(scanned)],
        texts,
        settings,
    )
    trusted = aligned[aligned["trust"] >= settings["least_trust"]]
    return aligned, label_runs(trusted, sorted(texts)), unmatched


def align_pages(
    merged: pd.DataFrame, alternatives: pd.DataFrame, given: pd.DataFrame, texts: dict[str, str], settings: dict
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Boxes for the characters of the pages with known `texts`, and what did not fit.

    merged: the boxes that were found; alternatives: their codepoints and probabilities; given: exact boxes of some
    characters, a table "truth". settings: `align` of the configuration.

    A page's boxes, in the reading order that follows from them alone, and the characters of its text are aligned in
    order. A match weighs how many times as probable the classifiers find the character as it is in the text, at least
    `unlisted`, the share of boxes whose lists lack their character; those that `normalize` makes equal are equal. What
    an editor could not read (□, ■, 〓) takes a box, of any character, which stays unmatched with it. A box
    may have no character: with probability `spurious` if the detector is sure of it, more if not, at least `aside` if
    it is ruby or in a note. A character may have no box, with probability `missing`, or `punctuation`. Given boxes
    replace those found at their place and can only be their own character. Where a line of the text and a column both
    begin, a match is `column_break` times as probable. Trust is 2 from the `posterior` on that this match has over all
    ways to align. Characters without a box get one between their neighbors, of trust 0, where there is `room`.

    Returns a table "aligned", in the order of the text, and the unmatched characters and boxes (`UNMATCHED`): `place`
    is that in the text, from 0, where a box would stand. A page without any boxes has no rows in the first. Raises
    `InputError` if there is no text at all.
    """
    if not texts:
        raise InputError("align: no page of this page set has a transcription; correct the image_ids there")
    found = merged[merged["detector_score"] >= settings["detector_score"]].merge(
        alternatives, on=["image_id", "box"], how="left", validate="one_to_one"
    )
    found_by_page, given_by_page = (dict(list(table.groupby("image_id"))) for table in (found, given))
    aligned, unmatched = [], []
    for image_id, text in sorted(texts.items()):
        boxes, rows = _align_page(
            found_by_page.get(image_id, found.iloc[:0]), given_by_page.get(image_id, given.iloc[:0]), text, settings
        )
        aligned.append(boxes.assign(image_id=image_id, box=np.arange(len(boxes))))
        unmatched += [{"image_id": image_id, **row} for row in rows]
    table = concat_tables(aligned, "aligned")
    for trust, count in table["trust"].value_counts().sort_index(ascending=False).items():
        logging.info("trust %d: %d boxes", trust, count)
    left = pd.DataFrame(unmatched, columns=UNMATCHED)
    for what, count in left["what"].value_counts().items():
        logging.info("unmatched: %s: %d", what, count)
    return table, left.astype(dict.fromkeys(["x", "y", "width", "height"], "Int64"))


def _align_page(found: pd.DataFrame, given: pd.DataFrame, text: str, settings: dict) -> tuple[pd.DataFrame, list[dict]]:
    """The boxes of a page's text in its order, and what is left of both."""
    characters = written(text)
    boxes = reading_order(_with_given(found, given))
    match, skip, missing = _weights(boxes, characters, settings)
    chosen = best_path(match, skip, missing)
    posterior = posteriors(match, skip, missing)
    exact = boxes["given"].to_numpy(bool)
    illegible = np.array([*(one.character in _ILLEGIBLE for one in characters), False])  # the last for boxes of none
    chosen = np.where(illegible[chosen] & ~exact, -1, chosen)
    rows = np.flatnonzero(chosen >= 0)
    free = np.setdiff1d(np.arange(len(characters)), chosen)
    drawn = free[[not illegible[place] and not _is_punctuation(characters[place].character) for place in free]]
    between = interpolate(
        Found(
            boxes[CORNERS].to_numpy(float)[rows],
            chosen[rows],
            *(boxes[name].to_numpy()[rows] for name in ("block", "column", "line", "role")),
        ),
        drawn,
        settings["room"],
    )
    place = np.maximum.accumulate(np.append(-1, chosen))[1:]  # of the last character up to each box
    sure = np.zeros(len(boxes))
    sure[rows] = posterior[rows, chosen[rows]]
    trust = np.where(exact, 3, np.where(sure >= settings["posterior"], 2, 1))
    kept = exact | (chosen >= 0)
    parts = boxes.loc[kept, [*CORNERS, "codepoint"]].assign(
        codepoint=[
            _codepoint(characters[number].character) if number >= 0 and not is_given else own
            for own, number, is_given in zip(boxes["codepoint"][kept], chosen[kept], exact[kept], strict=True)
        ],
        trust=trust[kept],
        posterior=np.where(exact, 1.0, sure)[kept],
        order=chosen[kept],
        after=place[kept],
    )
    added = pd.DataFrame(
        [
            (*np.rint(corners).astype(int), _codepoint(characters[number].character), 0, 0.0, number, number)
            for number, corners in between.items()
        ],
        columns=list(parts),
    )
    table = pd.concat([part for part in (parts, added) if len(part)] or [parts], ignore_index=True)
    table = table.sort_values("after", kind="stable", ignore_index=True)
    return table, list(_left(boxes, chosen, place, characters, [number for number in free if number not in between]))


def _with_given(found: pd.DataFrame, given: pd.DataFrame) -> pd.DataFrame:
    """The boxes found, and in place of those whose center is in a given box, or the other way round, the given ones."""
    mine, theirs = found[CORNERS].to_numpy(float), given[CORNERS].to_numpy(float)
    same = (_holds(mine[:, None], theirs[None]) | _holds(theirs[None], mine[:, None])).any(axis=1)
    parts = [
        found[~same].assign(given=False),
        given.assign(given=True, detector_score=1.0, codepoints=None, probabilities=None),
    ]
    columns = [*CORNERS, "codepoint", "detector_score", "codepoints", "probabilities", "given"]
    return pd.concat([part[columns] for part in parts if len(part)] or [parts[0][columns]], ignore_index=True)


def _holds(outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Whether the box `outer` has the center of `inner`; (..., 4) corners, which broadcast."""
    center = (inner[..., :2] + inner[..., 2:]) / 2
    return ((outer[..., :2] <= center) & (center <= outer[..., 2:])).all(axis=-1)


def _weights(boxes: pd.DataFrame, characters: list[Written], settings: dict) -> tuple[np.ndarray, ...]:
    """The log weights of the page's `boxes`, in reading order, with its characters; as `posteriors` takes them."""
    names, code, count = np.unique(
        [normalize(one.character) for one in characters], return_inverse=True, return_counts=True
    )
    number = {name: position for position, name in enumerate(names)}
    ratio = np.full((len(boxes), len(names)), float(settings["unlisted"]))
    for row, (own, is_given, listed, shares) in enumerate(
        zip(boxes["codepoint"], boxes["given"], boxes["codepoints"], boxes["probabilities"], strict=True)
    ):
        if is_given:
            ratio[row] = 0.0
            listed, shares = [own], [1.0]
        total: dict[str, float] = {}  # of variants that count as one
        for name, part in zip(listed, shares, strict=True):
            mark = normalize(character(name))
            total[mark] = total.get(mark, 0.0) + float(part)
        for mark, part in total.items():
            if mark in number:
                usual = count[number[mark]] / len(characters)
                ratio[row, number[mark]] = max(ratio[row, number[mark]], part / usual)
    noise = 1 - boxes["detector_score"].to_numpy(float).clip(0, 1) * (1 - settings["spurious"])
    noise = np.where(boxes["role"].isin(["ruby", "note"]), np.maximum(noise, settings["aside"]), noise).clip(max=0.999)
    noise = np.where(boxes["given"].to_numpy(bool), _GIVEN_UNUSED, noise)
    with np.errstate(divide="ignore"):
        match = np.log(ratio)[:, code] + np.log1p(-noise)[:, None]
    begins = np.array([one.begins for one in characters], dtype=bool)
    first = ~boxes.assign(column=boxes["column"].where(boxes["role"] != "ruby"))["column"].duplicated().to_numpy()
    first &= (boxes["role"] != "ruby").to_numpy()
    match += np.log(settings["column_break"]) * (first[:, None] & begins[None, :])
    absent = np.where(
        [_is_punctuation(one.character) for one in characters], settings["punctuation"], settings["missing"]
    )
    return match, np.log(noise), np.log(absent.astype(float))


def _is_punctuation(mark: str) -> bool:
    """Whether it may be the editor's rather than the page's; repeat marks are letters in Unicode."""
    return unicodedata.category(mark).startswith("P")


def _codepoint(mark: str) -> str:
    return f"U+{ord(mark):04X}"


def _left(
    boxes: pd.DataFrame, chosen: np.ndarray, place: np.ndarray, characters: list[Written], free: list[int]
) -> Iterator[dict]:
    """The rows of the unmatched: characters, then boxes, each by its place in the text."""
    text = [one.character for one in characters]
    for number in map(int, free):
        around = (text[max(0, number - _CONTEXT) : number], text[number + 1 : number + 1 + _CONTEXT])
        context = f"{''.join(around[0])}【{text[number]}】{''.join(around[1])}"
        yield {"what": "character", "place": number, "codepoint": _codepoint(text[number]), "context": context}
    for row in np.flatnonzero(chosen < 0):
        box, number = boxes.iloc[row], int(place[row]) + 1
        around = (text[max(0, number - _CONTEXT) : number], text[number : number + _CONTEXT])
        yield {
            "what": "given box" if box["given"] else "box",
            "place": number,
            "codepoint": box["codepoint"],
            "x": int(box["x_min"]),
            "y": int(box["y_min"]),
            "width": int(box["x_max"] - box["x_min"]),
            "height": int(box["y_max"] - box["y_min"]),
            "context": f"{''.join(around[0])}【】{''.join(around[1])}",
        }
