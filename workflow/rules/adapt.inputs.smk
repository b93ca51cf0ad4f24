# Inputs and settings of adapt.smk.
from kuzushiji.common.configuration import check_batches
from kuzushiji.pages.own_scans import LABELLED as LABELLED_PAGES


def adaptation_fold(kind):
    return f"results/folds/{config['adaptation']['validation_book']}/{kind}.parquet"


def adaptation_settings(wildcards):
    if config["adapt"] is None:
        raise InputError(
            f"{wildcards.classifier}: say --profile profiles/adapt and --config read=folder adapt=labels.csv, to adapt "
            "it to the book in that folder (make adapt IMAGES=folder LABELS=labels.csv)"
        )
    adaptation = config["adaptation"]
    replay, held_out = adaptation["replay"], str(adaptation["validation_book"])
    if not page_sets.labelled(PAGE_SETS, replay):
        raise InputError(f"adaptation.replay: the page set {replay} needs `labels` for all of its images")
    if held_out not in {page.book for page in pages_of(replay)}:
        raise InputError(f"adaptation.validation_book: {replay} has no pages of {held_out}; choose one of its books")
    if held_out in {page.book for page in pages_of(LABELLED_PAGES)}:
        raise InputError(
            f"adaptation.validation_book: the labelled pages are of a book called {held_out}, too, and would "
            f"be held out; call the folder otherwise, or choose another book of {replay}"
        )
    check_batches("adaptation: training", adaptation["training"])
    shares = {LABELLED_PAGES: adaptation["share"], replay: 1 - adaptation["share"]}
    return dict(
        changes=adaptation["training"] | {"sampling": adaptation["training"]["sampling"] | {"shares": shares}},
        image_sets=[
            [page.image_id, LABELLED_PAGES if page.image_set == LABELLED_PAGES else replay]
            for page in pages_of(TRAINING)
        ],
        state="results/adapted/state/classifier",
    )


def what_was_adapted():
    """Lines that say where the adapted classifiers lie, and how they read."""
    folder = os.path.relpath(".", ROOT)
    models = "" if folder == "adapted" else f" MODELS={folder}"
    return [
        f"Adapted to {len(pages_of(LABELLED_PAGES))} labelled pages:",
        *(f"  {os.path.relpath(path, ROOT)}" for path in rules.adapt.input),
        f"Read with them: make read IMAGES={config['read']} WEIGHTS=adapted{models}",
    ]
