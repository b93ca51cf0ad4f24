# What the workflow is planned from: names from the configuration, page ids from folder listings, code from imports.
import os
import re
from functools import cache
from pathlib import Path

import grimp

from kuzushiji import page_sets
from kuzushiji.code import digest, imported

# Published weights make a round of their own, which trains nothing.
ROUND = "published" if config["weights"] == "published" else config["round"]
TRAINED_ROUNDS = ("first", "pseudo", "refine")
PAGE_SETS = config["page_sets"]
SOURCES = [name for name, entry in PAGE_SETS.items() if "of" not in entry]
VIEWS = [name for name, entry in PAGE_SETS.items() if "of" in entry]
TRAINING = config["training"]
VALIDATION = config["validation"]
TRAINED_DETECTORS = [f"{iteration:06d}" for iteration in config["detector"]["training"]["snapshots"]]
PUBLISHED_DETECTORS = list(config["published"]["detectors"])
CLASSIFIERS = list(config["classifiers"])
IMPORTS = grimp.build_graph("kuzushiji", cache_dir=None)
# Modules that say what a job does and what went wrong: no result depends on their words.
TALKING = {"kuzushiji.errors", "kuzushiji.logs", "kuzushiji.progress"}


def one_of(names):
    return "|".join(map(re.escape, names))


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

# Here one job at a time has the GPU (or stands in for it on the CPU); `--resources gpu=N` allows more.
if "gpu" not in workflow.global_resources:
    workflow.register_resource("gpu", 1)


def code(script):
    """A digest of the script and of every library module that it imports, directly or not."""
    path = f"{workflow.basedir}/workflow/scripts/{script}.py"
    modules = imported(path) & IMPORTS.modules
    modules |= {upstream for module in modules for upstream in IMPORTS.find_upstream_modules(module)}
    counted = sorted(modules - {"kuzushiji"} - TALKING)
    return digest([path, *[f"{LIBRARY}/{module.replace('.', '/')}.py" for module in counted]])


def grown(amount):
    """A resource that grows with every retry, which the profile allows: `amount`, twice as much, three times, …"""
    return lambda wildcards, attempt: amount * attempt


def folder(path):
    """A folder that the workflow makes, as an input: it counts by its files' content, where Snakemake has but its clock."""
    return [f"{path}.sha256", ancient(path)]


def detectors_of(training_round):
    return PUBLISHED_DETECTORS if training_round == "published" else TRAINED_DETECTORS


def classifiers_of(training_round):
    if training_round != "published":
        return CLASSIFIERS
    names = list(config["published"]["classifiers"])
    for name in names:
        if name not in CLASSIFIERS:
            raise WorkflowError(
                f"config.yaml: published.classifiers: there is no {name} under classifiers, which says how it sees a crop; "
                "set it to null here too to read without it"
            )
    return names


def booster_folds(training_round):
    settings = config["published"] if training_round == "published" else config["booster"]["training"]
    return [f"results/{training_round}/booster/fold_{fold}.txt" for fold in range(settings["folds"])]


def feature_variant(training_round):
    return "published" if training_round == "published" else config["booster"]["features"]


def of_detectors(pattern):
    """An input function: `pattern` for every detector of the round, or of the `weights` where there is no round."""
    return lambda wildcards: expand(pattern, **wildcards, detector=detectors_of(round_of(wildcards)))


def round_of(wildcards):
    return wildcards.get("round") or {"published": "published", "trained": "first"}[wildcards.weights]


def predictions_of(wildcards):
    """What every classifier read in every detector's boxes."""
    return expand(
        "results/{round}/predictions/{page_set}/{detector}/{classifier}.parquet",
        round=wildcards.round,
        page_set=wildcards.page_set,
        detector=wildcards.get("detector") or detectors_of(wildcards.round),
        classifier=classifiers_of(wildcards.round),
    )


def training_tables(kind):
    """An input function: what says which books and codepoints training saw, if the published weights' pages are here."""

    def tables(wildcards):
        files = [
            PAGE_SETS[source][key]
            for source in page_sets.sources(PAGE_SETS, TRAINING)
            for key in ("images", "labels")
            if key in PAGE_SETS[source]
        ]
        there = round_of(wildcards) != "published" or all(map(os.path.exists, files))
        return f"results/{kind}/{TRAINING}.parquet" if there else []

    return tables


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
    return lambda wildcards: expand(pattern, **wildcards, chunk=sorted(pages_by_chunk(wildcards.page_set)))


def denoised_folders(pages):
    folders = dict.fromkeys(f"results/denoised/{page.image_set}/{page.chunk}" for page in pages)
    return [part for path in folders for part in folder(path)]


def drawn_images(image_set):
    return folder(f"results/synthetic/{image_set}/images")


def denoised_pages(pages):
    """Pairs of a page's id and its denoised image."""
    return [[page.image_id, f"results/denoised/{page.image_set}/{page.chunk}/{page.image_id}.png"] for page in pages]


def denoised_chunk(wildcards):
    return denoised_folders(pages_by_chunk(wildcards.page_set)[int(wildcards.chunk)])


def denoised_chunk_pages(wildcards):
    return denoised_pages(pages_by_chunk(wildcards.page_set)[int(wildcards.chunk)])


# What passing a page depends on, but for the passes of a mode.
DETECTION = {key: value for key, value in config["detect"].items() if key not in ("mode", "modes")}
DETECTION["model"] = config["detector"]["model"]


def detection_settings(detector):
    # A published detector is what its file says: config's model is for training.
    return dict(DETECTION, model=None) if detector in PUBLISHED_DETECTORS else DETECTION


def detect_settings(wildcards):
    passes = config["detect"]["modes"][config["detect"]["mode"]]
    return dict(detection_settings(wildcards.detector), **passes, pages=denoised_chunk_pages(wildcards))


def fonts(wildcards):
    """Every font that was fetched at set-up."""
    found = sorted(map(str, Path("resources/fonts").glob("*.[ot]t[fc]")))
    if not found:
        raise WorkflowError("resources/fonts holds no fonts: run `bash envs/fonts.sh`")
    return found


def viewer_files(wildcards):
    """The web page that the viewer fills: its template, style and scripts."""
    return sorted(os.path.relpath(file) for file in Path(LIBRARY, "viewer").iterdir())


def page_images(wildcards):
    """The images of an image set: files that were there, or the folder they are drawn into."""
    if "synthetic" in PAGE_SETS[wildcards.image_set]:
        return drawn_images(wildcards.image_set)
    return [page.path for page in pages_of(wildcards.image_set)]


def page_labels(wildcards):
    if "synthetic" in PAGE_SETS[wildcards.image_set]:
        return f"results/synthetic/{wildcards.image_set}/labels.csv"
    return PAGE_SETS[wildcards.image_set].get("labels", [])


def drawn_sources(page_set):
    return [source for source in page_sets.sources(PAGE_SETS, page_set) if "synthetic" in PAGE_SETS[source]]


def transcriptions(wildcards):
    files = [PAGE_SETS[source].get("transcriptions") for source in page_sets.sources(PAGE_SETS, wildcards.page_set)]
    if not any(files) and not drawn_sources(wildcards.page_set):
        raise WorkflowError(
            f"config.yaml: page_sets: {wildcards.page_set} needs `transcriptions` to measure its text by"
        )
    return [file for file in files if file]


def page_chunk_images(wildcards):
    """The images of one chunk; of drawn pages the folder that holds all of them."""
    if "synthetic" in PAGE_SETS[wildcards.image_set]:
        return page_images(wildcards)
    return [page.path for page in pages_by_chunk(wildcards.image_set)[int(wildcards.chunk)]]


def settings_of(classifier, training_round="first"):
    """A classifier's settings in training, without levels."""
    if classifier not in CLASSIFIERS:
        raise WorkflowError(f"config.yaml: there is no classifier {classifier} under classifiers")
    settings = dict(config["classification"], **config["classifiers"][classifier])
    settings["max_training"] = config["folds"]["max_training"]
    if training_round != "first":
        settings["pseudo_target"] = config["pseudo"]["target"]
    return dict(settings, **config["refinement"]) if training_round == "refine" else settings


def classifier_settings(wildcards):
    settings = settings_of(wildcards.classifier, wildcards.round)
    return dict(settings, state=f"results/{wildcards.round}/state/classifier")


def training_fold(classifier):
    book = str(settings_of(classifier)["validation_book"])
    if book not in {page.book for page in pages_of(TRAINING)}:
        raise WorkflowError(f"config.yaml: {classifier}: validation_book: {TRAINING} has no pages of {book}")
    return f"results/folds/{book}/training.parquet"


def fold_of(wildcards):
    training = training_fold(wildcards.classifier)
    return [training, training.replace("training.parquet", "validation.parquet")]


def pseudo_page_sets(training_round):
    """The page sets whose pseudo labels a round learns from."""
    names = [] if training_round == "first" else config["pseudo"]["page_sets"]
    training = {page.image_id for page in pages_of(TRAINING)} if names else set()
    for name in names:
        shared = sorted(training & {page.image_id for page in pages_of(name)})
        if shared:
            raise WorkflowError(f"config.yaml: pseudo.page_sets: {name}: page {shared[0]} is also of {TRAINING}")
    return names


def pseudo_label_tables(wildcards):
    return expand("results/pseudo/labels/{page_set}.parquet", page_set=pseudo_page_sets(wildcards.round))


def training_crops(wildcards):
    found = [f"results/crops/{page.image_set}/{page.chunk}.arrow" for page in pages_of(TRAINING)]
    for name in pseudo_page_sets(wildcards.get("round", "first")):
        found += [f"results/pseudo/crops/{name}/{chunk}.arrow" for chunk in sorted(pages_by_chunk(name))]
    return list(dict.fromkeys(found))


def starting_weights(wildcards):
    """The refine round goes on from the pseudo round's classifier."""
    return "results/pseudo/classifiers/{classifier}.pth" if wildcards.round == "refine" else []


def original_images(page_set):
    """The images of a page set as they came, and the folders of those that are drawn."""
    found = []
    for image_set in page_sets.sources(PAGE_SETS, page_set):
        if "synthetic" in PAGE_SETS[image_set]:
            found += drawn_images(image_set)
    return found + [page.path for page in pages_of(page_set) if "synthetic" not in PAGE_SETS[page.image_set]]


def submission_models(wildcards):
    return [
        *sources_of_boxes(wildcards),
        *expand(
            "results/{round}/classifiers/{classifier}.pth",
            round=wildcards.round,
            classifier=classifiers_of(wildcards.round),
        ),
        *booster_folds(wildcards.round),
    ]


def submission_sources(wildcards):
    """Images and labels of the pages of a submission, and of those that trained here what read them."""
    read = [wildcards.page_set, TRAINING] if wildcards.round in TRAINED_ROUNDS else [wildcards.page_set]
    names = dict.fromkeys(source for name in read for source in page_sets.sources(PAGE_SETS, name))
    labels = [PAGE_SETS[name]["labels"] for name in names if "labels" in PAGE_SETS[name]]
    return list(dict.fromkeys([image for name in read for image in original_images(name)] + labels))


def submission_sample(wildcards):
    """The competition's sample, which the first page set of `recognize` must agree with."""
    sample = config["submission"]["sample"]
    return [sample] if sample and wildcards.page_set == config["recognize"][0] else []


def title_pages(wildcards):
    """A chunk's pages with their books and denoised images."""
    pages = pages_by_chunk(wildcards.image_set)[int(wildcards.chunk)]
    return [[page.image_id, page.book, path] for page, (_, path) in zip(pages, denoised_pages(pages), strict=True)]


def title_training_crops(wildcards):
    return list(
        dict.fromkeys(f"results/titles/crops/{page.image_set}/{page.chunk}.arrow" for page in pages_of(TRAINING))
    )
