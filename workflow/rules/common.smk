# Shared by several rules files: the configuration, page sets, the networks of a round, digests of code.
import os
import re
import sys
from functools import cache
from pathlib import Path

import grimp
import pandas as pd
import yaml
import snakemake.exceptions
from snakemake.utils import update_config

# Not `workflow.basedir`, which belongs to a workflow that includes this one, nor `source_path`, which gives a copy.
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(workflow.current_basedir)))
LIBRARY = os.path.join(ROOT, "workflow")
sys.path.insert(0, LIBRARY)
# Scripts must import this checkout's library, as planning does, whatever the environment has installed.
os.environ.update(PYTHONPATH=os.pathsep.join([LIBRARY, *filter(None, [os.getenv("PYTHONPATH")])]))

from kuzushiji.common.code import digest, imported
from kuzushiji.common.configuration import check_architecture, check_configuration
from kuzushiji.common.errors import InputError, plain_errors
from kuzushiji.common.runs import take_up
from kuzushiji.common.stages import STAGES
from kuzushiji.pages import page_sets
from kuzushiji.pages.corrections import read_corrections
from kuzushiji.pages.fetch import note_wanted
from kuzushiji.pages.manifest import get_manifest, is_address, manifest_path
from kuzushiji.pages.own_scans import LABELLED as LABELLED_PAGES
from kuzushiji.pages.own_scans import (
    adapting,
    corrections_beside,
    labelled_pages,
    newest_models,
    pages_in_range,
    path_as_typed,
    path_for_jobs,
    reading,
    scan_record,
)
from kuzushiji.pages.scans import is_manifest, is_plain, list_scans, passed_over
from kuzushiji.pages.unreadable import lines, recorded, sort_scans
from kuzushiji.text.confidence import pages_to_check

# Snakemake's internals, used where it has no public interface: all of them are here, and were tried with 9.27.
CLI_CONFIG = workflow.config_settings.config  # the values of `--config`, which the configuration does not distinguish
CLI_ARGUMENTS = workflow.config_settings.config_args  # the same as they were typed; jobs get them too
for resource in ("gpu", "download"):
    # On one machine, one job at a time uses the GPU (or the CPU in its place), unless `--resources gpu=N` says how many
    # there are. A profile's `resources` would override a cluster's own.
    if resource not in workflow.global_resources:
        workflow.register_resource(resource, 1)


# Errors of ours without the lines of Snakefiles through which they came.
snakemake.exceptions.format_exception_to_string = plain_errors(snakemake.exceptions.format_exception_to_string)
# Locks of a killed run are no reason to stop; a living one is named.
if not workflow.remote_exec:
    working = take_up(
        Path(".snakemake/runs"), Path(".snakemake/locks"), "a run" if workflow.is_main_process else "a job"
    )
    if working:
        snakemake.exceptions.LockException = lambda: InputError(
            f"results of this run are being made by {working}; let it finish, or end it "
            "(one of another host that is gone: --unlock)"
        )


def only_reads():
    """Whether only some rules may run, as in profiles/read."""
    return bool(workflow.dag_settings.allowed_rules)


def from_root(path):
    """A path relative to the checkout, like those of the configuration, with any working directory (`--directory`)."""
    return path if os.path.isabs(path) else os.path.relpath(os.path.join(ROOT, path))


def scans_path(scans):
    """Where scans lie, as `from_root`; of an address, the IIIF manifest there, which is fetched if it is not here."""
    if not is_address(scans):
        return from_root(scans)
    manifest = manifest_path(scans, from_root("resources/iiif"))
    get_manifest(scans, manifest)
    return str(manifest)


# ---- The configuration: config.yaml, then profiles and `--config` over it, checked before anything is planned.


configfile: from_root("config.yaml")


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
changes = dict(config)
published_settings = yaml.safe_load(Path(from_root("config.yaml")).read_text(encoding="utf-8"))
config.update(yaml.safe_load(Path(from_root("config.yaml")).read_text(encoding="utf-8")))
update_config(config, changes)
update_config(config, cli_config)
# Where a key may stand, for messages.
CONFIGURED = [
    ("--config", cli_config),
    *[
        (os.path.relpath(file), yaml.safe_load(Path(file).read_text(encoding="utf-8")) or {})
        for file in reversed(workflow.overwrite_configfiles)
    ],
    ("config.yaml", published_settings),
]
SCHEMA = yaml.safe_load(Path(LIBRARY, "schemas/config.schema.yaml").read_text(encoding="utf-8"))
if "weights" in config:
    raise InputError(
        "config.yaml: weights: is no key any more; `round: published` reads with the published networks, and "
        "`round: first`, `pseudo` or `refine` with those that were trained here"
    )
# Rounds whose networks come from files, and the sections that name these. They train nothing, except that `adapt` tunes
# the classifiers of `adapted`.
IMPORTED_ROUNDS = {"published": "published", "small": "small", "adapted": "small"}
TRAINED_ROUNDS = ("first", "pseudo", "refine")
# By whose configuration a folder of scans is read.
READ_BY = "this checkout's configuration"
for key in ("read", "adapt"):
    if key in cli_config and (path := path_as_typed(key, CLI_ARGUMENTS)):
        config[key] = cli_config[key] = path
        others = [argument for argument in CLI_ARGUMENTS if argument.partition("=")[0] != key]
        CLI_ARGUMENTS[:] = [*others, path_for_jobs(key, path)]
    if not isinstance(config[key], str | None):
        raise InputError(f"{key}: {config[key]} is no path; put it in quotes")
if config["read"] is not None:
    scans = config["read"]
    place = scans_path(scans)
    # The folder of a manifest is of this manifest alone.
    above = Path(place).parent if is_manifest(Path(place)) else Path(place)
    locked, packed, chosen = {}, not is_plain(Path(place)), None
    if packed:
        pages, locked = list_scans(place)
        images = [Path(above, f"{page.image_id}.png") for page in pages]
    else:
        images = page_sets.list_images(place)
    kind = "scans" if packed else "images"
    if config["page_range"] is not None:
        # Pages of a manifest keep their numbers where some cannot be had.
        listed = [image.stem for image in images] + [name for name in locked if is_manifest(Path(place))]
        chosen = pages_in_range(listed, config["page_range"])
        images = [image for image in images if image.stem in chosen]
        locked = {name: reason for name, reason in locked.items() if name in chosen or not is_manifest(Path(place))}
        if not images:
            raise InputError(f"{scans}: none of these pages can be read:\n" + "\n".join(lines(locked)))
    if config["adapt"] is not None:
        labels = config["adapt"]
        config["round"] = "adapted"
        config.update(adapting(config, scans, labels, labelled_pages(from_root(labels), images), kind))
    else:
        models = {}
        if config["round"] not in IMPORTED_ROUNDS:
            noted, models = newest_models(Path("results").absolute(), IMPORTED_ROUNDS)
            READ_BY = f"their configuration {os.path.relpath(noted)}" if noted else READ_BY
        # What the user gave goes over the models' configuration, as it goes over config.yaml.
        models = {**config, **models}
        # Keys that they did not have then: the defaults change nothing.
        for section in ("denoise", "detect", "classify"):
            models[section] = {**config[section], **models[section]}
        for _, content in reversed(CONFIGURED[1:-1]):
            update_config(models, content)
        update_config(models, cli_config)
        given = [*map(os.path.relpath, workflow.overwrite_configfiles)]
        given += [f"--config {key}" for key in cli_config if key != "read"]
        READ_BY += f", and over it {', '.join(given)}" if given else ""
        # Which pages are read, how they are checked, and what is made of them is no matter of the models.
        models |= {key: config[key] for key in ("read", "page_range", "pages", "formats", "corrections")}
        ids = None if chosen is None else [image.stem for image in images]
        config.update(reading(models, scans, images, Path("results").absolute(), kind, ids))
        corrections = config["corrections"] or corrections_beside(place)
        if corrections:
            read_corrections(from_root(corrections), [image.stem for image in images])  # checked before work begins
            config["page_sets"][config["recognize"][0]]["corrections"] = str(corrections)
elif config["adapt"] is not None:
    raise InputError("adapt: say the folder of its pages too: --config read=folder adapt=labels.csv")
check_configuration(config, SCHEMA, CONFIGURED)
if IMPORTED_ROUNDS.get(config["round"]) == "small":
    # They read pages as they saw them in training.
    small_settings = without_nulls(config["small"]["settings"])
    update_config(config, small_settings)
    update_config(config, {key: cli_config[key] for key in small_settings.keys() & cli_config})
    check_configuration(config, SCHEMA, CONFIGURED)
for section in ("page_sets", "classifiers", "detectors", "detector_trainings"):
    config[section] = without_nulls(config[section])
for networks in set(IMPORTED_ROUNDS.values()):
    for section in ("detectors", "classifiers"):
        config[networks][section] = without_nulls(config[networks][section])
for page_set in config["page_sets"].values():
    if "synthetic" in page_set:
        page_set["synthetic"]["books"] = without_nulls(page_set["synthetic"]["books"])

ROUND = config["round"]
TRAINS = ROUND in TRAINED_ROUNDS


def made_here(path):
    """Whether the workflow makes this file, so that its path counts from where results go: aligned labels."""
    return path.startswith("results/")


PAGE_SETS = {
    name: entry
    | {
        key: (
            scans_path(entry[key]) if key == "scans" else entry[key] if made_here(entry[key]) else from_root(entry[key])
        )
        for key in ("images", "scans", "labels", "transcriptions", "corrections")
        if key in entry
    }
    for name, entry in config["page_sets"].items()
}
SOURCES = [name for name, entry in PAGE_SETS.items() if "of" not in entry]
FETCHED = [name for name in SOURCES if page_sets.fetched(PAGE_SETS[name])]
TRAINING = config["training"]
VALIDATION = config["validation"]
CLASSIFIERS = list(config["classifiers"])
IMPORTED = {name: config[section] for name, section in IMPORTED_ROUNDS.items()}
DETECTORS = {name: networks["detectors"] for name, networks in IMPORTED.items()} | dict.fromkeys(
    TRAINED_ROUNDS, config["detectors"]
)

named = {"recognize": config["recognize"]}
if TRAINS:
    named |= {key: config[key] for key in ("training", "validation")}
    named["pseudo.page_sets"] = config["pseudo"]["page_sets"]
for key, names in named.items():
    for name in [names] if isinstance(names, str) else names:
        if name not in PAGE_SETS:
            raise InputError(f"config.yaml: {key}: there is no page set {name} under page_sets")
        if key in ("training", "validation") and not page_sets.labelled(PAGE_SETS, name):
            raise InputError(f"config.yaml: {key}: the page set {name} needs `labels` for all of its images")
for key, name, section in [
    ("detect: mode", config["detect"]["mode"], config["detect"]["modes"]),
    *[
        (f"detectors: {name}: training", it["training"], config["detector_trainings"])
        for name, it in config["detectors"].items()
    ],
]:
    if name not in section:
        raise InputError(f"config.yaml: {key}: there is no {name}; choose {' or '.join(section)}")
for section, names in [
    ("classifiers", IMPORTED[ROUND]["classifiers"] if ROUND in IMPORTED else CLASSIFIERS),
    ("detectors", DETECTORS[ROUND]),
]:
    if not names:
        raise InputError(f"config.yaml: {section}: all of the {ROUND} round are null; keep at least one")
for name in CLASSIFIERS if TRAINS else []:
    check_architecture(name, config["classifiers"][name]["architecture"])
for name in config["published"]["classifiers"] if ROUND == "published" else []:
    if name not in CLASSIFIERS:
        raise InputError(f"config.yaml: published: classifiers: there is no {name} under classifiers")
for first, second in [("published", "small"), ("published", "first"), ("small", "first")]:
    for name in DETECTORS[first].keys() & DETECTORS[second].keys():
        raise InputError(f"config.yaml: detectors: there are two called {name}; all results of one lie under its name")
# The own scans that cannot be read, by page set: {file name: reason}. Jobs plan by what the run itself found.
UNREADABLE = {}
if config["read"] is not None and locked and config["pages"]["unreadable"] == "stop":
    raise InputError(f"{scans}: scans that cannot be read ({len(locked)}):\n" + "\n".join(lines(locked)))
if config["read"] is not None and config["adapt"] is None and config["pages"]["unreadable"] == "skip":
    for name in config["recognize"]:
        record = scan_record(name, Path("results"))
        if workflow.is_main_process:
            files = sorted({Path(page.source) for page in pages}) if packed else images
            unpacked = above if packed else None
            found = sort_scans(files, record, config["pages"]["max_megapixels"], min(8, os.cpu_count()), unpacked)
        else:
            found = recorded(record)
        UNREADABLE[name] = locked | found.unreadable
        PAGE_SETS[name] |= found._asdict()


for name in FETCHED if workflow.is_main_process else []:
    note_wanted(page_sets.scans(PAGE_SETS[name]))


def left_out(page_set):
    """Pairs of a scan's file that cannot be read and the reason."""
    return [list(pair) for pair in UNREADABLE.get(page_set, {}).items()]


def one_of(names):
    return "|".join(map(re.escape, names)) or "(?!)"  # an empty constraint would not constrain


wildcard_constraints:
    round=one_of([*TRAINED_ROUNDS, *IMPORTED_ROUNDS]),
    page_set=one_of(PAGE_SETS),
    image_set=one_of(SOURCES),
    chunk=r"\d+",
    training=one_of(config["detector_trainings"]),
    detector=one_of([name for detectors in DETECTORS.values() for name in detectors]),
    classifier=one_of([*CLASSIFIERS, *[name for networks in IMPORTED.values() for name in networks["classifiers"]]]),


# ---- Code and resources.
IMPORTS = grimp.build_graph("kuzushiji", cache_dir=None)
# Modules for messages alone, on which no result depends.
TALKING = {"kuzushiji.common.errors", "kuzushiji.common.logs", "kuzushiji.common.progress"}


def code(script):
    """A params function: a digest of the script and of all library modules that it imports, directly or indirectly."""
    return lambda wildcards: code_digest(script)  # when a job is planned, since each job parses all rules again


@cache
def code_digest(script):
    path = f"{LIBRARY}/scripts/{script}.py"
    modules = imported(path) & IMPORTS.modules
    modules |= {upstream for module in modules for upstream in IMPORTS.find_upstream_modules(module)}
    packages = {module for module in modules if IMPORTS.find_children(module)}  # their `__init__.py` hold nothing
    counted = sorted(modules - packages - TALKING)
    return digest([path, *[f"{LIBRARY}/{module.replace('.', '/')}.py" for module in counted]])


def scaled(amount, each=0):
    """A resource: `amount` plus `each` per page of the job's page set; twice as much at the first retry, and so on."""

    def resource(wildcards, attempt):
        pages = pages_of(wildcards.page_set) if each and wildcards else []
        return attempt * (amount + int(each * len(pages)))

    return resource


# ---- Pages.


# The page sets to score: recognized page sets with labels, and the validation pages if they were used.
SCORED = [name for name in config["recognize"] if page_sets.labelled(PAGE_SETS, name)]
if TRAINS:
    SCORED = list(dict.fromkeys([VALIDATION, *SCORED]))


@cache
def pages_of(page_set):
    return page_sets.pages(PAGE_SETS, page_set, config["chunks"])


@cache
def pages_by_chunk(page_set):
    chunks = {}
    for page in pages_of(page_set):
        chunks.setdefault(page.chunk, []).append(page)
    return chunks


def gather(pattern):
    """An input function: `pattern` for every chunk of the page set."""
    return lambda wildcards: collect(pattern, **wildcards, chunk=sorted(pages_by_chunk(wildcards.page_set)))


def folder(path):
    """A folder made by the workflow as an input that counts by content, since Snakemake only checks its timestamp."""
    return [f"{path}.sha256", ancient(path)]


def denoised_folders(pages):
    folders = dict.fromkeys(f"results/denoised/{page.image_set}/{page.chunk}" for page in pages)
    return [part for path in folders for part in folder(path)]


def denoised_pages(pages):
    """Pairs of a page's id and its denoised image."""
    return [[page.image_id, f"results/denoised/{page.image_set}/{page.chunk}/{page.image_id}.png"] for page in pages]


def denoised_chunk(wildcards):
    return denoised_folders(pages_by_chunk(wildcards.page_set)[int(wildcards.chunk)])


def denoised_chunk_pages(wildcards):
    return denoised_pages(pages_by_chunk(wildcards.page_set)[int(wildcards.chunk)])


def scans_of_chunk(wildcards):
    """The scans, as `pages.scans` lists them, of a chunk of an image set that is unpacked."""
    chunk = {page.image_id for page in pages_by_chunk(wildcards.image_set)[int(wildcards.chunk)]}
    return [scan for scan in page_sets.scans(PAGE_SETS[wildcards.image_set]) if scan.image_id in chunk]


def made_images(pages):
    """The folders of the drawn, unpacked or fetched images of pages."""
    return [part for path in dict.fromkeys(os.path.dirname(page.path) for page in pages) for part in folder(path)]


def original_images(page_set):
    """The original images of a page set, or the folders of those that are made."""
    made = [name for name in page_sets.sources(PAGE_SETS, page_set) if page_sets.made(PAGE_SETS[name])]
    pages = pages_of(page_set)
    scanned = [page.path for page in pages if page.image_set not in made]
    return made_images(page for page in pages if page.image_set in made) + scanned


def what_is_read(wildcards):
    """The boxes that all text is made of: recognized ones, with the page set's corrections if it has any."""
    kind = "corrected" if "corrections" in PAGE_SETS[wildcards.page_set] else "recognized"
    return f"results/{wildcards.round}/{kind}/{wildcards.page_set}.parquet"


def is_labelled(wildcards):
    return page_sets.labelled(PAGE_SETS, wildcards.page_set)


def what_is_corrected(wildcards):
    """The table of corrected pages, if the page set has corrections."""
    has = "corrections" in PAGE_SETS[wildcards.page_set]
    return f"results/{wildcards.round}/corrected/{wildcards.page_set}.csv" if has else []


def fonts(wildcards):
    """All fonts fetched at set-up."""
    found = sorted(map(str, Path(from_root("resources/fonts")).glob("*.[ot]t[fc]")))
    if not found:
        raise InputError("resources/fonts holds no fonts: run `bash envs/fonts.sh`")
    return found


# ---- The networks of a round: trained here, or imported from the files in the round's section of the configuration.


def detectors_of(training_round):
    return list(DETECTORS[training_round])


def classifiers_of(training_round):
    return list(IMPORTED[training_round]["classifiers"]) if training_round in IMPORTED else CLASSIFIERS


def booster_folds(training_round):
    """The boosters of a round: imported ones have the paths of trained ones, unless they are LightGBM's text files."""
    imported = IMPORTED.get(training_round, {})
    if "boosters" in imported:
        return [from_root(file) for file in imported["boosters"]]
    count = imported.get("folds", config["booster"]["training"]["folds"])
    return [f"results/{training_round}/booster/fold_{fold}.txt" for fold in range(count)]


def feature_variant(training_round):
    return IMPORTED.get(training_round, config["booster"])["features"]


def of_detectors(pattern):
    """An input function: `pattern` for every detector of the round."""
    return lambda wildcards: collect(pattern, **wildcards, detector=detectors_of(wildcards.round))


def tables_of(stage):
    """An input function: all tables of a stage of `common.stages` for a page set."""
    names = {"detector": detectors_of, "classifier": classifiers_of}

    def tables(wildcards):
        each = {name: names[name](wildcards.round) for name in STAGES[stage].each}
        return collect(STAGES[stage].path, **{**each, **wildcards})

    return tables
