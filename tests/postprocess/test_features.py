import numpy as np
import pandas as pd
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from tables_for_tests import CODEPOINTS, GOLDEN, box_lists, empty, page_sizes, random_boxes

from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.errors import InputError
from kuzushiji.postprocess import features as module
from kuzushiji.postprocess.features import FEATURES, VARIANTS, Variant, page_features, read_features, write_features

COLUMNS = [*CORNERS, "detector_score", "codepoint", "probability"]


def assert_features(found: pd.DataFrame, expected: pd.DataFrame, rtol: float = 1e-9) -> None:
    pd.testing.assert_frame_equal(
        found[FEATURES].reset_index(drop=True), expected[FEATURES].astype(float), rtol=rtol, atol=1e-12
    )


@pytest.mark.parametrize(
    ("golden", "variant"),
    [
        ("published", VARIANTS["published"]),
        ("published", "published"),
        ("intended", Variant(shared_neighbors=False, mixed_page_rates=True)),
    ],
)
def test_golden_features_are_reproduced(golden, variant):
    boxes = pd.read_parquet(GOLDEN / "features_input.parquet")
    expected = pd.read_parquet(GOLDEN / f"features_{golden}.parquet")
    assert list(expected) == FEATURES
    assert_features(page_features(boxes, boxes[["image_id", "width", "height"]], variant), expected)


def test_intended_differs_from_golden_in_the_page_rates_alone():
    boxes = pd.read_parquet(GOLDEN / "features_input.parquet")
    expected = pd.read_parquet(GOLDEN / "features_intended.parquet")
    found = page_features(boxes, boxes[["image_id", "width", "height"]])
    width, height = boxes["width"], boxes["height"]
    for name in FEATURES:
        if name.endswith("area_page_rate"):
            expected[name] /= height**2
        elif name.startswith("nearest") and name.endswith("_height_page_rate"):
            expected[name] *= width / height
    assert found["area_page_rate"].between(0, 1).all()
    assert_features(found, expected)


def pages():
    details = st.tuples(
        st.integers(0, 9), st.sampled_from([*CODEPOINTS, "U+3044A", "U+309F", "U+30A0"]), st.integers(0, 9)
    )
    box = st.tuples(box_lists(most=1, min_size=1), details).map(lambda b: (*b[0][0], *b[1]))
    return st.lists(st.lists(box, min_size=1, max_size=9), max_size=3)


@settings(deadline=None, max_examples=40)
@given(pages(), st.booleans(), st.booleans(), st.randoms(use_true_random=False))
def test_equals_the_computation_box_by_box(pages, shared, mixed, random):
    rows, expected = [], []
    for number, boxes in enumerate(pages):
        computed = reference.features(boxes, 500, 700, shared, mixed)
        rows += [(f"page{number}", k, *box) for k, box in enumerate(boxes)]
        expected += computed
    table = pd.DataFrame(rows, columns=["image_id", "box", *COLUMNS])
    found = page_features(table, page_sizes("page0", "page1", "page2"), Variant(shared, mixed))
    assert_features(found, pd.DataFrame(expected, columns=FEATURES), rtol=1e-7)
    assert found[["image_id", "box"]].to_numpy().tolist() == table[["image_id", "box"]].to_numpy().tolist()


@pytest.mark.parametrize("shared", [False, True])
def test_a_crowded_page_equals_the_computation_box_by_box(shared):
    boxes = random_boxes(1300, seed=3)
    expected = reference.features(boxes[COLUMNS].to_numpy().tolist(), 500, 700, shared)
    found = page_features(boxes, page_sizes("page"), Variant(shared, mixed_page_rates=False))
    assert_features(found, pd.DataFrame(expected), rtol=1e-8)


def test_the_order_of_boxes_does_not_matter_without_equal_distances():
    rng = np.random.default_rng(0)
    boxes = random_boxes(40, seed=4, extent=4000).assign(box=rng.permutation(40))
    sizes = page_sizes("page")
    found = page_features(boxes, sizes).sort_values("box", ignore_index=True)
    shuffled = page_features(boxes.sort_values("box"), sizes)
    assert_features(found, shuffled)
    published = page_features(boxes, sizes, "published").sort_values("box", ignore_index=True)
    assert not np.allclose(published[FEATURES], page_features(boxes.sort_values("box"), sizes, "published")[FEATURES])


def test_pages_do_not_touch_each_other():
    one, other = random_boxes(30, 1, "a"), random_boxes(30, 2, "b")
    mixed = pd.concat([one, other]).sample(frac=1, random_state=0).sort_values("box", kind="stable")
    found = page_features(mixed, page_sizes("a", "b"))
    alone = page_features(one, page_sizes("a"))
    assert_features(found[found["image_id"] == "a"].sort_values("box"), alone)


@pytest.mark.parametrize("variant", VARIANTS)
def test_equal_boxes_one_box_and_no_boxes(variant):
    sizes = page_sizes("page")
    equal = pd.concat([random_boxes(1, 0)] * 7, ignore_index=True).assign(box=range(7))
    found = page_features(equal, sizes, variant)
    assert found.filter(regex="^std_").eq(0).all(axis=None)
    assert found.filter(regex="_std_rate$").isna().all(axis=None)
    assert not np.isinf(found[FEATURES]).any(axis=None)
    assert (found["overlap_rate"] == 6).all()

    single = page_features(equal.iloc[:1], sizes, variant)
    assert single.filter(regex="^nearest|std").isna().all(axis=None)
    assert single.filter(regex="^(width|height|area|x)_(mean|median)_rate").eq(1).all(axis=None)

    nothing = page_features(empty("merged"), sizes, variant)
    assert list(nothing) == ["image_id", "box", *FEATURES]
    assert len(nothing) == 0


def test_bad_input_is_refused():
    boxes = random_boxes(3, 0)
    with pytest.raises(InputError, match="intended, published"):
        page_features(boxes, page_sizes("page"), "best")
    with pytest.raises(InputError, match="page page has boxes but no size"):
        page_features(boxes, page_sizes("other"))
    with pytest.raises(InputError, match="page page, box 1: the box has no area"):
        page_features(boxes.assign(x_max=[500, 0, 500]), page_sizes("page"))


@pytest.mark.parametrize("variant", VARIANTS)
def test_portions_do_not_show(monkeypatch, variant):
    pages = [random_boxes(count, count, f"p{count}") for count in (1, 2, 5, 30, 40)]
    boxes = pd.concat(pages).sample(frac=1, random_state=0)
    sizes = page_sizes(*boxes["image_id"].unique())
    whole = page_features(boxes, sizes, variant)
    monkeypatch.setattr(module, "_BOXES_AT_ONCE", 6)
    pd.testing.assert_frame_equal(page_features(boxes, sizes, variant), whole, rtol=1e-12)


@settings(deadline=None, max_examples=30)
@given(box_lists(min_size=7, most=9), st.sampled_from(list(VARIANTS)))
def test_what_is_defined_is_a_number(boxes, variant):
    table = random_boxes(len(boxes), 0).assign(**dict(zip(CORNERS, np.array(boxes).T, strict=True)))
    found = page_features(table, page_sizes("page"), variant)
    # Of seven boxes and more all have five neighbors: only a standard deviation or a center at 0 leaves a gap.
    never_zero = [name for name in FEATURES if not name.endswith("_std_rate") and name[:2] not in ("x_", "y_")]
    assert not found[never_zero].isna().any(axis=None)
    assert not np.isinf(found[FEATURES]).any(axis=None)
    for measure in ("width", "height", "area"):
        varies = found[f"std_{measure}"] > 0
        assert found.loc[varies, f"{measure}_std_rate"].notna().all()


def test_1300_equal_boxes():
    equal = pd.concat([random_boxes(1, 0)] * 1300, ignore_index=True).assign(box=range(1300))
    found = page_features(equal, page_sizes("page"))
    assert (found["overlap_rate"] == 1299).all()
    assert found.filter(regex="distance").eq(0).all(axis=None)


def test_features_are_read_as_written_and_other_files_refused(tmp_path):
    found = page_features(random_boxes(20, 0), page_sizes("page"))
    path = tmp_path / "features.parquet"
    write_features(found, path)
    pd.testing.assert_frame_equal(read_features(path), found, check_dtype=False, rtol=0, atol=0)
    found.drop(columns="box_num").to_parquet(path)
    with pytest.raises(InputError, match=r"features.parquet: not a table of features: it lacks the columns box_num"):
        read_features(path)
    path.write_text("no table")
    with pytest.raises(InputError, match=r"features.parquet: cannot be read"):
        read_features(path)
