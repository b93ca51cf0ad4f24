"""The check of a configuration, by its own schema."""

import copy
from pathlib import Path

import pytest
import timm
import yaml

from kuzushiji.common.configuration import (
    _architectures,
    check_architecture,
    check_configuration,
    check_training,
    update,
)
from kuzushiji.common.errors import InputError, plain_errors, with_cause

ROOT = Path(__file__).parents[2]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
DRAWN = yaml.safe_load((ROOT / "profiles/demo/settings.yaml").read_text(encoding="utf-8"))["page_sets"]["drawn_test"]


def check(keys, value):
    """Check config.yaml with `value` at `keys`, given by `--config`; returns what is wrong."""
    config, given = copy.deepcopy(CONFIG), value
    part = config
    for key in keys[:-1]:
        part = part.setdefault(key, {}) if isinstance(part, dict) else part[key]
    part[keys[-1]] = value
    for key in reversed(keys):
        given = {key: given}
    try:
        check_configuration(config, SCHEMA, [("--config", given), ("config.yaml", CONFIG)])
    except InputError as error:
        return str(error)
    return ""


def test_the_configuration_and_drawn_pages_are_right():
    assert check(["chunks"], 3) == ""
    assert check(["page_sets", "drawn"], DRAWN) == ""


def test_of_an_unknown_key_the_nearest_one_is_said_and_where_it_stands():
    assert check(["nms", "iuo"], 0.3) == "--config: nms: iuo: there is no such key; did you mean iou?"
    assert check(["clasifiers"], {}) == "--config: clasifiers: there is no such key; did you mean classifiers?"
    assert check(["nms", "xyz"], 1) == "--config: nms: xyz: there is no such key; known are iou"
    assert check(["page_sets", "mine"], {"imges": "a"}).splitlines()[0].endswith("did you mean images?")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize(
    "keys",
    [
        ["filter", "threshold"],
        ["classifiers", "02_resnet152", "mean"],
        ["detection", "learning_rate"],
        ["viewer", "review"],
    ],
)
def test_numbers_are_finite(keys, value):
    said = check(keys, value)
    assert f"--config: {': '.join(keys)}: {value} is no finite number" in said


@pytest.mark.parametrize(
    ("keys", "value", "says"),
    [
        (["annotations", "canvas"], "https://a/{book.__class__}", "only {image_id} and {book} may stand in braces"),
        (["annotations", "canvas"], "https://a/{0}", "only {image_id} and {book} may stand in braces"),
        (["page_sets", "drawn"], {"synthetic": DRAWN["synthetic"] | {"width": 0}}, "width: 0 is less than the minimum"),
        (["page_sets", "mine"], {"images": "a", "of": ["train"]}, "must have one of images, scans, of, synthetic"),
        (["chunks"], "many", "chunks: 'many' is not of type 'integer'"),
    ],
)
def test_what_would_fail_later_is_refused(keys, value, says):
    said = check(keys, value)
    assert says in said and len(said) < 500 and "\n" not in said


def test_architectures_are_known_without_importing_timm():
    # Without those that this workflow registers, where another test has imported them.
    timms = {name for name in timm.list_models() if timm.model_entrypoint(name).__module__.startswith("timm.")}
    assert len(timms) > 1000 and timms <= _architectures()
    for name in ("efficientnet_b4", "resnet152", "resnet50.a1_in1k", "ppocrv6_small_rec"):
        check_architecture("classifiers: mine", name)
    with pytest.raises(
        InputError, match=r"classifiers: mine: architecture: timm has no resnet_152; perhaps .*resnet152"
    ):
        check_architecture("classifiers: mine", "resnet_152")


def test_an_error_of_ours_is_said_without_its_way():
    def formatted(error, linemaps=None):
        return f'{error} in file "x", line 3'

    plainly = plain_errors(formatted)
    try:
        try:
            raise InputError("a.csv: row 3: wrong")
        except InputError as error:
            raise RuntimeError("in rule x") from error
    except RuntimeError as wrapped:
        assert plainly(wrapped, {}) == "Error: a.csv: row 3: wrong"
    assert plainly(ValueError("other")) == 'other in file "x", line 3'

    class Wrapped(Exception):
        pass

    Wrapped.__init__ = with_cause(Wrapped.__init__)
    try:
        try:
            raise KeyError("file")
        except KeyError:
            raise Wrapped(InputError("a.csv: row 3: wrong"))  # noqa: B904 (as Snakemake does)
    except Wrapped as again:
        assert plainly(again) == "Error: a.csv: row 3: wrong"
    assert plainly(Wrapped("other")) == 'other in file "x", line 3'


def test_sections_are_merged_unless_they_are_of_another_kind():
    config = {"a": {"schedule": {"kind": "multistep", "milestones": [1], "factor": 0.1}, "mixing": None, "other": 1}}
    update(config, {"a": {"schedule": {"factor": 0.5}}})
    assert config["a"] == {
        "schedule": {"kind": "multistep", "milestones": [1], "factor": 0.5},
        "mixing": None,
        "other": 1,
    }
    changes = {"a": {"schedule": {"kind": "cosine", "period": 3}, "mixing": {"method": "icap"}, "more": {"deep": []}}}
    update(config, changes)
    assert config["a"] == {**changes["a"], "other": 1}
    config["a"]["more"]["deep"].append(1)
    assert changes["a"]["more"] == {"deep": []}
    update(config, {"a": {"schedule": {"kind": "cosine", "minimum": 0}, "mixing": None}})
    assert config["a"]["schedule"] == {"kind": "cosine", "period": 3, "minimum": 0} and config["a"]["mixing"] is None
    update(config, {"method": {"first": "soft"}})
    update(config, {"method": {"refine": "hard"}})
    assert config["method"] == {"first": "soft", "refine": "hard"}


def test_settings_that_would_stop_a_training_are_refused_and_no_others():
    mixup = {"method": "mixup", "alpha": 0.2}
    settings = {"resize": [100, 120], "input_size": 112, "mixing": mixup, "batch_size": 64, "sampling": None}
    check_training("classifiers: one", settings)  # it may train on enlarged parts
    check_training("classifiers: one", settings | {"mixing": None, "batch_size": 63})
    check_training("classifiers: one", settings | {"batch_size": 63, "sampling": {"crops": 40}})  # which are one batch
    for change in ({"resize": [124, 100]}, {"batch_size": 63}, {"batch_size": 63, "sampling": {"crops": 64}}):
        with pytest.raises(InputError, match=r"classifiers: one: (resize|batch_size)"):
            check_training("classifiers: one", settings | change)
