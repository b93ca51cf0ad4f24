"""Pages as boxes alone, in reading order, with what each box is: for tests of the reading order.

All lengths are in characters (em) until the page is scaled; the sizes of characters vary as in cursive writing.
"""

import numpy as np
import pandas as pd

FIELDS = ["x_min", "y_min", "x_max", "y_max", "role", "block", "column"]


def column(rng, x, top, length, em=1.0, ruby=0.0, note=None, spread=0.15):
    """Boxes of one column at `x`, from `top` down to `length` em further.

    ruby: share of the characters that have ruby. note: (start, count): a note of `count` characters in two lines
    begins after `start` characters.
    """
    boxes, y, number = [], top, 0
    while y < top + length * em:
        if note is not None and number == note[0]:
            boxes, y = boxes + _note(rng, x, y, em, note[1]), y + em * (0.5 * ((note[1] + 1) // 2) + 0.1)
        if rng.random() < 0.25:  # a thin kana
            width, height = em * rng.uniform(0.3, 0.5), em * rng.uniform(0.6, 1.1)
        else:
            width, height = em * np.exp(rng.normal(np.log([0.85, 0.85]), spread))
        center = x + em * rng.normal(0, 0.06)
        boxes.append((center - width / 2, y, center + width / 2, y + height, "text"))
        if rng.random() < ruby and width > 0.6 * em:
            boxes += _ruby(rng, x + 0.5 * em, y, em, int(rng.integers(1, 3)))
        y += height + em * abs(rng.normal(0.08, 0.05))
        number += 1
    return boxes


def _ruby(rng, right, y, em, count):
    size = 0.36 * em
    return [
        (left, y + k * 1.1 * size, left + size * rng.uniform(0.7, 1), y + (k * 1.1 + 1) * size, "ruby")
        for k in range(count)
        for left in [right + em * rng.uniform(0.05, 0.12)]
    ]


def _note(rng, x, y, em, count):
    size, boxes = 0.42 * em, []
    for side, own in ((1, (count + 1) // 2), (-1, count // 2)):
        for k in range(own):
            center, top = x + side * (0.25 * em + rng.normal(0, 0.01) * em), y + 0.5 * em * k
            boxes.append((center - size / 2, top, center + size / 2, top + size * rng.uniform(0.85, 1.05), "note"))
    return boxes


def block(rng, right, top, columns, length, em=1.0, pitch=1.5, **settings):
    """Columns from `right` leftwards; each may be given a note."""
    note = settings.pop("note", 0.0)
    found = []
    for number in range(columns):
        place = (int(rng.integers(1, 5)), int(rng.integers(5, 11))) if rng.random() < note else None
        full = column(rng, right - pitch * em * (number + 0.5), top, length, em, note=place, **settings)
        found += [(*box, number) for box in full]
    return found


def page(blocks, scale=60.0, tilt=0.0):
    """A table of the blocks' boxes in pixels, turned by `tilt` degrees, with the true role, block and column."""
    rows, first = [], 0
    for number, boxes in enumerate(blocks):
        rows += [(*box[:5], number, box[5] + first) for box in boxes]
        first += max(box[5] for box in boxes) + 1
    table = pd.DataFrame(rows, columns=FIELDS)
    corners = table[FIELDS[:4]].to_numpy(float)
    center, half = (corners[:, :2] + corners[:, 2:]) / 2, (corners[:, 2:] - corners[:, :2]) / 2
    angle = np.deg2rad(tilt)
    center = center @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    corners = np.concatenate([center - half, center + half], axis=1) * scale
    table[FIELDS[:4]] = np.rint(corners - corners.min(axis=0)[[0, 1, 0, 1]]).astype(int)
    return table


# Every other book of the real layouts: the reading order was made by looking at the others.
HELD_OUT = ["100249416", "200010454", "200017458", "200019865", "200021086", "200021869"]


def real_layouts(folder):
    """The boxes of every page of `../shared/data/layout`, by page id, in the file's order, its column `kept` telling
    which boxes the file has where they are read.

    Annotators added what they had overlooked at the end of a page, or columns away: such boxes are those outside the
    longest part of the file's order that never goes more than a character to the right.
    """
    tables = [pd.read_csv(folder / name) for name in ("dkds_pages_12_books.csv", "dkds_pages_200003803.csv")]
    table = pd.concat(tables, ignore_index=True)
    table = table[table["label_name"] == "Kuzushiji"]
    boxes = pd.DataFrame({"x_min": table["bbox_x"], "y_min": table["bbox_y"]})
    boxes["x_max"], boxes["y_max"] = table["bbox_x"] + table["bbox_width"], table["bbox_y"] + table["bbox_height"]
    pages = dict(list(boxes.groupby(table["image_name"].str.removesuffix(".jpg"))))
    return {image_id: page.assign(kept=_leftward(page)) for image_id, page in pages.items()}


def _leftward(page):
    x = ((page["x_min"] + page["x_max"]) / 2).to_numpy()
    slack = 0.8 * (page["x_max"] - page["x_min"]).median()
    length, before = np.ones(len(x), dtype=int), np.full(len(x), -1)
    for box in range(1, len(x)):
        possible = np.flatnonzero(x[box] <= x[:box] + slack)
        if len(possible):
            before[box] = possible[::-1][np.argmax(length[possible[::-1]])]  # the latest of the longest
            length[box] = length[before[box]] + 1
    kept, box = np.zeros(len(x), dtype=bool), int(length.argmax())
    while box >= 0:
        kept[box], box = True, before[box]
    return kept
