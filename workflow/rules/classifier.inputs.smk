# Inputs and settings of classifier.smk.
from kuzushiji.common.configuration import check_shares, check_training


def classifier_weights(settings):
    """The initial weights of a classifier with these `settings`, unless they are random."""
    return f"{PRETRAINED}/{settings['architecture']}.safetensors" if settings["pretrained"] else []


def settings_of(classifier, training_round="first"):
    """A classifier's settings of training, as one flat dictionary."""
    if classifier not in CLASSIFIERS:
        raise InputError(f"config.yaml: there is no classifier {classifier} under classifiers")
    settings = dict(config["classification"], **config["classifiers"][classifier])
    settings["max_training"] = config["folds"]["max_training"]
    if training_round != "first":
        settings["pseudo_target"] = config["pseudo"]["target"]
    return dict(settings, **config["refinement"]) if training_round == "refine" else settings


for classifier in CLASSIFIERS if TRAINS else ():
    for training_round in {"first", ROUND}:
        check_training(f"classifiers: {classifier}", settings_of(classifier, training_round))


def classifier_settings(wildcards):
    settings = settings_of(wildcards.classifier, wildcards.round)
    shares = settings["sampling"] and settings["sampling"]["shares"]
    image_sets = [[page.image_id, page.image_set] for page in pages_of(TRAINING)] if shares else []
    if shares:
        check_shares(f"classifiers: {wildcards.classifier}", shares, {image_set for _, image_set in image_sets})
    return dict(settings, state=f"results/{wildcards.round}/state/classifier", image_sets=image_sets)


def training_start(wildcards):
    """The checkpoint that a classifier's training begins with, if any: of an earlier round, or of the configuration."""
    if wildcards.round in ("refine", "adapted"):
        earlier = {"refine": "pseudo", "adapted": "small"}[wildcards.round]
        return f"results/{earlier}/classifiers/{wildcards.classifier}.pth"
    if wildcards.round in IMPORTED_ROUNDS:
        raise InputError(
            f"export.start_share: what round {wildcards.round} started from is not here, since its networks come from files; "
            "set it to 0"
        )
    start = settings_of(wildcards.classifier)["start"]
    return configured(start) if start else []


def shared_start(wildcards):
    """The checkpoint of which an exported classifier has a share, if it is to have one."""
    if not config["export"]["start_share"]:
        return []
    start = training_start(wildcards)
    if not start:
        raise InputError(
            f"export.start_share: {wildcards.classifier} of round {wildcards.round} started from no checkpoint of this network; set "
            "it to 0"
        )
    return start


def training_fold(classifier):
    book = str(settings_of(classifier)["validation_book"])
    if book not in {page.book for page in pages_of(TRAINING)}:
        raise InputError(f"config.yaml: {classifier}: validation_book: {TRAINING} has no pages of {book}")
    return f"results/folds/{book}/training.parquet"


def fold_of(wildcards):
    training = training_fold(wildcards.classifier)
    return [training, training.replace("training.parquet", "validation.parquet")]


def pseudo_page_sets(training_round):
    """The page sets whose pseudo labels a round trains on."""
    names = [] if training_round == "first" else config["pseudo"]["page_sets"]
    used = {VALIDATION: "validation", TRAINING: "training"} if names else {}
    known = {page.image_id: f"{name} ({use})" for name, use in used.items() for page in pages_of(name)}
    for name in names:
        own = {page.image_id: name for page in pages_of(name)}
        if shared := sorted(known.keys() & own):
            raise InputError(f"config.yaml: pseudo.page_sets: {name}: page {shared[0]} is also of {known[shared[0]]}")
        known |= own
    return names


def pseudo_label_tables(wildcards):
    return collect("results/pseudo/labels/{page_set}.parquet", page_set=pseudo_page_sets(wildcards.round))


def training_crops(wildcards):
    found = [f"results/crops/{page.image_set}/{page.chunk}.arrow" for page in pages_of(TRAINING)]
    for name in pseudo_page_sets(wildcards.get("round", "first")):
        found += [f"results/pseudo/crops/{name}/{chunk}.arrow" for chunk in sorted(pages_by_chunk(name))]
    return list(dict.fromkeys(found))


def imagenet_weights(wildcards):
    """The refine round starts from a classifier."""
    return [] if wildcards.round == "refine" else classifier_weights(settings_of(wildcards.classifier))
