# Which pages there are, and where their images and labels lie: input functions and the pages among params.
from functools import cache


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


def fonts(wildcards):
    """Every font that was fetched at set-up."""
    found = sorted(map(str, Path(from_root("resources/fonts")).glob("*.[ot]t[fc]")))
    if not found:
        raise WorkflowError("resources/fonts holds no fonts: run `bash envs/fonts.sh`")
    return found


def viewer_files(wildcards):
    """The web page that the viewer fills: its template, style and scripts."""
    return sorted(map(str, Path(from_root("workflow/viewer")).iterdir()))


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


def original_images(page_set):
    """The images of a page set as they came, and the folders of those that are drawn."""
    found = []
    for image_set in page_sets.sources(PAGE_SETS, page_set):
        if "synthetic" in PAGE_SETS[image_set]:
            found += drawn_images(image_set)
    return found + [page.path for page in pages_of(page_set) if "synthetic" not in PAGE_SETS[page.image_set]]


def submission_sources(wildcards):
    """Images and labels of the pages of a submission, and of those that trained here what read them."""
    # Own scans are also read where the training pages are not: their models' checksums stand for them.
    trained_here = wildcards.round in TRAINED_ROUNDS and config["read"] is None
    read = [wildcards.page_set, TRAINING] if trained_here else [wildcards.page_set]
    names = dict.fromkeys(source for name in read for source in page_sets.sources(PAGE_SETS, name))
    labels = [PAGE_SETS[name]["labels"] for name in names if "labels" in PAGE_SETS[name]]
    # Not the ImageNet weights: where they are gone, they would be fetched again for this, and all networks trained.
    return list(dict.fromkeys([image for name in read for image in original_images(name)] + labels))


def submission_sample(wildcards):
    """The competition's sample, which the first page set of `recognize` must agree with."""
    sample = config["submission"]["sample"]
    return [from_root(sample)] if sample and wildcards.page_set == config["recognize"][0] else []


def book_pages(wildcards):
    """A chunk's pages with their books and denoised images."""
    pages = pages_by_chunk(wildcards.image_set)[int(wildcards.chunk)]
    return [[page.image_id, page.book, path] for page, (_, path) in zip(pages, denoised_pages(pages), strict=True)]


def book_training_crops(wildcards):
    return list(
        dict.fromkeys(
            f"results/book_classifier/crops/{page.image_set}/{page.chunk}.arrow" for page in pages_of(TRAINING)
        )
    )


def own_scans(wildcards):
    """What is made of the scans in the folder that `read` names, if the models are there and nothing is trained."""
    if not workflow.dag_settings.allowed_rules:
        raise WorkflowError(
            "read: say --profile profiles/read too, which lets nothing be trained "
            "(on a cluster: --profile slurm --workflow-profile profiles/read)"
        )
    models = [
        *expand("results/detector/{detector}.pth", detector=TRAINED_DETECTORS),
        *expand("results/{round}/classifiers/{classifier}.pth", round=ROUND, classifier=CLASSIFIERS),
        *booster_folds(ROUND),
    ]
    gone = [path for path in models if ROUND != "published" and not os.path.exists(path)]
    if gone:
        raise WorkflowError(f"{', '.join(gone)}: the model is gone; train it again with the configuration that made it")
    kinds = ["viewer/{page_set}.html", "text/{page_set}", "overlays/{page_set}", "provenance/{page_set}"]
    return expand([f"results/{ROUND}/{kind}" for kind in kinds], page_set=config["recognize"])
