# The page sets of the configuration, their pages, and where the images of these lie.
from kuzushiji.pages import page_sets
from kuzushiji.pages.fetch import note_wanted
from kuzushiji.pages.own_scans import chunk_record, scan_record
from kuzushiji.pages.scan_chunks import assign_chunks, recorded_chunks
from kuzushiji.pages.unreadable import lines, recorded, sort_scans
from kuzushiji.pages.versions import Job as VersionedJob
from kuzushiji.pages.versions import write_versions

PAGE_SETS = {
    name: entry
    | {
        key: (scans_path(entry[key]) if key == "scans" else configured(entry[key]))
        for key in ("images", "scans", "labels", "transcriptions", "corrections")
        if key in entry
    }
    for name, entry in config["page_sets"].items()
}
for name, entry in PAGE_SETS.items():
    made = entry.get("labels", "").split("/")
    if made[::2][:2] == ["results", "aligned"]:
        aligning = made[1]
        of_small, now_small = (IMPORTED_ROUNDS.get(networks) == "small" for networks in (aligning, ROUND))
        if of_small != now_small:  # they see pages denoised by `small.settings`, and the others do not
            raise InputError(
                f"config.yaml: page_sets: {name}: labels: round {ROUND} cannot make {entry['labels']}, since {aligning} reads with "
                f"other settings; leave {name} out and make them in a directory of their own, `snakemake --directory alignment "
                f"--config round={aligning} -- {entry['labels']}`, then name alignment/{entry['labels']}"
            )
SOURCES = [name for name, entry in PAGE_SETS.items() if "of" not in entry]
FETCHED = [name for name in SOURCES if page_sets.fetched(PAGE_SETS[name])]
TRAINING = config["training"]
VALIDATION = config["validation"]

# Of tables that are called by page set and by what they hold.
for name in PAGE_SETS:
    for part in ("bands", "books", "codepoints", "confusions", "pages", "unmatched"):
        if f"{name}_{part}" in PAGE_SETS:
            raise InputError(
                f"config.yaml: page_sets: {name}_{part}: so is a table of {name} called; take another name"
            )

named = {"recognize": config["recognize"]}
if TRAINS:
    named |= {key: config[key] for key in ("training", "validation")}
    named["pseudo.page_sets"] = config["pseudo"]["page_sets"]
for key, names in named.items():
    for name in [names] if isinstance(names, str) else names:
        if name not in PAGE_SETS:
            raise InputError(f"config.yaml: {key}: there is no page set {name} under page_sets")
        if key in ("training", "validation") and not page_sets.labelled(PAGE_SETS, name):
            raise InputError(f"config.yaml: {key}: the page set {name} needs `labels` for all of its images")
for source in page_sets.sources(PAGE_SETS, TRAINING) if TRAINS else ():
    aligned = PAGE_SETS[source].get("labels", "")
    if made_here(aligned) and aligned.split("/")[1] in TRAINED_ROUNDS:
        raise InputError(
            f"config.yaml: page_sets: {source}: labels: {aligned} would be found by networks that {TRAINING} trains with them; "
            f"leave {source} out and make them in a directory of their own, `snakemake --directory alignment -- {aligned}`, then "
            f"name alignment/{aligned}; or take those of round published"
        )
# The page sets to score: recognized page sets with labels, and the validation pages if they were used.
SCORED = [name for name in config["recognize"] if page_sets.labelled(PAGE_SETS, name)]
if TRAINS:
    SCORED = list(dict.fromkeys([VALIDATION, *SCORED]))
# The own scans that cannot be read, by page set: {file name: reason}. Jobs plan by what the run itself found.
UNREADABLE = {}
if config["read"] is not None and locked and config["pages"]["unreadable"] == "stop":
    raise InputError(f"{scans}: scans that cannot be read ({len(locked)}):\n" + "\n".join(lines(locked)))
if config["read"] is not None and config["adapt"] is None:
    (name,) = config["recognize"]
    if config["pages"]["unreadable"] == "skip":
        record = scan_record(name, Path("results"))
        if workflow.is_main_process:
            found = sort_scans(pages, above, record, config["pages"]["max_megapixels"], min(8, os.cpu_count()))
        else:
            found = recorded(record)
        UNREADABLE[name] = locked | found
        PAGE_SETS[name]["unreadable"] = list(found)
    record = chunk_record(name, Path("results"))
    if workflow.is_main_process:
        read_now = [page.image_id for page in page_sets.pages(PAGE_SETS, name, config["chunks"])]
        PAGE_SETS[name]["chunks"] = assign_chunks(read_now, record)
    else:
        PAGE_SETS[name]["chunks"] = recorded_chunks(record)


for name in FETCHED if workflow.is_main_process else []:
    note_wanted(page_sets.scans(PAGE_SETS[name]))


def left_out(page_set):
    """Pairs of a scan's file that cannot be read and the reason."""
    return [list(pair) for pair in UNREADABLE.get(page_set, {}).items()]


def places_of(page_set):
    """Where the sources of a page set have their scans from, an address or a path; drawn ones from where they are drawn."""
    found = []
    for source in page_sets.sources(PAGE_SETS, page_set):
        given = config["page_sets"][source].get("scans", "")
        entry = PAGE_SETS[source]
        path = entry.get("scans", entry.get("images", f"results/synthetic/{source}"))
        found.append(given if is_address(given) else path)
    return found


wildcard_constraints:
    page_set=one_of(PAGE_SETS),
    image_set=one_of(SOURCES),
    chunk=r"\d+",


@cache
def pages_of(page_set):
    return page_sets.pages(PAGE_SETS, page_set, config["chunks"])


@cache
def pages_by_chunk(page_set):
    chunks = {}
    for page in pages_of(page_set):
        chunks.setdefault(page.chunk, []).append(page)
    return chunks


def few_pages():
    """Whether no page set that is read or scored has more pages than `local_pages`."""
    names = [*config["recognize"], *([VALIDATION, *config["pseudo"]["page_sets"]] if TRAINS else [])]
    try:
        return workflow.is_main_process and all(len(pages_of(name)) <= config["local_pages"] for name in names)
    except InputError:  # a folder that is missing, which is said if the target needs it
        return False


def gather(pattern):
    """An input function: `pattern` for every chunk of the page set."""
    return lambda wildcards: collect(pattern, **wildcards, chunk=sorted(pages_by_chunk(wildcards.page_set)))


def folder(path):
    """A folder made by the workflow as an input that counts by content, since Snakemake only checks its timestamp."""
    return [f"{path}.sha256", ancient(path)]


def denoised_folders(pages):
    folders = dict.fromkeys(f"results/denoised/{page.image_set}/{page.chunk}" for page in pages)
    return [part for path in folders for part in folder(path)]


def denoised_pages(pages):
    """Pairs of a page's id and its denoised image."""
    return [[page.image_id, f"results/denoised/{page.image_set}/{page.chunk}/{page.image_id}.png"] for page in pages]


def denoised_chunk(wildcards):
    return denoised_folders(pages_by_chunk(wildcards.page_set)[int(wildcards.chunk)])


def denoised_chunk_pages(wildcards):
    return denoised_pages(pages_by_chunk(wildcards.page_set)[int(wildcards.chunk)])


def scans_of_chunk(wildcards):
    """The scans, as `pages.scans` lists them, of a chunk of an image set that are unpacked."""
    chunk = {page.image_id for page in made_pages(pages_by_chunk(wildcards.image_set)[int(wildcards.chunk)])}
    return [scan for scan in page_sets.scans(PAGE_SETS[wildcards.image_set]) if scan.image_id in chunk]


def made_pages(pages):
    """Those of the pages whose images the workflow makes: drawn, unpacked and fetched ones."""
    return [page for page in pages if page_sets.made(PAGE_SETS, page)]


def scanned_pages(pages):
    """Those of the pages whose images come in."""
    return [page for page in pages if not page_sets.made(PAGE_SETS, page)]


def image_folders(pages):
    """The folders of the images of pages; those of made ones count by content."""
    folders = {os.path.dirname(page.path) or ".": page for page in pages}
    return [
        part for path, page in folders.items() for part in (folder(path) if made_pages([page]) else [ancient(path)])
    ]


def image_versions(image_set, job):
    """The versions of a job's images, in place of the images; made ones have none. `job`: a chunk's number, or "all"."""
    pages = pages_of(image_set) if job == "all" else pages_by_chunk(image_set)[int(job)]
    if not scanned_pages(pages):
        return []
    if workflow.is_main_process:
        plan_versions(image_set)
    return f"results/versions/{image_set}/{job}.json"


@cache
def plan_versions(image_set):
    """Write the versions of all images of an image set: at once, since Snakemake lists a folder once while it plans."""
    folder = Path("results/versions", image_set)
    if working and folder.exists():  # those of the run that works here
        return
    planned = [("all", pages_of(image_set), Path("results/pages", f"{image_set}.json"))]
    for chunk, pages in pages_by_chunk(image_set).items():
        planned.append((chunk, pages, Path("results/denoised", image_set, f"{chunk}.json")))
    write_versions(
        [
            VersionedJob([page.path for page in scanned_pages(pages)], folder / f"{job}.json", digests)
            for job, pages, digests in planned
        ]
    )


def digests_of_images(page_set):
    """What the checks of a page set's images say of their content, except of made ones."""
    scanned = dict.fromkeys(page.image_set for page in scanned_pages(pages_of(page_set)))
    return [f"results/pages/{name}.json" for name in scanned]


def original_images(page_set):
    """The folders of the original images of a page set, and what their content is."""
    return digests_of_images(page_set) + image_folders(pages_of(page_set))


def what_is_read(wildcards):
    """The boxes that all text is made of: recognized ones, with the page set's corrections if it has any."""
    kind = "corrected" if page_sets.corrections(PAGE_SETS, wildcards.page_set) else "recognized"
    return f"results/{wildcards.round}/{kind}/{wildcards.page_set}.parquet"


def is_labelled(wildcards):
    return page_sets.labelled(PAGE_SETS, wildcards.page_set)


def what_is_corrected(wildcards):
    """The table of corrected pages, if the page set has corrections."""
    has = page_sets.corrections(PAGE_SETS, wildcards.page_set)
    return f"results/{wildcards.round}/corrected/{wildcards.page_set}.csv" if has else []


def fonts(wildcards):
    """All fonts fetched at set-up."""
    found = sorted(map(str, Path(from_root("resources/fonts")).glob("*.[ot]t[fc]")))
    if not found:
        raise InputError("resources/fonts holds no fonts: run `bash envs/fonts.sh`")
    return found
