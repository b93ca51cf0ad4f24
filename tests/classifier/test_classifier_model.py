import pytest
import timm
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from kuzushiji.classifier.model import KIND, L2Softmax, build_classifier, load_classifier, normalize
from kuzushiji.common.errors import InputError

SETTINGS = {"architecture": "test_resnet", "pretrained": False, "channels": "gray", "temperature": 0.05}


def test_logits_are_cosines_over_the_temperature():
    head = L2Softmax(8, 5, 0.05)
    features = torch.randn(3, 8)
    cosine = F.cosine_similarity(features[:, None], head.weight[None], dim=2)
    torch.testing.assert_close(head(features), cosine / 0.05)
    torch.testing.assert_close(head(7 * features), head(features))
    assert {name for name, _ in head.named_parameters()} == {"weight"}
    assert head.weight.abs().max() <= (6 / 13) ** 0.5  # Xavier's bound


def test_logits_keep_float32_under_autocast():
    head = L2Softmax(8, 5, 0.05)
    features = torch.randn(3, 8).to(torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        logits = head(features)
    torch.testing.assert_close(logits, head(features.float()))


@pytest.mark.parametrize(("channels", "count"), [("gray", 1), ("rgb", 3)])
def test_a_network_takes_its_channels_and_gives_its_classes(channels, count):
    model = build_classifier({**SETTINGS, "channels": channels}, 7, 0.05).eval()
    assert model(torch.rand(2, count, 32, 32)).shape == (2, 7)


def test_an_unknown_architecture_is_explained():
    with pytest.raises(InputError, match="timm knows no resnet_of_mine"):
        build_classifier({**SETTINGS, "architecture": "resnet_of_mine"}, 7, 0.05)


def test_a_network_starts_from_weights_of_other_channels_and_classes(tmp_path):
    whole = timm.create_model("test_resnet", num_classes=1000)
    save_file(whole.state_dict(), tmp_path / "weights.safetensors")
    for channels in ("rgb", "gray"):
        backbone = build_classifier({**SETTINGS, "channels": channels}, 7, 0.05, tmp_path / "weights.safetensors")[0]
        given, found = whole.state_dict(), backbone.state_dict()
        first = given.pop("conv1.0.weight")
        assert torch.equal(found.pop("conv1.0.weight"), first if channels == "rgb" else first.sum(1, keepdim=True))
        assert found and all(torch.equal(value, given[name]) for name, value in found.items())


def test_weights_of_another_network_are_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    with pytest.raises(InputError, match=r"weights\.safetensors: cannot be read as weights"):
        build_classifier(SETTINGS, 7, 0.05, path)
    save_file(timm.create_model("test_vit").state_dict(), path)
    with pytest.raises(InputError, match=r"weights\.safetensors: lacks .* of test_resnet; delete it"):
        build_classifier(SETTINGS, 7, 0.05, path)


def test_normalization():
    images = torch.rand(2, 1, 4, 4)
    torch.testing.assert_close(normalize(images, {"mean": 0.5, "std": 0.25}), images * 4 - 2)


def test_a_checkpoint_comes_back_best_or_last(tmp_path):
    best, last = (build_classifier(SETTINGS, 2, 0.05) for _ in range(2))
    content = {"kind": KIND, "charset": ["U+3042", "U+3044"], "settings": {**SETTINGS, "pretrained": True}}
    torch.save({**content, "best": best.state_dict(), "last": last.state_dict()}, tmp_path / "c.pth")
    images = torch.rand(2, 1, 32, 32)
    for which, model in (("best", best), ("last", last)):
        loaded, charset, settings = load_classifier(tmp_path / "c.pth", which)
        assert charset == content["charset"] and settings["channels"] == "gray"
        torch.testing.assert_close(loaded(images), model.eval()(images))


def test_damaged_or_other_files_are_refused(tmp_path):
    path = tmp_path / "c.pth"
    with pytest.raises(InputError, match=r"c\.pth"):
        load_classifier(path)
    torch.save({"kind": KIND, "best": torch.rand(5000)}, path)
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(InputError, match="cannot be read"):
        load_classifier(path)
    path.write_text("text")
    with pytest.raises(InputError, match="cannot be read"):
        load_classifier(path)
    torch.save({"model": {}}, path)
    with pytest.raises(InputError, match="not a classifier of this workflow"):
        load_classifier(path)
    wrong = build_classifier({**SETTINGS, "channels": "rgb"}, 2, 0.05).state_dict()
    torch.save({"kind": KIND, "charset": ["U+3042", "U+3044"], "settings": SETTINGS, "best": wrong}, path)
    with pytest.raises(InputError, match="do not fit test_resnet"):
        load_classifier(path)
