import pickle

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from crops_for_tests import CHARSET, SETTINGS, draw_crops
from hypothesis import given
from hypothesis import strategies as st

from kuzushiji.classifier.loader import Crops, Loader, as_pixels, find_crops
from kuzushiji.classifier.transforms import draw
from kuzushiji.common.errors import InputError
from kuzushiji.crops.crops import SCHEMA, open_crops


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crops")
    draw_crops(folder)
    return folder


@pytest.fixture(scope="module")
def table(folder):
    return open_crops([folder / "0.arrow"])


@pytest.fixture(scope="module")
def rows(folder):
    return pd.read_parquet(folder / "rows.parquet")


def tasks(count, distorted=True):
    rng = np.random.default_rng(0)
    for start in range(0, 8 * count, 8):
        yield np.arange(start, start + 8), draw(SETTINGS, 8, rng) if distorted else None


def test_rows_without_a_crop_or_class_are_named(table, rows):
    places, labels = find_crops(table, rows, CHARSET)
    assert places.dtype == labels.dtype == np.int32
    np.testing.assert_array_equal(places, np.arange(90))
    with pytest.raises(InputError, match=r"page page, box 400 .* has no crop"):
        find_crops(table, pd.concat([rows, rows.iloc[:1].assign(box=400)]), CHARSET)
    with pytest.raises(InputError, match=r"page other, box 0 .* has no crop"):
        find_crops(table, rows.iloc[:1].assign(image_id="other"), CHARSET)
    with pytest.raises(InputError, match=r"U\+3046.* of no class"):
        find_crops(table, rows, CHARSET[:2])
    with pytest.raises(InputError, match=r"box 0 was cut twice"):
        find_crops(pa.concat_tables([table, table]), rows, CHARSET)
    with pytest.raises(InputError, match="has no crop"):
        find_crops(SCHEMA.empty_table(), rows, CHARSET)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), unique=True, min_size=1), st.data())
def test_rows_find_their_crops_whatever_the_order_and_repeats(keys, data):
    columns = {name: pa.nulls(len(keys), SCHEMA.field(name).type) for name in SCHEMA.names}
    columns |= {"image_id": pa.array([page for page, _ in keys]), "box": pa.array([box for _, box in keys], pa.int32())}
    chosen = data.draw(st.lists(st.integers(0, len(keys) - 1)))
    rows = pd.DataFrame(
        [(*keys[place], CHARSET[place % 3]) for place in chosen], columns=["image_id", "box", "codepoint"]
    )
    places, labels = find_crops(pa.table(columns), rows, CHARSET)
    assert places.tolist() == chosen
    assert labels.tolist() == [place % 3 for place in chosen]


def test_crops_and_labels_belong_together(table, rows, folder):
    shuffled = rows.sample(frac=1, random_state=0)
    places, labels = find_crops(table, shuffled, CHARSET)
    crops = Crops([folder / "0.arrow"], {**SETTINGS, "channels": "rgb"})
    for number in (0, 17, 89):
        row = shuffled.iloc[number]
        assert CHARSET[labels[number]] == row["codepoint"]
        encoded = table["image"][int(row["box"])].as_py()
        expected = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR_RGB)
        np.testing.assert_array_equal(crops.read(int(places[number])), expected)


@pytest.mark.parametrize(("channels", "count"), [("gray", 1), ("rgb", 3)])
def test_batches_are_squares_of_bytes(folder, channels, count):
    crops = Crops([folder / "0.arrow"], {**SETTINGS, "channels": channels})
    for task in (*tasks(1), *tasks(1, distorted=False)):
        batch = crops[task]
        assert batch.shape == (8, 24, 24, count) and batch.dtype == torch.uint8
        pixels = crops.pixels(task)
        assert pixels.shape == (8, count, 24, 24)
        torch.testing.assert_close(pixels[:, 0], batch[..., 0] / 255)
        assert torch.equal(pixels, as_pixels(batch))


def test_what_is_loaded_does_not_depend_on_the_workers_which_stay(folder):
    loaders = [Loader(Crops([folder / "0.arrow"], SETTINGS), workers) for workers in (0, 1, 2)]
    state = torch.get_rng_state()
    for distorted in (True, False, True):  # one list of tasks after the other
        read = [torch.cat(list(loader.read(tasks(5, distorted)))) for loader in loaders]
        assert read[0].shape == (40, 24, 24, 1)
        assert torch.equal(read[0], read[1]) and torch.equal(read[0], read[2])
    assert torch.equal(torch.get_rng_state(), state)


def test_what_is_sent_to_a_worker_is_small(folder):
    crops = Crops([folder / "0.arrow"], SETTINGS)
    assert len(pickle.dumps(crops)) < 2000


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_crop_is_named(folder, tmp_path, table, workers):
    images = table["image"].to_pylist()
    images[13] = images[13][:30]
    damaged = table.set_column(table.schema.get_field_index("image"), SCHEMA.field("image"), [images])
    with pa.ipc.new_file(str(tmp_path / "0.arrow"), SCHEMA) as writer:
        writer.write_table(damaged)
    loader = Loader(Crops([tmp_path / "0.arrow"], SETTINGS), workers)
    with pytest.raises(InputError, match=r"^page page, box 13: its crop is damaged; cut the crops again$"):
        list(loader.read(tasks(3)))
