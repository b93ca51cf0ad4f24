# Inputs and settings of provenance.smk.


def submission_models(wildcards):
    classifiers = classifiers_of(wildcards.round)
    return [
        *sources_of_boxes(wildcards),
        *collect("results/{round}/classifiers/{classifier}.pth", round=wildcards.round, classifier=classifiers),
        *booster_folds(wildcards.round),
    ]


def submission_sources(wildcards):
    """Images and labels of the pages of a submission, and of those that trained here what read them."""
    # Own scans are also read where the training pages are not: their models' checksums stand for them.
    trained_here = wildcards.round in TRAINED_ROUNDS and config["read"] is None
    read = [wildcards.page_set, TRAINING] if trained_here else [wildcards.page_set]
    names = dict.fromkeys(source for name in read for source in page_sets.sources(PAGE_SETS, name))
    labels = [PAGE_SETS[name]["labels"] for name in names if "labels" in PAGE_SETS[name]]
    # Not the ImageNet weights: where they are gone, they would be fetched again for this, and all networks trained.
    return list(dict.fromkeys([image for name in read for image in original_images(name)] + labels))
