"""What Snakemake plans for the classifiers, without running any."""

import pytest
import yaml
from conftest import ROOT, planned, snakemake
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config, validate

NEW = {**yaml.safe_load((ROOT / "config.yaml").read_text())["classifiers"]["02_resnet152"], "architecture": "resnet18"}


def plan(checkout, *arguments, check=True):
    return snakemake("--dry-run", "--profile", "profiles/demo", *arguments, cwd=checkout, check=check)


def test_a_sixth_classifier_is_a_configuration_entry(checkout):
    (checkout / "more.yaml").write_text(
        yaml.safe_dump({"classifiers": {"06_mine": {**NEW, "validation_book": "yuki"}}})
    )
    run = plan(checkout, "--configfile", "profiles/demo/settings.yaml", "more.yaml")
    jobs = planned(run)
    assert jobs["classifier"] == 6
    assert jobs["gather_predictions"] == 24
    alone = plan(
        checkout,
        *("--configfile", "profiles/demo/settings.yaml", "more.yaml"),
        *("--", "results/first/classifiers/06_mine.pth"),
    )
    assert planned(alone)["classifier"] == 1


def test_imagenet_weights_are_fetched_once_for_all_that_start_from_them(checkout, hub, tmp_path, monkeypatch):
    endpoint, _ = hub
    for name, value in {"HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "0"}.items():
        monkeypatch.setenv(name, value)
    start = {"architecture": "test_resnet", "pretrained": True}
    settings = {"classifiers": {"01_efficientnet": start, "05_resnet": start}}
    (checkout / "start.yaml").write_text(yaml.safe_dump(settings))
    configured = ["--cores", "2", "--configfile", "profiles/demo/settings.yaml", "start.yaml"]
    jobs = planned(snakemake("--dry-run", *configured, cwd=checkout))
    assert (jobs["pretrained_classifier"], jobs["classifier"]) == (1, 5)
    snakemake(*configured, "--", "resources/pretrained/test_resnet.safetensors", cwd=checkout)
    jobs = planned(snakemake("--dry-run", *configured, cwd=checkout))
    assert jobs["classifier"] == 5 and "pretrained_classifier" not in jobs


def test_pictures_and_tables_of_the_training_are_targets(checkout):
    folder = "results/first/classifiers"
    targets = [f"{folder}/history.svg", f"{folder}/confusions.svg", f"{folder}/01_efficientnet/augmented.png"]
    jobs = planned(plan(checkout, *targets))
    assert (jobs["classifier"], jobs["curves"], jobs["augmented"]) == (5, 1, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classification": {"temprature": 0.05}}, "temprature"),
        ({"classification": {"precision": "float8"}}, "float8"),
        ({"classification": {"crop_scale": [0.85]}}, "too short"),
        ({"classification": {"erasing": {"area": [0.02, 4]}}}, "4 is greater than the maximum"),
        ({"classifiers": {"02_resnet152": {"channels": "blue"}}}, "blue"),
        ({"classifiers": {"02_resnet152": {"epoch": 3}}}, "epoch"),
        ({"classifiers": {"02_resnet152": {"mixing": {"method": "cutmix"}}}}, "cutmix"),
        ({"classifiers": {"02_resnet152": {"schedule": {"kind": "zigzag"}}}}, "zigzag"),
        ({"classifiers": {"06_mine": {"architecture": "resnet18"}}}, "required property"),
        ({"folds": {"moved": 0}}, "0 is less than the minimum"),
        ({"folds": {"least": 3}}, "least"),
        ({"benchmarks": {"pages": 0}}, "0 is less than the minimum"),
    ],
)
def test_a_mistake_in_the_settings_is_named(change, message):
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    schema = str(ROOT / "workflow/schemas/config.schema.yaml")
    validate(config, schema)
    update_config(config, change)
    with pytest.raises(WorkflowError, match=message):
        validate(config, schema)


WITHOUT = ["validation=val", "training=rest", "page_sets={rest: {of: [train], without_books: [hana, kaze]}}"]


@pytest.mark.parametrize(
    ("change", "target", "message"),
    [
        (
            ["classifiers={01_efficientnet: {validation_book: zzz}}"],
            "all",
            "01_efficientnet: validation_book: train has",
        ),
        (
            ["classification={sampling: {crops: 100, power: 0.5, shares: {train: 1}}}"],
            "all",
            "shares: no page of training is of train itself; drawn_training has no share",
        ),
        (
            ["book_classifier={classifier: {architecture: resnet_152}}"],
            "results/book_classifier/test.csv",
            "book_classifier: classifier: architecture: timm has no resnet_152; perhaps",
        ),
        (
            ["book_classifier={classifier: {resize: [20, 20]}}"],
            "results/book_classifier/test.csv",
            "book_classifier: classifier: resize: crops of input_size",
        ),
        (
            ["round=pseudo", "pseudo={page_sets: [val]}", *WITHOUT],
            "all",
            "pseudo.page_sets: val: page kaze001-001 is also of val (validation)",
        ),
        (["export={priors: {of: [bogus], charset: a.txt}}"], "export", "export.priors: of: there is no page set bogus"),
    ],
)
def test_sections_that_do_not_fit_each_other_stop_before_anything_is_planned(checkout, change, target, message):
    run = plan(checkout, "--config", *change, "--", target, check=False)
    said = run.stdout + run.stderr
    assert run.returncode and message in said and "Traceback" not in said
