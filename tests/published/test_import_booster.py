import pickle

import numpy as np
import pytest
from published_files import GOLDEN, Touch

from kuzushiji.common.errors import InputError
from kuzushiji.postprocess.booster_files import load_booster
from kuzushiji.postprocess.features import FEATURES
from kuzushiji.published.import_booster import _Unpickler, import_booster

PUBLISHED = GOLDEN / "boosters_lgb230.pkl"


class Booster:
    """Pickled under the name of LightGBM's class, as `rewritten` writes it."""


@pytest.fixture(scope="module")
def attributes():
    """The attributes of the five boosters in the golden file."""
    with open(PUBLISHED, "rb") as file:
        return [vars(one) for one in _Unpickler(file).load()]


def rewritten(attributes, path):
    """Boosters with these attributes, pickled as LightGBM 2.3.0's are."""
    boosters = []
    for values in attributes:
        boosters.append(Booster())
        vars(boosters[-1]).update(values)
    own, foreign = (f"c{module}\nBooster\n".encode() for module in (__name__, "lightgbm.basic"))
    path.write_bytes(pickle.dumps(boosters, protocol=3).replace(own, foreign))
    return path


def folds(tmp_path, count=5):
    return [tmp_path / f"fold_{fold}.txt" for fold in range(count)]


def refused(source, tmp_path, count=5):
    with pytest.raises(InputError) as caught:
        import_booster(source, folds(tmp_path, count))
    assert not list(tmp_path.glob("fold_*"))
    assert str(source) in str(caught.value)
    return str(caught.value)


def test_predictions_are_those_of_the_original_to_the_bit(tmp_path):
    import_booster(PUBLISHED, folds(tmp_path))
    golden = np.load(GOLDEN / "boosters_expected.npz")
    models = [load_booster(path, "published") for path in folds(tmp_path)]
    found = np.array([model.predict(golden["X"]) for model in models])
    assert np.array_equal(found, golden["pred"])
    assert np.array_equal(found.mean(axis=0), golden["mean"])
    assert {model.num_trees() for model in models} == {25}  # all of them
    assert golden["columns"].tolist() == FEATURES


def test_imported_boosters_want_the_published_features(tmp_path):
    import_booster(PUBLISHED, folds(tmp_path))
    with pytest.raises(InputError, match="trained on the published features, these are the intended ones"):
        load_booster(tmp_path / "fold_0.txt", "intended")


def test_the_same_file_gives_the_same_bytes_however_it_was_pickled(attributes, tmp_path):
    import_booster(PUBLISHED, folds(tmp_path))
    first = [path.read_bytes() for path in folds(tmp_path)]
    import_booster(rewritten(attributes, tmp_path / "again.pkl"), folds(tmp_path))
    assert [path.read_bytes() for path in folds(tmp_path)] == first


@pytest.mark.parametrize("protocol", [0, 2, 3, 5])
def test_no_code_in_a_file_is_run(tmp_path, protocol):
    path = tmp_path / "published.pkl"
    path.write_bytes(pickle.dumps([Touch(tmp_path / "ran")], protocol=protocol))
    assert "asks for posix.system" in refused(path, tmp_path)
    assert not (tmp_path / "ran").exists()
    pickle.loads(path.read_bytes())  # the same file would run it elsewhere
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "name", ["builtins.eval", "lightgbm.basic.ctypes", "lightgbm.engine.CVBooster", "os.path.join"]
)
def test_no_other_class_or_function_is_found(tmp_path, name):
    module, _, function = name.rpartition(".")
    path = tmp_path / "published.pkl"
    path.write_bytes(b"\x80\x03c" + f"{module}\n{function}\n".encode() + b"X\x01\x00\x00\x001\x85R.")
    assert f"asks for {name}" in refused(path, tmp_path)


def test_all_that_is_wrong_with_the_boosters_is_listed(attributes, tmp_path):
    changed = [dict(values) for values in attributes]
    changed[0]["handle"] = changed[0]["handle"].replace("char_score ", "score ", 1)
    changed[1]["handle"] = changed[1]["handle"][:2000]
    changed[2]["best_iteration"] = 7
    del changed[3]["handle"]
    found = refused(rewritten(changed, tmp_path / "published.pkl"), tmp_path, count=4)
    for expected in (
        "5 boosters in place of 4",
        "booster 0: it wants other features than the 117 published: char_score, score",
        "booster 1: its text is not LightGBM's",
        "booster 2: training stopped it early, at 7 trees",
        "booster 3: its text is not LightGBM's",
    ):
        assert expected in found
    assert "booster 4" not in found


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps({"folds": 5}), "not a list of boosters"),
        (pickle.dumps(["tree"]), "not a list of boosters"),
        (b"tree\nversion=v3\n", "cannot be read as pickled boosters"),
        (PUBLISHED.read_bytes()[:50_000], "cannot be read as pickled boosters"),
    ],
)
def test_other_files_are_named(tmp_path, content, message):
    (tmp_path / "published.pkl").write_bytes(content)
    assert message in refused(tmp_path / "published.pkl", tmp_path)
    assert "No such file" in refused(tmp_path / "none.pkl", tmp_path)
