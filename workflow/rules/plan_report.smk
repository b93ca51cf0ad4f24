# What the report shows, and the benchmarks that its table of times is made of.

WEIGHTS = config["weights"]
# The page sets that the networks learn from, choose by and read.
TRAINS = ROUND != "published"
USED = list(dict.fromkeys([*([TRAINING, VALIDATION] if TRAINS else []), *config["recognize"]]))


def labelled(names):
    return [name for name in names if page_sets.labelled(PAGE_SETS, name)]


# The rules whose time and memory are told, and the page sets that they work on.
READ = list(dict.fromkeys([*SCORED, *config["recognize"]]))
TIMED = {
    **dict.fromkeys(["synthetic", "pages", "truth", "denoise"], USED),
    **dict.fromkeys(["crops", "folds", "detector", "classifier", "augmented"], [TRAINING] if TRAINS else []),
    **dict.fromkeys(["detect", "classify", "fuse", "nms", "features"], READ),
    **dict.fromkeys(["tune", "booster", "protocols", "booster_report"], [VALIDATION] if TRAINS else []),
    "filter": READ,
    **dict.fromkeys(["metrics", "detection_metrics", "misread"], SCORED),
    **dict.fromkeys(["submission", "provenance", "overlays", "examples", "viewer"], config["recognize"]),
    **dict.fromkeys(["reading_order", "text", "alternatives", "json_lines"], config["recognize"]),
    **dict.fromkeys(["page_xml", "alto", "annotations"], config["recognize"]),
}


@cache
def places_of(page_set):
    """Where the pages of a page set are worked on."""
    pages = dict.fromkeys((page.image_set, page.chunk) for page in pages_of(page_set))
    return [dict(page_set=page_set, image_set=image_set, chunk=chunk) for image_set, chunk in pages]


def benchmarks_of(rule):
    """An input function: the benchmarks of the rule's jobs. One that was lost is left out: nothing is made again for it."""
    benchmark, output = str(getattr(rules, rule).benchmark), str(getattr(rules, rule).output[0])

    def has(name):
        return f"{{{name}}}" in benchmark

    def benchmarks(wildcards):
        values = dict(round=ROUND, weights=WEIGHTS, detector=detectors_of(ROUND), classifier=classifiers_of(ROUND))
        values["validation_book"] = [
            str(settings_of(name)["validation_book"]) for name in (CLASSIFIERS if TRAINS else [])
        ]
        values = {name: value for name, value in values.items() if has(name)}
        places = [
            tuple((name, value) for name, value in place.items() if has(name))
            for page_set in TIMED[rule]
            if not (rule == "detect" and not TRAINS and page_set in GIVEN)
            for place in places_of(page_set)
            if rule != "synthetic" or "synthetic" in PAGE_SETS[place["image_set"]]
        ]
        pairs = [
            pair
            for place in dict.fromkeys(places)
            for pair in zip(*[expand(pattern, **dict(place), **values) for pattern in (benchmark, output)], strict=True)
        ]
        return [file for file, made in dict.fromkeys(pairs) if os.path.exists(file) or not os.path.exists(made)]

    return benchmarks


def asked_of(rule):
    """The memory and threads that a rule asks for at first."""
    resources = getattr(rules, rule).rule.resources
    memory, threads = (resources[name].evaluate(None, attempt=1).value for name in ("mem_mb", "_cores"))
    return dict(mem_mb=memory, threads=threads)
