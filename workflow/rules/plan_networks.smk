# Which networks read, what trains them, and with which settings: input functions and params.
from kuzushiji.detector.pretrained_detector import ADDRESSES as DETECTOR_ADDRESSES

# Where ImageNet weights that trainings start from lie: of classifiers, by the architecture, and of the detector, as published.
PRETRAINED = from_root("resources/pretrained")
IMAGENET = {f"{PRETRAINED}/{Path(address).name}": address for address in DETECTOR_ADDRESSES.values()}
ARCHITECTURES = {
    settings["architecture"]
    for settings in [*config["classifiers"].values(), config["book_classifier"]["classifier"]]
    if settings["pretrained"]
}


def classifier_weights(settings):
    """What a classifier with these `settings` starts from, if it is not random."""
    return f"{PRETRAINED}/{settings['architecture']}.safetensors" if settings["pretrained"] else []


def detector_weights(wildcards):
    depth = config["detector"]["model"]["depth"]
    if not config["detector"]["model"]["pretrained"]:
        return []
    if depth not in DETECTOR_ADDRESSES:
        raise WorkflowError(
            f"config.yaml: detector.model.depth: there are no ImageNet weights for {depth}; "
            f"choose {' or '.join(map(str, DETECTOR_ADDRESSES))}, or pretrained: false"
        )
    return f"{PRETRAINED}/{Path(DETECTOR_ADDRESSES[depth]).name}"


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


# What passing a page depends on, but for the passes of a mode.
DETECTION = {key: value for key, value in config["detect"].items() if key not in ("mode", "modes")}
DETECTION["model"] = config["detector"]["model"]


def detection_settings(detector):
    # A published detector is what its file says: config's model is for training.
    return dict(DETECTION, model=None) if detector in PUBLISHED_DETECTORS else DETECTION


def detect_settings(wildcards):
    passes = config["detect"]["modes"][config["detect"]["mode"]]
    return dict(detection_settings(wildcards.detector), **passes, pages=denoised_chunk_pages(wildcards))


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


def imagenet_weights(wildcards):
    """The refine round starts from a classifier."""
    return [] if wildcards.round == "refine" else classifier_weights(settings_of(wildcards.classifier))


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
