from pathlib import Path

import numpy as np
import pytest
import torch
from published_files import CHARSET, CLASSIFIERS, GOLDEN, Touch, classifier_checkpoint, save

from kuzushiji.classifier.model import load_classifier, normalize
from kuzushiji.common.errors import InputError
from kuzushiji.published.import_classifier import import_classifier

SHARED = Path(__file__).parents[3] / "shared" / "golden_weights"
EFFICIENTNET = "efficientnet_b4_gray"  # the smallest

pytestmark = pytest.mark.usefixtures("one_thread")


def imported(content, tmp_path, case=EFFICIENTNET, **changes):
    source = save(content, tmp_path / "published.model")
    import_classifier(source, tmp_path / "own.pth", {**CLASSIFIERS[case], "temperature": 0.05, **changes})
    return load_classifier(tmp_path / "own.pth")


def problems(content, tmp_path, **changes):
    with pytest.raises(InputError) as caught:
        imported(content, tmp_path, **changes)
    assert not (tmp_path / "own.pth").exists()
    return str(caught.value)


@pytest.fixture(scope="module")
def published():
    return classifier_checkpoint(EFFICIENTNET)


@pytest.fixture
def content(published):
    """A checkpoint that a test may change."""
    return published | {"model": dict(published["model"]), "class_names": list(CHARSET)}


@pytest.mark.parametrize("case", CLASSIFIERS)
def test_all_logits_are_those_of_the_original(case, tmp_path):
    model, charset, settings = imported(classifier_checkpoint(case), tmp_path, case)
    golden = np.load(GOLDEN / "classifier_golden.npz")
    gray = settings["channels"] == "gray"
    images = torch.from_numpy(golden[f"input_{'gray' if gray else 'rgb'}{settings['input_size']}_u8"]).float() / 255
    images = images[:, None] if gray else images.permute(0, 3, 1, 2)
    with torch.inference_mode():
        features = model.backbone(normalize(images, settings))
        logits = model.head(features).numpy()
    assert charset == CHARSET
    assert np.abs(logits - golden[f"{case}_logits"]).max() <= 2e-4
    assert np.abs(logits[:, :64] - golden[f"{case}_logits_f64"]).max() <= 2e-4
    np.testing.assert_allclose(features.numpy(), golden[f"{case}_features"], rtol=1e-3, atol=1e-3)


def test_the_checkpoint_says_how_pixels_are_normalized(published, tmp_path):
    _, _, settings = imported(published, tmp_path)
    assert (settings["mean"], settings["std"], settings["resize"]) == (0.589, 0.364, [210, 200])
    best, last = (load_classifier(tmp_path / "own.pth", which)[0].state_dict() for which in ("best", "last"))
    assert all(torch.equal(best[name], last[name]) for name in best)


def test_the_same_file_gives_the_same_bytes_with_or_without_a_prefix(published, content, tmp_path):
    imported(published, tmp_path)
    first = (tmp_path / "own.pth").read_bytes()
    content["model"] = {f"module.{name}": value for name, value in content["model"].items()}
    imported(content, tmp_path)
    assert (tmp_path / "own.pth").read_bytes() == first


def test_every_wrong_weight_and_class_is_listed(content, tmp_path):
    del content["model"]["_blocks.7._bn1.bias"], content["model"]["_conv_head.weight"]
    content["model"]["_blocks.32._bn0.bias"] = torch.zeros(3)
    content["model"]["_bn0.weight"] = torch.ones(47)
    content["model"]["_bn0.bias"] = torch.full((48,), torch.nan)
    content["model"]["_bn1.bias"] = [0.0]
    content["model"]["_bn1.weight"] = torch.ones(1792, dtype=torch.int64)
    content["class_names"][:3] = ["U+4E10", "あ", "U+3042"]
    found = problems(content, tmp_path)
    for expected in (
        "missing: _blocks.7._bn1.bias, _conv_head.weight",
        "not of this network: _blocks.32._bn0.bias",
        "of another shape: _bn0.weight (47,), not (48,)",
        "no tensor: _bn1.bias",
        "of another kind of numbers: _bn1.weight torch.int64",
        "not finite: _bn0.bias",
        "1 of class_names are no codepoints: 'あ'",
        "1 of class_names occur twice: U+4E10",
    ):
        assert expected in found


def test_a_charset_of_another_length_does_not_fit_the_head(content, tmp_path):
    del content["class_names"][0]
    assert "of another shape: _fc.W (4212, 1792), not (4211, 1792)" in problems(content, tmp_path)


def test_settings_that_the_checkpoint_contradicts_are_listed(published, tmp_path):
    args = type(published["args"])(**{**vars(published["args"]), "rgb_mean": [0.5, 0.6, 0.7], "rgb_std": None})
    found = problems(published | {"args": args}, tmp_path, input_size=112, temperature=0.1)
    for expected in (
        "args.input_size is 190, the configuration says 112",
        "args.l2softmax_temp is 0.05, the configuration says 0.1",
        "args.rgb_mean is [0.5, 0.6, 0.7], in place of one number",
        "args.rgb_std is None",
    ):
        assert expected in found
    found = problems(published, tmp_path, architecture="resnet152")
    assert "missing: 0.0.weight, 0.1.weight" in found and "metric_fc.W" in found


@pytest.mark.parametrize("zipped", [False, True])
def test_no_code_in_a_file_is_run(published, tmp_path, zipped):
    path = tmp_path / "published.model"
    torch.save(published | {"epoch": Touch(tmp_path / "ran")}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(InputError, match=r"published.model: .*: it asks for posix.system, which was not run"):
        import_classifier(path, tmp_path / "own.pth", {**CLASSIFIERS[EFFICIENTNET], "temperature": 0.05})
    assert not (tmp_path / "ran").exists() and not (tmp_path / "own.pth").exists()
    # The same file would run it elsewhere.
    torch.load(path, weights_only=False)
    assert (tmp_path / "ran").exists()


def test_other_files_are_named(tmp_path):
    settings = {**CLASSIFIERS[EFFICIENTNET], "temperature": 0.05}
    (tmp_path / "page.model").write_text("<html>not found</html>")
    save({"model": {}, "iteration": 60000}, tmp_path / "detector.model")
    for name, message in (
        ("page.model", "is damaged, or no PyTorch file"),
        ("none.model", "No such file"),
        ("detector.model", "it lacks class_names, args"),
    ):
        with pytest.raises(InputError, match=f"{name}: .*{message}"):
            import_classifier(tmp_path / name, tmp_path / "own.pth", settings)
    with pytest.raises(InputError, match="convnext_tiny was not published"):
        import_classifier(tmp_path / "page.model", tmp_path / "own.pth", {**settings, "architecture": "convnext_tiny"})


@pytest.mark.skipif(not SHARED.exists(), reason="the sample of a published file's structure is not at ../shared")
def test_all_types_of_a_published_file_are_read(tmp_path):
    with pytest.raises(InputError, match=r"does not fit resnet152, gray: missing: 0.4.0.conv1.weight") as caught:
        import_classifier(
            SHARED / "checkpoint_sample_classifier.model",
            tmp_path / "own.pth",
            {**CLASSIFIERS["resnet152_gray"], "temperature": 0.05},
        )
    assert "args." not in str(caught.value) and "class_names" not in str(caught.value)
