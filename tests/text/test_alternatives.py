import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.errors import InputError
from kuzushiji.common.tables import SCHEMAS, read_table, write_table
from kuzushiji.text import alternatives as module
from kuzushiji.text.alternatives import find_alternatives

NAMES = [f"U+{number:04X}" for number in range(0x3042, 0x304A)]


def predictions(boxes, seed, top):
    """One classifier's table: all probabilities of every box, and the `top` most probable in the lists."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(len(NAMES)), len(boxes)).astype(np.float32)
    best = np.argsort(-shares, axis=1)[:, :top]
    table = boxes.assign(
        detector_score=0.5,
        codepoint=[NAMES[row[0]] for row in best],
        probability=shares.max(axis=1),
        codepoints=[[NAMES[code] for code in row] for row in best],
        probabilities=[own[row] for own, row in zip(shares, best, strict=True)],
    )
    return pa.Table.from_pandas(table[SCHEMAS["top_k"].names], schema=SCHEMAS["top_k"], preserve_index=False)


def make_boxes(count, seed):
    """Boxes of two detectors on two pages, and recognized ones: some of them, numbered anew."""
    rng = np.random.default_rng(seed)
    boxes = {}
    for detector in ("a", "b"):
        corners = rng.permutation(5000)[: count * 4].reshape(count, 4)
        boxes[detector] = pd.DataFrame(corners, columns=CORNERS).assign(
            image_id=np.sort(rng.choice(["one", "two"], count)), box=np.arange(count)
        )
    merged = pd.concat([table.assign(detector=name, codepoint=NAMES[0]) for name, table in boxes.items()]).sample(
        frac=0.6, random_state=seed
    )
    merged["box"] = merged.groupby("image_id").cumcount()
    return boxes, merged.reset_index(drop=True)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 30), st.integers(0, 99), st.integers(1, len(NAMES)), st.integers(1, 10), st.integers(1, 7))
def test_alternatives_are_the_mean_over_the_classifiers_that_read_the_box(count, seed, top, top_k, at_once):
    boxes, recognized = make_boxes(count, seed)
    tables = {name: [predictions(table, seed + number, top) for number in (1, 2, 3)] for name, table in boxes.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BOXES_AT_ONCE", at_once)
        found = find_alternatives(recognized, tables, top_k)
    assert found[["image_id", "box"]].to_numpy().tolist() == sorted(recognized[["image_id", "box"]].to_numpy().tolist())
    merged = recognized.merge(found, on=["image_id", "box"])
    own_rows = {name: [table.to_pandas().set_index(CORNERS) for table in kept] for name, kept in tables.items()}
    for row in merged.itertuples():
        mean = dict.fromkeys(NAMES, 0.0)
        for rows in own_rows[row.detector]:
            own = rows.loc[(row.x_min, row.y_min, row.x_max, row.y_max)]
            for name, share in zip(own["codepoints"], own["probabilities"], strict=True):
                mean[name] += float(share) / 3
        expected = sorted((name for name in mean if mean[name] > 0), key=lambda name: (-mean[name], name))[:top_k]
        assert list(row.codepoints) == expected
        assert np.allclose(row.probabilities, [mean[name] for name in expected], atol=1e-6)


def test_the_classifiers_order_changes_nothing(tmp_path):
    boxes, recognized = make_boxes(20, 0)
    tables = {name: [predictions(table, number, 5) for number in (1, 2, 3)] for name, table in boxes.items()}
    for name, order in (("one", 1), ("two", -1)):
        found = find_alternatives(recognized, {key: table[::order] for key, table in tables.items()}, 5)
        write_table(found, tmp_path / name, "alternatives")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert len(read_table(tmp_path / "one", "alternatives")) == len(recognized)


def test_no_boxes_have_no_alternatives():
    boxes, recognized = make_boxes(5, 0)
    found = find_alternatives(recognized.iloc[:0], {"a": [predictions(boxes["a"], 0, 3)]}, 5)
    assert found.empty


def test_a_box_or_a_detector_that_was_not_read_is_named():
    boxes, recognized = make_boxes(5, 0)
    with pytest.raises(InputError, match="detector b"):
        find_alternatives(recognized, {"a": [predictions(boxes["a"], 0, 3)]}, 5)
    missing = {name: [predictions(table.iloc[:1], 0, 3)] for name, table in boxes.items()}
    with pytest.raises(InputError, match=r"page .*, box .* lacks this box"):
        find_alternatives(recognized, missing, 5)
