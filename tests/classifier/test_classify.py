import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kuzushiji.classifier import cut
from kuzushiji.classifier.classify import classify, seven_crops
from kuzushiji.classifier.model import KIND, build_classifier
from kuzushiji.common.errors import InputError
from kuzushiji.common.tables import SCHEMAS, write_table
from kuzushiji.crops.crops import crop_box

GOLDEN = Path(__file__).parents[1] / "golden"
SEVEN = ["top_left", "top_right", "bottom_left", "bottom_right", "center", "shrunk_center", "whole"]
SETTINGS = {"duplicate_iou": 0.3, "padding": 0.10, "crops": SEVEN, "batch_size": 64, "precision": "float32", "top_k": 3}
SETTINGS["cut"] = "pillow"
PAGES = {"a": GOLDEN / "denoise_output.png", "b": GOLDEN / "denoise_input.png"}


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def golden():
    return np.load(GOLDEN / "crops.npz")


@pytest.fixture(scope="module", params=["gray", "rgb"])
def checkpoint(request, tmp_path_factory):
    settings = {"architecture": "test_resnet", "pretrained": False, "channels": request.param}
    settings |= {
        "mean": 0.5,
        "std": 0.25,
        "input_size": 28,
        "resize": [31, 30],
        "temperature": 0.05,
        "letterbox": False,
    }
    torch.manual_seed(0)
    model = build_classifier(settings, 50, 0.05).eval()
    charset = [f"U+{0x3042 + place:04X}" for place in range(50)]
    content = {"kind": KIND, "charset": charset, "settings": settings, "best": model.state_dict()}
    path = tmp_path_factory.mktemp("classifier") / "c.pth"
    torch.save(content, path)
    return path


def detections(count=15, seed=0):
    """Boxes on both pages, 400 x 480 pixels."""
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, [380, 460], (2 * count, 2))
    high = np.minimum(low + rng.uniform(5, 90, (2 * count, 2)), [400, 480])
    table = pd.DataFrame(np.hstack([low, high]).astype(np.float32), columns=["x_min", "y_min", "x_max", "y_max"])
    table["image_id"] = np.repeat(["a", "b"], count)
    table["box"] = np.tile(np.arange(count, dtype=np.int32), 2)
    return table.assign(detector_score=rng.uniform(0.05, 1, 2 * count).astype(np.float32))


def test_boxes_are_the_published_ones(golden):
    stored = np.rint(golden["boxes"].astype(np.float64)).astype(np.int64)
    np.testing.assert_array_equal(stored, golden["stored_boxes"])
    # The published crop starts from a box rounded by width, not by corner.
    assert np.abs(crop_box(stored, 400, 480, 0.10) - golden["crop_boxes"]).max() <= 1


def test_priors_change_what_is_likely(checkpoint):
    before = classify(checkpoint, detections(), PAGES, SETTINGS)
    shunned = before["codepoint"].mode()[0]
    charset = [f"U+{0x3042 + place:04X}" for place in range(50)]
    table = pd.DataFrame({"codepoint": charset, "crops": 1, "share": 0.02})
    even = classify(checkpoint, detections(), PAGES, {**SETTINGS, "priors": {"strength": 1.0}}, priors=table)
    pd.testing.assert_frame_equal(even, before)
    table.loc[table["codepoint"] == shunned, "crops"] = 10**9
    after = classify(checkpoint, detections(), PAGES, {**SETTINGS, "priors": {"strength": 1.0}}, priors=table)
    assert shunned not in set(after["codepoint"])
    others = before["codepoint"] != shunned
    assert (after["codepoint"][others] == before["codepoint"][others]).all()


@given(st.integers(0, 390), st.integers(0, 470), st.integers(1, 90), st.integers(1, 90))
def test_all_sides_get_the_rounded_share_of_the_mean_side(left, top, width, height):
    right, bottom = min(left + width, 400), min(top + height, 480)
    margin = round((right - left + bottom - top) / 2 * 0.10)
    expected = [max(left - margin, 0), max(top - margin, 0), min(right + margin, 400), min(bottom + margin, 480)]
    assert crop_box(np.array([[left, top, right, bottom]]), 400, 480, 0.10).tolist() == [expected]


@pytest.mark.parametrize(("resize", "size", "mode", "key"), [(200, 190, "L", "gray"), (120, 112, "RGB", "rgb")])
@pytest.mark.parametrize("elements", [2**24, 1])
def test_the_seven_crops_by_torch_are_almost_the_published_ones(golden, resize, size, mode, key, elements, monkeypatch):
    """Together, or each alone: in one value of a thousand at most, by one level, or, of one in a million, two."""
    monkeypatch.setattr(cut, "_ELEMENTS", elements)
    page = np.atleast_3d(np.asarray(Image.open(GOLDEN / "denoise_output.png").convert(mode)))
    pixels, boxes = torch.from_numpy(page.transpose(2, 0, 1).copy()), torch.from_numpy(golden["crop_boxes"])
    views = cut.cut_views(pixels, boxes, resize, size, SEVEN).permute(0, 1, 3, 4, 2).numpy()
    expected = golden[f"seven_{resize}_{size}_{key}"]
    difference = np.abs(views.reshape(expected.shape).astype(int) - expected)
    assert difference.max() <= 2 and (difference > 0).mean() < 1e-3 and (difference > 1).mean() < 1e-5


def test_classes_are_the_same_when_torch_cuts(checkpoint):
    usual, fast = (classify(checkpoint, detections(), PAGES, SETTINGS | {"cut": name}) for name in ("pillow", "torch"))
    same = ["image_id", "box", "codepoint"]
    pd.testing.assert_frame_equal(usual[same], fast[same])
    np.testing.assert_allclose(usual["probability"], fast["probability"], atol=0.002)


@pytest.mark.parametrize(("resize", "size", "mode", "key"), [(200, 190, "L", "gray"), (120, 112, "RGB", "rgb")])
def test_the_seven_crops_are_the_published_ones(golden, resize, size, mode, key):
    page = Image.open(GOLDEN / "denoise_output.png").convert(mode)
    for box, expected in zip(golden["crop_boxes"], golden[f"seven_{resize}_{size}_{key}"], strict=True):
        crops = seven_crops(page.crop(tuple(box.tolist())), resize, size, SEVEN)
        np.testing.assert_array_equal(np.stack([np.asarray(crop) for crop in crops]), expected)
        some = seven_crops(page.crop(tuple(box.tolist())), resize, size, ["whole", "center"])
        np.testing.assert_array_equal(np.asarray(some[0]), expected[6])
        np.testing.assert_array_equal(np.asarray(some[1]), expected[4])


def test_an_unknown_crop_is_refused():
    with pytest.raises(InputError, match="middle"):
        seven_crops(Image.new("L", (20, 20)), 20, 16, ["middle"])


def test_one_box_reads_what_its_mean_logits_say(checkpoint):
    content = torch.load(checkpoint, weights_only=True)
    trained = content["settings"]
    row = detections().iloc[[7]]
    found = classify(checkpoint, row, PAGES, SETTINGS)
    box = np.rint(row[["x_min", "y_min", "x_max", "y_max"]].to_numpy(np.float64)).astype(int)
    page = Image.open(PAGES["a"]).convert("L" if trained["channels"] == "gray" else "RGB")
    crop = page.crop(tuple(crop_box(box, *page.size, 0.10)[0].tolist()))
    views = np.stack([np.atleast_3d(np.asarray(view)) for view in seven_crops(crop, 30, 28, SEVEN)])
    images = (torch.from_numpy(views).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.25
    model = build_classifier(trained, 50, 0.05)
    model.load_state_dict(content["best"])
    with torch.inference_mode():
        expected = model.eval()(images).mean(0).softmax(0)
    assert found["codepoint"].item() == content["charset"][expected.argmax()]
    assert found["probability"].item() == pytest.approx(expected.max().item(), rel=1e-4)
    assert found[["x_min", "y_min", "x_max", "y_max"]].to_numpy().tolist() == box.tolist()
    assert found["box"].item() == 7
    assert found["codepoints"].item().tolist() == [content["charset"][place] for place in expected.topk(3).indices]
    np.testing.assert_allclose(found["probabilities"].item(), expected.topk(3).values, rtol=1e-4)
    assert len(classify(checkpoint, row, PAGES, SETTINGS | {"top_k": 99})["codepoints"].item()) == 50


def test_precision_is_that_of_the_settings_and_probabilities_stay_exact(checkpoint):
    exact, rounded = (
        classify(checkpoint, detections(), PAGES, SETTINGS | {"precision": name}) for name in ("float32", "bfloat16")
    )
    assert (exact["probability"] != rounded["probability"]).any()
    np.testing.assert_allclose(exact["probability"], rounded["probability"], atol=0.1)
    # Not what bfloat16 could hold.
    shares = torch.from_numpy(np.stack(rounded["probabilities"]))
    assert (shares != shares.bfloat16().float()).any()
    with pytest.raises(InputError, match="precision: float16 needs a GPU"):
        classify(checkpoint, detections(), PAGES, SETTINGS | {"precision": "float16"})


def test_batches_workers_and_slices_of_pages_do_not_matter(checkpoint):
    table = detections()
    whole = classify(checkpoint, table.sample(frac=1, random_state=0), PAGES, SETTINGS)
    assert 15 < len(whole) < 30  # duplicates went
    small = classify(checkpoint, table, PAGES, {**SETTINGS, "batch_size": 50}, workers=1)
    pages = [classify(checkpoint, table[table["image_id"] == page], PAGES, SETTINGS) for page in "ab"]
    for other in (small, pd.concat(pages, ignore_index=True)):
        pd.testing.assert_frame_equal(whole, other, rtol=1e-3)
    kept = whole[["image_id", "box", "detector_score"]].merge(table, on=["image_id", "box", "detector_score"])
    assert len(kept) == len(whole)


def test_nothing_in_nothing_out(checkpoint, tmp_path):
    empty = SCHEMAS["detections"].empty_table().to_pandas()
    found = classify(checkpoint, empty, PAGES, SETTINGS)
    assert len(found) == 0
    write_table(found, tmp_path / "predictions.parquet", "predictions")


def test_boxes_without_area_are_dropped_and_do_not_drop_others(checkpoint):
    table = detections(1)
    table.loc[2] = {**table.loc[0], "x_min": 30.4, "x_max": 30.1 + 0.3, "box": 1, "detector_score": 1.0}
    found = classify(checkpoint, table.astype({"box": "int32"}), PAGES, SETTINGS)
    assert found["box"].tolist() == [0, 0]


def test_missing_pages_and_boxes_off_the_page_are_named(checkpoint, tmp_path):
    with pytest.raises(InputError, match="page b"):
        classify(checkpoint, detections(), {"a": PAGES["a"]}, SETTINGS)
    with pytest.raises(InputError, match=r"gone\.png"):
        classify(checkpoint, detections(), {**PAGES, "b": tmp_path / "gone.png"}, SETTINGS)
    table = detections(1).assign(x_min=900.0, x_max=950.0)
    with pytest.raises(InputError, match=r"page a: box .*outside"):
        classify(checkpoint, table, PAGES, SETTINGS)


@pytest.mark.parametrize("module", ["classifier.classify", "book_classifier.book_crops"])
def test_pages_of_any_size_are_opened_that_were_denoised(module):
    """Pillow alone would refuse those above 179 megapixels; `pages.max_megapixels` is the limit."""
    check = f"import kuzushiji.{module}; from PIL import Image; sys.exit(Image.MAX_IMAGE_PIXELS is not None)"
    subprocess.run([sys.executable, "-c", f"import sys; {check}"], check=True)
