# What the workflow is planned from: names from the configuration, page ids from folder listings, code from imports.
import ast
import os
import re
import sys
from functools import cache
from pathlib import Path

import grimp

ROOT = os.path.relpath(workflow.basedir)
sys.path.insert(0, os.path.join(workflow.basedir, "workflow"))

from kuzushiji import page_sets

# A named entry set to null is left out.
for section in ("page_sets", "classifiers"):
    config[section] = {name: entry for name, entry in config[section].items() if entry}

ROUND = config["round"]
PAGE_SETS = config["page_sets"]
SOURCES = [name for name, entry in PAGE_SETS.items() if "of" not in entry]
VIEWS = [name for name, entry in PAGE_SETS.items() if "of" in entry]
TRAINING = config["training"]
VALIDATION = config["validation"]
DETECTORS = [f"{iteration:06d}" for iteration in config["detector"]["training"]["snapshots"]]
CLASSIFIERS = list(config["classifiers"])
IMPORTS = grimp.build_graph("kuzushiji", cache_dir=None)


def one_of(names):
    return "|".join(map(re.escape, names))


wildcard_constraints:
    round="first",
    page_set=one_of(PAGE_SETS),
    image_set=one_of(SOURCES),
    chunk=r"\d+",
    detector=one_of(DETECTORS),
    classifier=one_of(CLASSIFIERS),


# Here one job at a time has the GPU (or stands in for it on the CPU); `--resources gpu=N` allows more.
if "gpu" not in workflow.global_resources:
    workflow.register_resource("gpu", 1)


def code(script):
    """The script and every library module that it imports, directly or not: what its results depend on."""
    path = f"{ROOT}/workflow/scripts/{script}.py"
    tree = ast.parse(Path(path).read_text())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)} & IMPORTS.modules
    modules |= {upstream for module in modules for upstream in IMPORTS.find_upstream_modules(module)}
    files = [f"{ROOT}/workflow/{module.replace('.', '/')}.py" for module in sorted(modules - {"kuzushiji"})]
    return [os.path.normpath(file) for file in [path, *files]]


@cache
def pages_of(page_set):
    return page_sets.pages(PAGE_SETS, page_set, config["chunks"])


@cache
def pages_by_chunk(page_set):
    chunks = {}
    for page in pages_of(page_set):
        chunks.setdefault(page.chunk, []).append(page)
    return chunks


def page_set_of(wildcards):
    return wildcards.get("page_set") or wildcards.image_set


def gather(pattern):
    """An input function: `pattern` for every chunk of the page set."""
    return lambda wildcards: expand(pattern, **wildcards, chunk=sorted(pages_by_chunk(page_set_of(wildcards))))


def denoised_folders(pages):
    return list(dict.fromkeys(f"results/denoised/{page.image_set}/{page.chunk}" for page in pages))


def denoised_pages(pages):
    """Pairs of a page's id and its denoised image."""
    return [[page.image_id, f"results/denoised/{page.image_set}/{page.chunk}/{page.image_id}.png"] for page in pages]


def denoised_chunk(wildcards):
    return denoised_folders(pages_by_chunk(wildcards.page_set)[int(wildcards.chunk)])


def denoised_chunk_pages(wildcards):
    return denoised_pages(pages_by_chunk(wildcards.page_set)[int(wildcards.chunk)])
