# Inputs and settings of read.smk.


def own_scans(wildcards):
    """The results for the scans in the folder `read`, if the models exist and nothing needs training."""
    if not only_reads():
        raise WorkflowError(
            "read: say --profile profiles/read too, which lets nothing be trained "
            "(on a cluster: --profile slurm --workflow-profile profiles/read)"
        )
    trained = collect("results/{round}/classifiers/{classifier}.pth", round=ROUND, classifier=classifiers_of(ROUND))
    remedy = "adapt them to a book first: make adapt IMAGES=folder LABELS=labels.csv"
    if TRAINS:
        trained += collect("results/detector/{detector}.pth", detector=detectors_of(ROUND)) + booster_folds(ROUND)
        remedy = "train it again with the configuration that made it"
    gone = [path for path in trained if (TRAINS or ROUND == "adapted") and not os.path.exists(path)]
    if gone:
        raise WorkflowError(f"{', '.join(gone)}: the model is not there; {remedy}")
    return [path for kind in read_kinds() for path in collect(f"results/{ROUND}/{kind}", page_set=config["recognize"])]


# What can be made of scans: the word for it, where it lies, and in what words the terminal says so.
FORMATS = {
    "viewer": ("viewer/{page_set}.html", "viewer: open it in a browser"),
    "text": ("text/{page_set}", "text"),
    "pictures": ("overlays/{page_set}", "pictures"),
    "json": ("text/{page_set}.jsonl", "text with boxes and alternatives, for programs"),
    "page": ("page_xml/{page_set}", "PAGE XML"),
    "alto": ("alto/{page_set}", "ALTO XML"),
    "tei": ("tei/{page_set}", "TEI, a file a book"),
    "pdf": ("pdf/{page_set}", "searchable PDF, a file a book"),
    "docx": ("docx/{page_set}", "documents for Word, a file a book"),
    "iiif": ("annotations/{page_set}", "annotations for IIIF viewers"),
}
# What is always made.
READ_RECORDS = {
    "confidence/{page_set}.csv": "how far each page can be believed",
    "provenance/{page_set}": "what made it",
}


def read_kinds():
    """The paths of what is made of scans, with words for each: the formats that `formats` names, and the records."""
    formats = config["formats"]
    words = formats if isinstance(formats, list) else re.split(r"[\s,]+", formats.strip())
    unknown = [word for word in words if word not in FORMATS and word != "all"]
    if unknown:
        raise WorkflowError(f"formats: there is no {unknown[0]}; choose of {' '.join(FORMATS)}, or say all")
    named = [kind for word, kind in FORMATS.items() if word in words or "all" in words]
    return dict(named) | READ_RECORDS


def networks_that_read():
    """Which networks read, in words."""
    origin = {
        "published": "the published networks",
        "small": "the small networks that come with the workflow",
        "adapted": "the small networks, with classifiers adapted to a book",
    }.get(ROUND, f"the networks that were trained here ({ROUND} round)")
    return f"{origin}: {', '.join([*detectors_of(ROUND), *classifiers_of(ROUND)])}"


def what_was_read():
    """Lines that say which pages to check first, where everything lies, and which networks read."""
    kinds = read_kinds()
    width = max(map(len, kinds.values()))
    lines = ["Read:"]
    for page_set in config["recognize"]:
        table = pd.read_csv(
            f"results/{ROUND}/confidence/{page_set}.csv", dtype={"image_id": str}, keep_default_na=False
        )
        lines = pages_to_check(table) + lines
        if "corrections" in PAGE_SETS[page_set]:
            corrected = f"results/{ROUND}/corrected/{page_set}.csv"
            counts = pd.read_csv(corrected).drop(columns="image_id")
            changes = ", ".join(f"{count} {kind}" for kind, count in counts.sum().items())
            lines.append(f"  {len(counts)} corrected pages (characters: {changes})  {os.path.relpath(corrected, ROOT)}")
        for kind, words in kinds.items():
            path = os.path.relpath(f"results/{ROUND}/{kind.format(page_set=page_set)}", ROOT)
            lines.append(f"  {words:{width}}  {path}")
    return [*lines, f"with {networks_that_read()}"]
