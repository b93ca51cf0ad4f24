import pickle
import zipfile
from argparse import Namespace
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from published_weights import CELL_ANCHORS, read_state, rule_weights

from kuzushiji.common.errors import InputError
from kuzushiji.detector.config import PUBLISHED_MODEL
from kuzushiji.detector.model import load_detector
from kuzushiji.published.import_detector import import_detector

GOLDEN = Path(__file__).parents[1] / "golden"
STATE = GOLDEN / "detector_r101_c4_state.tsv"
ANCHORS = torch.from_numpy(np.load(GOLDEN / "detector_golden.npz")["cell_anchors"])


@pytest.fixture
def thin():
    """Every weight of the published checkpoint in its shape, all zeros, in a small file."""
    table = read_state(STATE)
    weights = {key: torch.zeros(1).expand(shape) for key, shape in zip(table["key"], table["shape"], strict=True)}
    return weights | {CELL_ANCHORS: ANCHORS}


def saved(path, weights, old_format=True, module="module.", **changes):
    """A checkpoint as maskrcnn-benchmark writes it."""
    checkpoint = {
        "model": OrderedDict((module + name, value) for name, value in weights.items()),
        "optimizer": {"state": {0: {"momentum_buffer": torch.ones(2)}}, "param_groups": [{"lr": 1e-5, "params": [0]}]},
        "scheduler": {"milestones": (50000, 100000), "last_epoch": 60000},
        "iteration": 60000,
    }
    torch.save(checkpoint | changes, path, _use_new_zipfile_serialization=not old_format)
    return path


def refused(path, tmp_path):
    """What the error says of a file that is not imported."""
    with pytest.raises(InputError) as caught:
        import_detector(path, tmp_path / "out.pth")
    assert str(caught.value).startswith(f"{path}: ")
    assert not (tmp_path / "out.pth").exists()
    return str(caught.value)


def test_the_published_settings_are_configs_with_legacy_components():
    ours = yaml.safe_load(Path("config.yaml").read_text())["detector_trainings"]["faster_rcnn"]["model"]
    assert ours | {"components": "legacy"} == PUBLISHED_MODEL


def test_every_weight_finds_its_place(tmp_path):
    published = rule_weights(STATE)["model"]
    import_detector(saved(tmp_path / "in.pth", published | {CELL_ANCHORS: ANCHORS}), tmp_path / "060000.pth")
    model, meta = load_detector(tmp_path / "060000.pth", PUBLISHED_MODEL)
    assert (meta["iteration"], meta["settings"]) == (60000, PUBLISHED_MODEL)
    state = {name: value for name, value in model.state_dict().items() if not name.endswith("num_batches_tracked")}
    assert len(state) == len(published)
    # The sums differ from key to key: no two weights are exchanged, and none is left as it was.
    sums = {name: value.double().abs().sum().item() for name, value in published.items()}
    deltas = "roi_heads.box.predictor.bbox_pred"
    for tail in ("weight", "bias"):  # without those of the background
        sums[f"{deltas}.{tail}"] = published[f"{deltas}.{tail}"][4:].double().abs().sum().item()
    found = sorted(value.double().abs().sum().item() for value in state.values())
    np.testing.assert_allclose(found, sorted(sums.values()), rtol=1e-12)
    assert torch.equal(state["backbone.conv1.weight"], published["backbone.body.stem.conv1.weight"])
    assert torch.equal(state["rpn_head.rpn_reg.bias"], published["rpn.head.bbox_pred.bias"])
    scores = published["roi_heads.box.predictor.cls_score.weight"]  # background, character
    assert torch.equal(state["roi_head.bbox_head.fc_cls.weight"], scores.flip(0))
    # A file of no more than the weights: no larger tensor is kept for a part of it.
    assert (tmp_path / "060000.pth").stat().st_size < 4.01 * sum(value.numel() for value in state.values())


def test_names_and_format_of_the_file_make_no_difference(tmp_path, thin):
    import_detector(saved(tmp_path / "a.pth", thin), tmp_path / "a_out.pth")
    import_detector(saved(tmp_path / "b.pth", thin, old_format=False, module=""), tmp_path / "b_out.pth")
    assert zipfile.is_zipfile(tmp_path / "b.pth") and not zipfile.is_zipfile(tmp_path / "a.pth")
    assert (tmp_path / "a_out.pth").read_bytes() == (tmp_path / "b_out.pth").read_bytes()


def test_all_that_does_not_fit_is_listed_at_once(tmp_path, thin):
    lost = [name for name in thin if name.startswith("backbone.body.layer3.7.")]
    for name in lost:
        del thin[name]
    thin["mask.conv.weight"] = torch.zeros(2)
    thin["roi_heads.box.predictor.bbox_pred.weight"] = torch.zeros(4, 2048)
    thin["rpn.head.conv.bias"] = torch.full((1024,), torch.nan)
    message = refused(saved(tmp_path / "in.pth", thin), tmp_path)
    assert len(lost) == 15 and all(name in message for name in lost)
    assert "not of this network: mask.conv.weight;" in message
    assert "of another shape: roi_heads.box.predictor.bbox_pred.weight (4, 2048), not (8, 2048);" in message
    assert message.endswith("not finite: rpn.head.conv.bias")


def test_other_anchors_are_refused(tmp_path, thin):
    thin[CELL_ANCHORS] = ANCHORS + 0.5
    assert "other anchors" in refused(saved(tmp_path / "in.pth", thin), tmp_path)


def test_another_kind_of_file_is_refused(tmp_path, thin):
    whole = saved(tmp_path / "whole.pth", thin).read_bytes()
    archive = saved(tmp_path / "archive.pth", thin, old_format=False).read_bytes()
    contents = {"text": b"<html>404 not found</html>", "empty": b"", "numbers": bytes(range(256)) * 9}
    contents |= {"half": whole[: len(whole) // 2], "most": whole[:-9], "start": whole[:40]}
    contents |= {"half_archive": archive[: len(archive) // 2]}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        message = refused(tmp_path / name, tmp_path)
        assert "damaged, or no PyTorch file" in message and "\n" not in message, name
    assert "No such file" in refused(tmp_path / "missing.pth", tmp_path)
    assert "cannot be read" in refused(tmp_path, tmp_path)


def test_a_checkpoint_of_another_network_is_refused(tmp_path, thin):
    resnet = {"0.0.weight": torch.zeros(64, 1, 7, 7), "metric.W": torch.zeros(2)}
    assert "another network's, such as 0.0.weight;" in refused(saved(tmp_path / "a.model", resnet), tmp_path)
    classifier = saved(tmp_path / "b.model", resnet, args=Namespace(lr=0.1))
    assert "it asks for argparse.Namespace, which was not run" in refused(classifier, tmp_path)
    torch.save(thin, tmp_path / "c.pth")
    torch.save([1, 2], tmp_path / "d.pth")
    torch.save({"model": ["weights"], "iteration": 1}, tmp_path / "e.pth")
    for name in ("c", "d", "e"):
        assert "holds no `model` with weights" in refused(tmp_path / f"{name}.pth", tmp_path)
    assert "after which `iteration`" in refused(saved(tmp_path / "f.pth", thin, iteration=None), tmp_path)


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("kind", ["old", "zip", "pickle"])
def test_a_malicious_file_runs_no_code(tmp_path, thin, kind):
    trap = Trap(tmp_path / "trapped")
    if kind == "pickle":
        path = tmp_path / "in.pth"
        path.write_bytes(pickle.dumps({"model": trap}, protocol=2))
    else:
        path = saved(tmp_path / "in.pth", thin, old_format=kind == "old", scheduler=trap)
    assert "open, which was not run" in refused(path, tmp_path)
    assert not (tmp_path / "trapped").exists()
    if kind == "pickle":  # the trap is a real one
        pickle.loads(path.read_bytes())
        assert (tmp_path / "trapped").exists()
