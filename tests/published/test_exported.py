"""Networks that are exported in half precision and imported again."""

import json

import numpy as np
import pytest
import torch
import yaml
from detector_for_tests import SETTINGS
from safetensors import safe_open
from safetensors.torch import save_file

from kuzushiji.classifier import model as classifiers
from kuzushiji.common.errors import InputError
from kuzushiji.detector import model as detectors
from kuzushiji.detector.detect import limit_proposals, propose
from kuzushiji.published.export_classifier import export_classifier
from kuzushiji.published.export_detector import export_detector
from kuzushiji.published.import_small_classifier import import_small_classifier
from kuzushiji.published.import_small_detector import import_small_detector
from kuzushiji.published.weights_file import read_weights, write_weights

CHARSET = ["U+3042", "U+3044", "U+4E00"]
CLASSIFIER = {"architecture": "test_resnet", "channels": "gray", "mean": 0.6, "std": 0.3, "input_size": 32}
CLASSIFIER |= {"resize": [35, 34], "letterbox": False, "temperature": 0.05}
# Half precision has 11 binary digits. Through these small networks probabilities move by less than this.
TOLERANCE = 0.01

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def classifier(tmp_path):
    """A classifier's checkpoint and its exported file."""
    torch.manual_seed(0)
    state = classifiers.build_classifier(CLASSIFIER, len(CHARSET), 0.05).state_dict()
    other = {name: torch.zeros_like(value) for name, value in state.items()}
    content = {"kind": classifiers.KIND, "charset": CHARSET, "settings": CLASSIFIER, "best": state, "last": other}
    torch.save(content, tmp_path / "classifier.pth")
    export_classifier(tmp_path / "classifier.pth", tmp_path / "classifier.safetensors", bits=16)
    return tmp_path / "classifier.pth", tmp_path / "classifier.safetensors"


@pytest.fixture
def detector(tmp_path):
    torch.manual_seed(0)
    model = detectors.build_model(SETTINGS["model"])
    model.init_weights()
    content = {"kind": detectors.KIND, "settings": SETTINGS["model"], "iteration": 7, "state_dict": model.state_dict()}
    torch.save(content, tmp_path / "detector.pth")
    export_detector(tmp_path / "detector.pth", tmp_path / "detector.safetensors", bits=16)
    return tmp_path / "detector.pth", tmp_path / "detector.safetensors"


def test_an_imported_classifier_predicts_what_the_exported_one_does(classifier, tmp_path):
    original, exported = classifier
    import_small_classifier(exported, tmp_path / "imported.pth")
    images = classifiers.normalize(torch.rand(8, 1, 32, 32), CLASSIFIER)
    probabilities = []
    for path in (original, tmp_path / "imported.pth"):
        model, charset, settings = classifiers.load_classifier(path)
        assert (charset, settings) == (CHARSET, CLASSIFIER)
        with torch.inference_mode():
            probabilities.append(model(images).softmax(dim=1))
    assert torch.allclose(*probabilities, atol=TOLERANCE)
    assert exported.stat().st_size < 0.6 * (original.stat().st_size / 2)  # of two states in whole precision


@pytest.fixture
def start(tmp_path):
    """A function that writes the checkpoint of another network: one that the classifier may have started from."""

    def written(charset, architecture="test_resnet"):
        torch.manual_seed(1)
        settings = CLASSIFIER | {"architecture": architecture}
        state = classifiers.build_classifier(settings, len(charset), 0.05).state_dict()
        content = {"kind": classifiers.KIND, "charset": charset, "settings": settings, "best": state, "last": state}
        torch.save(content, tmp_path / "start.pth")
        return tmp_path / "start.pth"

    return written


def test_an_exported_classifier_may_have_a_share_of_what_it_started_from(classifier, start, tmp_path):
    """Of each codepoint's own direction too; one that the training added stays as it was trained."""
    path = start(["U+4E00", "U+3042"])
    export_classifier(classifier[0], tmp_path / "mixed.safetensors", 16, path, 0.25)
    import_small_classifier(tmp_path / "mixed.safetensors", tmp_path / "mixed.pth")
    mixed, trained, before = (
        classifiers.load_classifier(file)[0].state_dict() for file in (tmp_path / "mixed.pth", classifier[0], path)
    )
    places = {"U+3042": 1, "U+4E00": 0}
    for row, codepoint in enumerate(CHARSET):
        expected = trained["head.weight"][row]
        if codepoint in places:
            expected = 0.75 * expected + 0.25 * before["head.weight"][places[codepoint]]
        torch.testing.assert_close(mixed["head.weight"][row], expected, rtol=1e-3, atol=1e-4)
    for name in trained.keys() - {"head.weight"}:
        expected = trained[name] if "num_batches" in name else 0.75 * trained[name] + 0.25 * before[name]
        torch.testing.assert_close(mixed[name], expected, rtol=1e-3, atol=1e-4)
        if trained[name].ndim > 1:
            assert not torch.allclose(mixed[name], trained[name])


@pytest.mark.parametrize(
    ("charset", "architecture", "message"),
    [
        (["U+3042", "U+4E01"], "test_resnet", r"start\.pth: reads codepoints that this training lacks \(U\+4E01\)"),
        (CHARSET, "test_efficientnet", r"start\.pth: architecture is test_efficientnet, not test_resnet"),
    ],
)
def test_another_network_is_not_what_a_classifier_started_from(
    classifier, start, tmp_path, charset, architecture, message
):
    path = start(charset, architecture)
    with pytest.raises(InputError, match=message):
        export_classifier(classifier[0], tmp_path / "mixed.safetensors", 16, path, 0.25)


def test_an_imported_detector_finds_what_the_exported_one_does(detector, tmp_path):
    original, exported = detector
    import_small_detector(exported, tmp_path / "imported.pth")
    image = np.random.default_rng(0).integers(0, 256, (1, 96, 64, 3), np.uint8)
    found = []
    for path in (original, tmp_path / "imported.pth"):
        model, meta = detectors.load_detector(path, SETTINGS["model"])
        assert meta["iteration"] == 7
        limit_proposals(model, {"proposals_before_nms": 500, "proposals": 500, "score": 0})
        found.append(propose(model, torch.from_numpy(image))[0])
    # Which proposals there are may depend on the last digit; nearly all are the same.
    (boxes, scores), (again, scores_again) = found
    apart = (boxes[:, None] - again[None]).abs().amax(dim=-1)
    nearest, which = apart.min(dim=1)
    assert (nearest < 0.5).float().mean() > 0.95
    assert ((scores - scores_again[which]).abs()[nearest < 0.5] < TOLERANCE).all()


def test_matrices_are_halved_and_vectors_are_kept(tmp_path):
    weights = {
        "matrix": torch.randn(3, 4),
        "variance": torch.tensor([1e6, 1e-9]),
        "count": torch.tensor(3),
    }
    write_weights(weights, {"kind": "one", "charset": ["U+3042"]}, tmp_path / "a.safetensors", bits=16)
    with safe_open(tmp_path / "a.safetensors", "pt") as file:
        assert file.get_tensor("matrix").dtype == torch.float16
        assert json.loads(file.metadata()["network"])["charset"] == ["U+3042"]
    again, meta = read_weights(tmp_path / "a.safetensors", "one", ("charset",))
    assert meta == {"kind": "one", "charset": ["U+3042"]}
    assert torch.equal(again["matrix"], weights["matrix"].half().float())
    assert torch.equal(again["variance"], weights["variance"]) and torch.equal(again["count"], weights["count"])
    with pytest.raises(InputError, match="matrix has numbers beyond half precision"):
        write_weights({"matrix": torch.full((2, 2), 1e5)}, {}, tmp_path / "b.safetensors", bits=16)
    assert not (tmp_path / "b.safetensors").exists()


def test_eight_bits_are_within_half_a_step_of_each_channel(tmp_path):
    weights = {
        "kernel": torch.randn(5, 3, 2, 2) * torch.logspace(-3, 2, 5).view(-1, 1, 1, 1),
        "zero": torch.zeros(2, 2),
    }
    write_weights(weights, {"kind": "one"}, tmp_path / "a.safetensors", bits=8)
    again, _ = read_weights(tmp_path / "a.safetensors", "one", ())
    step = weights["kernel"].abs().flatten(1).amax(dim=1).view(-1, 1, 1, 1) / 127
    assert ((again["kernel"] - weights["kernel"]).abs() <= step / 2 * 1.001).all()
    assert torch.equal(again["zero"], weights["zero"]) and set(again) == set(weights)
    with safe_open(tmp_path / "a.safetensors", "pt") as file:
        assert file.get_tensor("kernel").dtype == torch.int8


def test_the_same_network_is_the_same_bytes(classifier, tmp_path):
    for name in "abcdef":  # in so many, several entries of metadata would be in another order
        export_classifier(classifier[0], tmp_path / name, bits=16)
        assert (tmp_path / name).read_bytes() == classifier[1].read_bytes()


def test_a_scale_that_does_not_fit_is_refused(tmp_path):
    tensors = {"matrix": torch.zeros(2, 2, dtype=torch.int8), "matrix.scale": torch.ones(3)}
    save_file(tensors, tmp_path / "a.safetensors", {"network": '{"kind": "one"}'})
    with pytest.raises(InputError, match="matrix has a scale of another shape"):
        read_weights(tmp_path / "a.safetensors", "one", ())


def changed(path, weights=None, **meta):
    """The file with other weights or metadata."""
    with safe_open(path, "pt") as file:
        meta = json.loads(file.metadata()["network"]) | meta
        tensors = {name: file.get_tensor(name) for name in file.keys()} | (weights or {})  # noqa: SIM118
    meta = {key: value for key, value in meta.items() if value is not None}
    save_file(tensors, path, {"network": json.dumps(meta)})
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "kuzushiji detector"}, "is kuzushiji detector, not kuzushiji classifier"),
        ({"charset": None}, "its metadata lack charset"),
        ({"charset": ["U+3042", "U+3042", "x"]}, "are no codepoints.*occur twice"),
        ({"charset": CHARSET[:2]}, "of another shape: head.weight"),
        ({"settings": CLASSIFIER | {"architecture": "os.system"}}, "timm knows no os.system"),
        ({"settings": {"architecture": "test_resnet"}}, "settings: 'channels' is a required property; these are no"),
        ({"settings": 3}, "settings: 3 is not of type 'object'; these are no classifier's settings, export it again"),
        ({"settings": CLASSIFIER | {"architecture": 5}}, "settings: architecture: 5 is not of type"),
        ({"settings": CLASSIFIER | {"channels": "blue"}}, "settings: channels: 'blue' is not one of"),
        ({"settings": CLASSIFIER | {"temperature": 0}}, "settings: temperature: 0 is less than or equal"),
        ({"settings": CLASSIFIER | {"std": 0}}, "settings: std: 0 is less than or equal"),
        ({"settings": CLASSIFIER | {"resize": [34]}}, r"settings: resize: \[34\] is too short"),
        ({"weights": {"surplus": torch.zeros(1)}}, "not of this network: surplus"),
        ({"weights": {"head.weight": torch.full((3, 96), torch.nan)}}, "not finite: head.weight|another shape"),
    ],
)
def test_a_bad_classifier_is_refused(classifier, tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        import_small_classifier(changed(classifier[1], **change), tmp_path / "imported.pth")
    assert not (tmp_path / "imported.pth").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"settings": {"network": {"type": "os.system", "command": "touch ran"}}}, "is no name of mmdet's"),
        ({"settings": {"network": {"type": "NoSuch"}}}, "mmdet cannot build this network"),
        ({"settings": {"depth": 18}}, "its settings are no detector's"),
        ({"iteration": None}, "its metadata lack iteration"),
        ({"settings": SETTINGS["model"] | {"neck_channels": 16}}, "of another shape"),
    ],
)
def test_a_bad_detector_is_refused(detector, tmp_path, change, message, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message):
        import_small_detector(changed(detector[1], **change), tmp_path / "imported.pth")
    assert not (tmp_path / "imported.pth").exists() and not (tmp_path / "ran").exists()


def test_what_is_no_exported_file_is_refused(tmp_path):
    (tmp_path / "text.safetensors").write_text(yaml.safe_dump({"kind": "none"}))
    for name, text in {"other": "[1]", "cut": '{"kind": '}.items():
        save_file({"matrix": torch.zeros(1)}, tmp_path / f"{name}.safetensors", {"network": text})
    for path in (tmp_path / f"{name}.safetensors" for name in ("text", "missing", "other", "cut")):
        with pytest.raises(InputError, match="cannot be read as exported weights"):
            import_small_detector(path, tmp_path / "imported.pth")
