# What the solution's authors published: their files, checked, and made into this workflow's own. `results/published/` then
# reads as any other round.
FILES = "resources/published"


def published_addresses():
    """Where every published file is downloaded from."""
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
    lacking = {"order", *PUBLISHED_DETECTORS} - set(config["published"]["detections"].get(name, ()))
    if name not in PAGE_SETS or lacking:
        raise WorkflowError(
            f"config.yaml: published.start_from_detections: {name} must be a page set with its "
            f"{', '.join(sorted(lacking)) or 'entry'} under published.detections"
        )


def checked(*files):
    """Published files, each with the record of its checksum."""
    return dict(published=[f"{FILES}/{file}" for file in files], checked=[f"{FILES}/{file}.sha256" for file in files])


def detections_of(wildcards):
    """A detector's boxes: of a chunk, or those of the whole page set where they were given."""
    if wildcards.page_set in GIVEN and wildcards.detector in PUBLISHED_DETECTORS:
        return "results/detections/{page_set}/{detector}.parquet"
    return "results/detections/{page_set}/{detector}/{chunk}.parquet"


def published_inputs():
    """The published files that the present configuration reads."""
    published = config["published"]
    given = [published["detections"][name] for name in GIVEN]
    # Without a page to pass, the detectors themselves are not needed.
    found = [] if GIVEN and set(GIVEN) >= set(config["recognize"]) else list(published["detectors"].values())
    for entry in given:
        found += [entry[name] for name in ("order", *PUBLISHED_DETECTORS)]
    return [*found, *[published["classifiers"][name] for name in classifiers_of("published")], published["booster"]]


if "download" not in workflow.global_resources:
    workflow.register_resource("download", 1)


localrules:
    download,
    published_weights,


# A file that is here already has no rule, so that none is ever fetched again or overwritten.
rule download:
    output:
        f"{FILES}/{{file}}",
    log:
        "results/logs/download/{file}.log",
    benchmark:
        "results/benchmarks/download/{file}.tsv"
    wildcard_constraints:
        file=one_of([file for file in ADDRESSES if not os.path.exists(f"{FILES}/{file}")]),
    resources:
        download=1,
        mem_mb=1000,
        runtime=240,
    params:
        settings=lambda wildcards: dict(address=ADDRESSES[wildcards.file]),
    script:
        "../scripts/download.py"


rule checksum:
    input:
        code=code("checksum"),
        file=f"{FILES}/{{file}}",
    output:
        update(f"{FILES}/{{file}}.sha256"),
    log:
        "results/logs/checksum/{file}.log",
    benchmark:
        "results/benchmarks/checksum/{file}.tsv"
    wildcard_constraints:
        file=one_of(ADDRESSES),
    resources:
        mem_mb=1000,
        runtime=10,
    script:
        "../scripts/checksum.py"


rule import_detector:
    input:
        unpack(lambda wildcards: checked(config["published"]["detectors"][wildcards.detector])),
        code=code("import_detector"),
    output:
        "results/detector/{detector}.pth",
    log:
        "results/logs/import_detector/{detector}.log",
    benchmark:
        "results/benchmarks/import_detector/{detector}.tsv"
    wildcard_constraints:
        detector=one_of(PUBLISHED_DETECTORS),
    resources:
        mem_mb=4000,
        runtime=10,
    script:
        "../scripts/import_detector.py"


rule import_classifier:
    input:
        unpack(lambda wildcards: checked(config["published"]["classifiers"][wildcards.classifier])),
        code=code("import_classifier"),
    output:
        "results/published/classifiers/{classifier}.pth",
    log:
        "results/logs/import_classifier/{classifier}.log",
    benchmark:
        "results/benchmarks/import_classifier/{classifier}.tsv"
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        settings=lambda wildcards: {
            key: settings_of(wildcards.classifier)[key]
            for key in ("architecture", "channels", "input_size", "resize", "temperature")
        },
    script:
        "../scripts/import_classifier.py"


rule import_booster:
    input:
        **checked(config["published"]["booster"]),
        code=code("import_booster"),
    output:
        booster_folds("published"),
    log:
        "results/logs/import_booster.log",
    benchmark:
        "results/benchmarks/import_booster.tsv"
    resources:
        mem_mb=2000,
        runtime=10,
    script:
        "../scripts/import_booster.py"


# The whole page set's at once, as they were published.
rule import_detections:
    input:
        unpack(
            lambda wildcards: checked(
                *[config["published"]["detections"][wildcards.page_set][key] for key in (wildcards.detector, "order")]
            )
        ),
        code=code("import_detections"),
        pages="results/pages/{page_set}.parquet",
    output:
        "results/detections/{page_set}/{detector}.parquet",
    log:
        "results/logs/import_detections/{page_set}/{detector}.log",
    benchmark:
        "results/benchmarks/import_detections/{page_set}/{detector}.tsv"
    wildcard_constraints:
        page_set=one_of(GIVEN) or "(?!)",
        detector=one_of(PUBLISHED_DETECTORS),
    resources:
        mem_mb=4000,
        runtime=20,
    params:
        settings=dict(max_long_side=config["detect"]["max_long_side"]),
    script:
        "../scripts/import_detections.py"


ruleorder: import_detections > gather_detections


# Every published file that reading needs, here and checked; `snakemake --config weights=published` does so by itself.
rule published_weights:
    input:
        [checked(file)["checked"] for file in published_inputs()],
