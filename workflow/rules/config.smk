# The configuration: config.yaml, then profiles and `--config` over it, checked before anything is planned.
import os
import sys
from pathlib import Path

import yaml
from snakemake.utils import update_config, validate

LIBRARY = os.path.join(workflow.basedir, "workflow")
sys.path.insert(0, LIBRARY)
# What is planned is what runs: scripts import this checkout's library, whichever one the environment has installed.
os.environ.update(PYTHONPATH=os.pathsep.join([LIBRARY, *filter(None, [os.getenv("PYTHONPATH")])]))

from kuzushiji.pages.own_scans import newest_models, reading
from kuzushiji.pages.page_sets import list_images


def from_root(path):
    """A path that counts from the checkout, as those in the configuration do, wherever results go (`--directory`)."""
    return path if os.path.isabs(path) else os.path.relpath(os.path.join(workflow.basedir, path))


configfile: from_root("config.yaml")


def typed(value):
    """`--config` hands over the inner values of dictionaries and lists as text; YAML gives them their types."""
    if isinstance(value, dict):
        return {key: typed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    return yaml.safe_load(value) if isinstance(value, str) else value


cli_config = typed(workflow.config_settings.config)
update_config(config, cli_config)
if config["read"] is not None:
    scans = str(config["read"])  # a folder may be called by a number
    models = {} if config["weights"] == "published" else newest_models(Path("results").absolute())
    update_config(models, cli_config)
    config.update(reading({**config, **models, "read": scans}, scans, list_images(from_root(scans))))
validate(config, "../schemas/config.schema.yaml")


# A named entry set to null is left out.
def without_nulls(entries):
    return {name: entry for name, entry in entries.items() if entry}


for section in ("page_sets", "classifiers"):
    config[section] = without_nulls(config[section])
config["published"]["classifiers"] = without_nulls(config["published"]["classifiers"])
for page_set in config["page_sets"].values():
    if "synthetic" in page_set:
        page_set["synthetic"]["books"] = without_nulls(page_set["synthetic"]["books"])

# Published weights train nothing: they need only what is to be read.
named = {"recognize": config["recognize"]}
if config["weights"] == "trained":
    named |= {key: config[key] for key in ("training", "validation")}
    named["pseudo.page_sets"] = config["pseudo"]["page_sets"]
for key, names in named.items():
    for name in [names] if isinstance(names, str) else names:
        if name not in config["page_sets"]:
            raise WorkflowError(f"config.yaml: {key}: there is no page set {name} under page_sets")

if config["detect"]["mode"] not in config["detect"]["modes"]:
    raise WorkflowError(
        f"config.yaml: detect: there is no mode {config['detect']['mode']} under modes; "
        f"choose {' or '.join(config['detect']['modes'])}"
    )
