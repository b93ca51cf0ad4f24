# Inputs and settings of provenance.smk.


def submission_models(wildcards):
    classifiers = classifiers_of(wildcards.round)
    return [
        *sources_of_boxes(wildcards),
        *collect("results/{round}/classifiers/{classifier}.pth", round=wildcards.round, classifier=classifiers),
        *booster_folds(wildcards.round),
    ]


def page_sets_behind(wildcards):
    """The page set of a submission, and the training pages if its networks were trained here."""
    # Own scans may be read where the training pages are missing: the checksums of the models represent these.
    trained_here = wildcards.round in TRAINED_ROUNDS and config["read"] is None
    return [wildcards.page_set, TRAINING] if trained_here else [wildcards.page_set]


def scanned_and_made(wildcards):
    """The pages behind a submission whose images come in, and those whose images are made."""
    pages = dict.fromkeys(page for name in page_sets_behind(wildcards) for page in pages_of(name))
    return scanned_pages(pages), made_pages(pages)


def submission_sources(wildcards):
    """Made images and labels of the pages behind a submission."""
    behind = page_sets_behind(wildcards)
    names = dict.fromkeys(source for name in behind for source in page_sets.sources(PAGE_SETS, name))
    labels = [PAGE_SETS[name]["labels"] for name in names if "labels" in PAGE_SETS[name]]
    # Without the ImageNet weights: if missing, they would be downloaded again for this, and all networks trained again.
    return list(dict.fromkeys(image_folders(scanned_and_made(wildcards)[1]) + labels))


def submission_digests(wildcards):
    """What the checks of the images that come in say of their content."""
    return list(dict.fromkeys(file for name in page_sets_behind(wildcards) for file in digests_of_images(name)))


def page_sets_read(wildcards):
    """The page set that was read, and those that it joins, with words that say where their pages come from."""
    names = dict.fromkeys([wildcards.page_set, *page_sets.sources(PAGE_SETS, wildcards.page_set)])
    return {name: where_pages_come_from(PAGE_SETS[name]) for name in names}


def where_pages_come_from(settings):
    if "synthetic" in settings:
        return "drawn pages"
    if "of" in settings:
        return f"pages of {', '.join(settings['of'])}"
    labels = f", with labels {settings['labels']}" if "labels" in settings else ""
    return f"scans in {settings.get('scans') or settings['images']}{labels}"
