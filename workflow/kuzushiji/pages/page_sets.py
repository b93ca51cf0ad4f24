"""The pages of each page set, from folder listings and the configuration alone.

A page set is a source (a folder of `images`, `scans` to unpack or to fetch, or some `pages` of either, or `synthetic`
pages to draw) or a subset `of` other page sets: all of their pages, only some `books`, or all books but some
(`without_books`). An image set is a source: it owns its images. Of own scans, `unreadable` names files to leave out,
and `chunks` says the chunk of each page.
"""

from functools import cache
from pathlib import Path

from kuzushiji.common.errors import InputError
from kuzushiji.common.images import SUFFIXES
from kuzushiji.pages.manifest import read_manifest
from kuzushiji.pages.page_ids import Page, book_of, chunk_of, synthetic_ids
from kuzushiji.pages.scans import Scan, frame_name, is_manifest, list_scans, name_in, stays

_UNPACKED = Path("results/unpacked")


@cache
def list_images(folder: str) -> tuple[Path, ...]:
    """The image files of `folder`, by name. Raises `InputError` if the folder is missing or has no image."""
    if not Path(folder).is_dir():
        raise InputError(
            f"{folder}: there is no such folder of page images; put the scans there or change page_sets "
            "(the competition's pages: `snakemake --cores 1 competition_data`)"
        )
    # Hidden files do not count: macOS puts `._page.jpg` beside page.jpg on other systems' disks.
    images = sorted(
        path for path in Path(folder).iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    )
    if not images:
        raise InputError(f"{folder}: holds no page images ({', '.join(SUFFIXES)})")
    return tuple(images)


def sources(page_sets: dict, name: str) -> list[str]:
    """The image sets of page set `name`, in order.

    Raises `InputError` if a name is unknown or a subset refers back to itself.
    """
    return list(dict.fromkeys(source for source, _ in _parts(page_sets, name, ())))


def pages(page_sets: dict, name: str, chunks: int) -> list[Page]:
    """The pages of page set `name`, in the order of its sources and by file name within each; each of them once.

    Raises `InputError` if a book of a subset has no page, or as `sources` and `list_images` do.
    """
    found = []
    for source, books in _parts(page_sets, name, ()):
        part = _source_pages(source, page_sets[source], chunks)
        found += [page for page in part if all((page.book in named) == wanted for named, wanted in books)]
    books = page_sets[name].get("books")
    missing = sorted(set(map(str, books or [])) - {page.book for page in found})
    if missing:
        raise InputError(f"page_sets: {name}: no page of the books {', '.join(missing)}; correct its `books`")
    if not found:
        raise InputError(f"page_sets: {name}: no page is left; correct its `without_books`")
    return list(dict.fromkeys(found))


def scans(settings: dict) -> list[Scan]:
    """The pages of a source of `scans`.

    Raises `InputError` if two files give the same, or one cannot be read and neither `unreadable` nor `pages` is given.
    """
    folder, left_out = settings["scans"], set(settings.get("unreadable", ()))
    listed, problems = list_scans(folder)
    if problems and not settings.keys() & {"unreadable", "pages"} and not is_manifest(Path(folder)):
        said = "".join(f"\n{name}: {reason}" for name, reason in problems.items())
        raise InputError(f"{folder}: scans that cannot be read ({len(problems)}); take them out or mend them:{said}")
    chosen = _chosen(settings, "scans", [scan.image_id for scan in listed])
    found: dict[str, Scan] = {}
    for scan in listed:
        if scan.image_id in chosen and not {name_in(Path(scan.source), folder), frame_name(scan, folder)} & left_out:
            other = found.setdefault(scan.image_id, scan)
            if other != scan:
                raise InputError(f"{other.source} and {scan.source} both give the page {scan.image_id}; rename one")
    return list(found.values())


def fetched(settings: dict) -> bool:
    """Whether a source's images are fetched from a library, by a IIIF manifest."""
    return "scans" in settings and is_manifest(Path(settings["scans"]))


def canvases(settings: dict) -> dict[str, list]:
    """Of the pages of a source that is `fetched`, the id of the canvas and where on it the image lies, by page id."""
    known = read_manifest(settings["scans"]).canvases
    return {scan.image_id: [known[scan.frame].identity, list(known[scan.frame].region)] for scan in scans(settings)}


def made(page_sets: dict, page: Page) -> bool:
    """Whether the workflow makes the image of a page: it is drawn, unpacked or fetched."""
    settings = page_sets[page.image_set]
    return "synthetic" in settings or ("scans" in settings and Path(page.path).is_relative_to(_UNPACKED))


def labelled(page_sets: dict, name: str) -> bool:
    """Whether every source of page set `name` has labels."""
    return all({"labels", "synthetic"} & page_sets[source].keys() for source in sources(page_sets, name))


def transcribed(page_sets: dict, name: str) -> bool:
    """Whether a source of page set `name` has transcriptions, or is drawn, so that the text is known."""
    return any({"transcriptions", "synthetic"} & page_sets[source].keys() for source in sources(page_sets, name))


def corrections(page_sets: dict, name: str) -> list[str]:
    """The files of corrections of page set `name` and of those that it is a subset of; the last counts for a page.

    Raises `InputError` as `sources` does.
    """
    sources(page_sets, name)
    settings = page_sets[name]
    found = [file for member in settings.get("of", ()) for file in corrections(page_sets, member)]
    return list(dict.fromkeys([*found, *([settings["corrections"]] if "corrections" in settings else [])]))


def _source_pages(source: str, settings: dict, chunks: int) -> list[Page]:
    if "scans" in settings:
        found = [(scan.image_id, scan.book, Path(scan.source) if stays(scan) else None) for scan in scans(settings)]
    elif "synthetic" in settings:
        folder = Path("results/synthetic", source, "images")
        ids = synthetic_ids(settings["synthetic"])
        found = [(image_id, book_of(image_id), folder / f"{image_id}.jpg") for image_id in ids]
    else:
        files = list_images(settings["images"])
        chosen = _chosen(settings, "images", [file.stem for file in files])
        found = [(file.stem, book_of(file.stem), file) for file in files if file.stem in chosen]
    known = settings.get("chunks", {})
    planned = []
    for image_id, book, path in found:
        if known and image_id not in known:  # it came while the run was planned already, and is read by the next
            continue
        chunk = known.get(image_id, chunk_of(image_id, chunks))
        path = path or Path(_UNPACKED, source, str(chunk), f"{image_id}.png")
        planned.append(Page(image_id, book, source, chunk, str(path)))
    return planned


def _chosen(settings: dict, key: str, image_ids: list[str]) -> set[str]:
    """Of the ids in a source, those that it names under `pages`; all, if it does not name any."""
    if "pages" not in settings:
        return set(image_ids)
    chosen = set(map(str, settings["pages"]))
    missing = sorted(chosen - set(image_ids))
    if missing:
        raise InputError(f"page_sets: {settings[key]} has no image of {', '.join(missing[:5])}")
    return chosen


def _parts(page_sets: dict, name: str, above: tuple[str, ...]) -> list[tuple[str, list[tuple[set[str], bool]]]]:
    """Pairs of a source and the subsets' conditions on the way to it: books, and whether they are included."""
    settings = page_sets.get(name)
    if not settings:
        raise InputError(f"page_sets: there is no page set {name}; known are {', '.join(page_sets)}")
    if name in above:
        raise InputError(f"page_sets: {' → '.join((*above, name))}: a subset cannot lead back to itself")
    if "of" not in settings:
        return [(name, [])]
    parts = [part for member in settings["of"] for part in _parts(page_sets, member, (*above, name))]
    for key, wanted in {"books": True, "without_books": False}.items():
        if settings.get(key):
            named = set(map(str, settings[key]))
            parts = [(source, [*books, (named, wanted)]) for source, books in parts]
    return parts
