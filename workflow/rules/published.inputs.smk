# Inputs and settings of published.smk, and other inputs that depend on published files.
FILES = from_root("resources/published")


def published_addresses():
    """The addresses of all published files."""
    published = config["published"]
    files = [*published["detectors"].values(), *published["classifiers"].values(), published["booster"]]
    orders = []
    for entry in published["detections"].values():
        orders.append(entry["order"])
        files += [file for name, file in entry.items() if name != "order"]
    addresses = {file: f"{published['address']}/{file}" for file in files}
    return addresses | {file: f"{published['order_address']}/{file}" for file in orders}


ADDRESSES = published_addresses()
GIVEN = config["published"]["start_from_detections"]

for name in GIVEN:
    lacking = {"order", *detectors_of("published")} - set(config["published"]["detections"].get(name, ()))
    if name not in PAGE_SETS or lacking:
        raise InputError(
            f"config.yaml: published.start_from_detections: {name} must be a page set with its "
            f"{', '.join(sorted(lacking)) or 'entry'} under published.detections"
        )


def checked(**files):
    """Published files as a rule's inputs, with the records of their checksums."""
    return dict({name: f"{FILES}/{file}" for name, file in files.items()}, checksums=checksums(*files.values()))


def checksums(*files):
    return [f"results/published/checksums/{file}.sha256" for file in files]


def published_detections(wildcards):
    entry = config["published"]["detections"][wildcards.page_set]
    return checked(published=entry[wildcards.detector], order=entry["order"])


def sources_of_boxes(wildcards):
    """The detectors of a round, or the published files of their boxes if these are used."""
    if wildcards.round == "published" and wildcards.page_set in GIVEN:
        entry = config["published"]["detections"][wildcards.page_set]
        return [f"{FILES}/{entry[name]}" for name in detectors_of("published")]
    return collect("results/detector/{detector}.pth", detector=detectors_of(wildcards.round))


def passing_detectors(training_round):
    """The detectors of a round, unless published boxes are used for everything to read."""
    given = training_round == "published" and set(config["recognize"]) <= set(GIVEN)
    return [] if given else detectors_of(training_round)


def published_inputs():
    """The published files that the current configuration uses."""
    published = config["published"]
    found = [published["detectors"][name] for name in passing_detectors("published")]
    for entry in map(published["detections"].get, GIVEN):
        found += [entry[name] for name in ("order", *detectors_of("published"))]
    return [*found, *published["classifiers"].values(), published["booster"]]
