# config.yaml, then profiles and `--config` over it, checked before anything is planned.
import json
import os
from copy import deepcopy
from pathlib import Path

import yaml
from kuzushiji.common.configuration import check_configuration, update
from kuzushiji.pages.own_scans import NAMED

changes = deepcopy(config)  # of files and `--config` by Snakemake, or of a workflow of which this is a module


configfile: from_root("config.yaml")


def read_yaml(path):
    """The content of a YAML or JSON file, by libyaml where it is there: every plan reads some, and PyYAML takes half a second."""
    text = Path(path).read_text(encoding="utf-8")
    try:
        return json.loads(text)  # whose 1e-05 is a text in YAML
    except ValueError:
        return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}


def typed(value):
    """A value of `--config` with types by YAML: Snakemake leaves values inside dictionaries and lists as text."""
    if isinstance(value, dict):
        return {key: typed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    if not isinstance(value, str):
        return value
    try:
        scalar = yaml.safe_load(value)
    except yaml.YAMLError:
        return value
    return scalar if isinstance(scalar, bool | int | float | None) else value  # not dates, nor a text up to its `#`


def without_nulls(entries):
    """The entries without those that are null."""
    return {name: entry for name, entry in entries.items() if entry}


def holds(value, part):
    if isinstance(value, dict) and isinstance(part, dict):
        return all(key in value and holds(value[key], inner) for key, inner in part.items())
    return value == part


# Where this is a module of another workflow, `--config` may speak to that one, and its `config` says what it changes.
cli_config = typed({key: value for key, value in CLI_CONFIG.items() if key in config and holds(config[key], value)})
published_settings = read_yaml(from_root("config.yaml"))
config.clear()
config.update(deepcopy(published_settings))
configfiles = [read_yaml(file) for file in workflow.overwrite_configfiles]
for layer in configfiles if changes == workflow.config_settings.overwrite_config else [changes]:
    update(config, layer)
update(config, cli_config)
# Where a key may stand, for messages.
CONFIGURED = [
    ("--config", cli_config),
    *zip(map(os.path.relpath, reversed(workflow.overwrite_configfiles)), reversed(configfiles), strict=True),
    ("config.yaml", published_settings),
]
SCHEMA = read_yaml(Path(LIBRARY, "schemas/config.schema.yaml"))
if "weights" in config:
    raise InputError(
        "config.yaml: weights: is no key any more; `round: published` reads with the published networks, and "
        "`round: first`, `pseudo` or `refine` with those that were trained here"
    )
# Rounds whose networks come from files, and the sections that name these. They train nothing, except that `adapt` tunes
# the classifiers of `adapted`.
IMPORTED_ROUNDS = {"published": "published", "small": "small", "adapted": "small"}
TRAINED_ROUNDS = ("first", "pseudo", "refine")


include: "own_scans.smk"


check_configuration(config, SCHEMA, CONFIGURED)
DENOISED_OTHERWISE = False  # than the configuration says, by the settings of the small networks
if IMPORTED_ROUNDS.get(config["round"]) == "small":
    # They read pages as they saw them in training.
    denoised = deepcopy(config["denoise"])
    small_settings = without_nulls(config["small"]["settings"])
    update(config, small_settings)
    update(config, {key: cli_config[key] for key in small_settings.keys() & cli_config})
    check_configuration(config, SCHEMA, CONFIGURED)
    DENOISED_OTHERWISE = config["denoise"] != denoised
for section in NAMED:
    config[section] = without_nulls(config[section])
for networks in set(IMPORTED_ROUNDS.values()):
    for section in ("detectors", "classifiers"):
        config[networks][section] = without_nulls(config[networks][section])
for page_set in config["page_sets"].values():
    if "synthetic" in page_set:
        page_set["synthetic"]["books"] = without_nulls(page_set["synthetic"]["books"])

ROUND = config["round"]
TRAINS = ROUND in TRAINED_ROUNDS
