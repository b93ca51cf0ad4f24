# Inputs and settings of read.smk.
import pandas as pd

from kuzushiji.pages.scans import passed_over
from kuzushiji.pages.unreadable import lines
from kuzushiji.text.confidence import pages_to_check


def own_scans(wildcards):
    """The results for the scans in the folder `read`, if the models exist and nothing needs training."""
    if not only_reads():
        raise InputError(
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
        raise InputError(f"{', '.join(gone)}: the model is not there; {remedy}")
    kinds = [f"results/{ROUND}/{kind}" for kind in read_kinds()] + ["results/pages/{page_set}_unreadable.csv"]
    return [path for kind in kinds for path in collect(kind, page_set=config["recognize"])]


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
        raise InputError(f"formats: there is no {unknown[0]}; choose of {' '.join(FORMATS)}, or say all")
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


def what_is_passed_over():
    """A line that says what else lies in the folder of scans."""
    corrections = PAGE_SETS[config["recognize"][0]].get("corrections")
    kinds = {} if is_address(config["read"]) else passed_over(from_root(config["read"]), corrections)
    if not kinds:
        return []
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    return [f"Passed over in {config['read']}: {counts}; convert images to JPEG, PNG, TIFF or PDF"]


def what_cannot_be_read():
    """Lines that name the scans that cannot be read, with reasons."""
    unreadable = {name: reason for found in UNREADABLE.values() for name, reason in found.items()}
    if not unreadable:
        return []
    return [
        f"Scans that cannot be read and are left out ({len(unreadable)}); mend them, or do as it says, and run again:",
        *lines(unreadable),
    ]


def what_was_read():
    """Lines that say what could not be read, which pages to check first, where everything lies, and which networks read."""
    kinds = read_kinds()
    width = max(map(len, kinds.values()))
    said = ["Read:"]
    for page_set in config["recognize"]:
        confidence = f"results/{ROUND}/confidence/{page_set}.csv"
        if not os.path.exists(confidence):  # only a part of it was asked for
            return what_cannot_be_read()
        table = pd.read_csv(confidence, dtype={"image_id": str}, keep_default_na=False)
        said = pages_to_check(table) + said
        if page_sets.corrections(PAGE_SETS, page_set):
            corrected = f"results/{ROUND}/corrected/{page_set}.csv"
            counts = pd.read_csv(corrected).drop(columns="image_id")
            changes = ", ".join(f"{count} {kind}" for kind, count in counts.sum().items())
            said.append(
                f"  {len(counts)} corrected page{'s' * (len(counts) != 1)} (characters: {changes})  {os.path.relpath(corrected, ROOT)}"
            )
        for kind, words in kinds.items():
            path = os.path.relpath(f"results/{ROUND}/{kind.format(page_set=page_set)}", ROOT)
            said.append(f"  {words:{width}}  {path}")
        if made_pages(pages_of(page_set)):  # PAGE and ALTO name them
            said.append(f"  {'the pages as images':{width}}  {os.path.relpath(f'results/unpacked/{page_set}', ROOT)}")
        if UNREADABLE.get(page_set):
            path = os.path.relpath(f"results/pages/{page_set}_unreadable.csv", ROOT)
            said.append(f"  {'what could not be read':{width}}  {path}")
    return [*what_cannot_be_read(), *said, f"with {networks_that_read()}"]
