# What the workflow is planned from: names from the configuration, page ids from folder listings, code from imports.
import os
import re
from pathlib import Path

import grimp

from kuzushiji.pages import page_sets
from kuzushiji.common.code import digest, imported

# Published weights make a round of their own, which trains nothing.
ROUND = "published" if config["weights"] == "published" else config["round"]
TRAINED_ROUNDS = ("first", "pseudo", "refine")
PAGE_SETS = {
    name: entry | {key: from_root(entry[key]) for key in ("images", "labels", "transcriptions") if key in entry}
    for name, entry in config["page_sets"].items()
}
SOURCES = [name for name, entry in PAGE_SETS.items() if "of" not in entry]
SUBSETS = [name for name, entry in PAGE_SETS.items() if "of" in entry]
TRAINING = config["training"]
VALIDATION = config["validation"]
TRAINED_DETECTORS = [f"{iteration:06d}" for iteration in config["detector"]["training"]["snapshots"]]
PUBLISHED_DETECTORS = list(config["published"]["detectors"])
CLASSIFIERS = list(config["classifiers"])
IMPORTS = grimp.build_graph("kuzushiji", cache_dir=None)
# Modules that say what a job does and what went wrong: no result depends on their words.
TALKING = {"kuzushiji.common.errors", "kuzushiji.common.logs", "kuzushiji.common.progress"}


def one_of(names):
    return "|".join(map(re.escape, names)) or "(?!)"  # an empty constraint would be none


wildcard_constraints:
    round=one_of([*TRAINED_ROUNDS, "published"]),
    weights="trained|published",
    page_set=one_of(PAGE_SETS),
    image_set=one_of(SOURCES),
    chunk=r"\d+",
    detector=one_of([*TRAINED_DETECTORS, *PUBLISHED_DETECTORS]),
    classifier=one_of(CLASSIFIERS),


for key in ("training", "validation") if ROUND != "published" else ():
    if not page_sets.labelled(PAGE_SETS, config[key]):
        raise WorkflowError(f"config.yaml: {key}: the page set {config[key]} needs `labels` for all of its images")


# The page sets that are scored: what is read if its text is known, and the validation pages if they decided anything.
SCORED = [name for name in config["recognize"] if page_sets.labelled(PAGE_SETS, name)]
if ROUND != "published":
    SCORED = list(dict.fromkeys([VALIDATION, *SCORED]))


# The page sets whose text is known.
TRANSCRIBED = [name for name in config["recognize"] if page_sets.transcribed(PAGE_SETS, name)]


# Here one job at a time has the GPU (or stands in for it on the CPU). `--resources gpu=N` is for jobs of several GPUs: two
# jobs of one each would both take the first; a cluster gives every job its own.
if "gpu" not in workflow.global_resources:
    workflow.register_resource("gpu", 1)


def code(script):
    """A digest of the script and of every library module that it imports, directly or not."""
    path = f"{workflow.basedir}/workflow/scripts/{script}.py"
    modules = imported(path) & IMPORTS.modules
    modules |= {upstream for module in modules for upstream in IMPORTS.find_upstream_modules(module)}
    packages = {module for module in modules if IMPORTS.find_children(module)}  # their `__init__.py` hold nothing
    counted = sorted(modules - packages - TALKING)
    return digest([path, *[f"{LIBRARY}/{module.replace('.', '/')}.py" for module in counted]])


def scaled(amount, each=0):
    """A resource: `amount`, and `each` for every page of the job's page set; twice as much at the first retry, …"""

    def resource(wildcards, attempt):
        pages = pages_of(wildcards.page_set) if each and wildcards else []
        return attempt * (amount + int(each * len(pages)))

    return resource


def folder(path):
    """A folder that the workflow makes, as an input: it counts by its files' content, where Snakemake has but its clock."""
    return [f"{path}.sha256", ancient(path)]
