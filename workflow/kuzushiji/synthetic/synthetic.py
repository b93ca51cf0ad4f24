"""Pages drawn in brush fonts, labelled like the competition's scans.

The settings of the page set, the fonts and the corpus determine a page. Each page has its own random generator, seeded
by the settings' `seed` and the page id, so that pages do not depend on the number of processes.
"""

import csv
import logging
import re
import zlib
from concurrent.futures import ProcessPoolExecutor
from itertools import islice, repeat
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing
from kuzushiji.common.fonts import find_font, has_ink
from kuzushiji.pages.page_sets import book_of, synthetic_ids
from kuzushiji.synthetic.corpus import by_rank, read_corpus
from kuzushiji.synthetic.drawn_page import Task, draw_page
from kuzushiji.synthetic.hentaigana import read_parents, shapes
from kuzushiji.synthetic.layouts import read_layouts
from kuzushiji.synthetic.paper import color

_PAGE_SET = {
    "layouts",
    "charset",
    "seed",
    "volume",
    "width",
    "height",
    "quality",
    "codepoints",
    "random_share",
    "zipf",
    "style",
    "books",
}
_STYLE = {
    *("pages", "blank", "font", "paper", "ink", "background", "age", "character_size", "pitch", "gap", "stretch"),
    *("weight", "margins", "frame", "rules", "ruby", "joined", "variants", "seals", "show_through", "tilt"),
}


def draw_pages(
    settings: dict, fonts: list[Path], corpus: list[Path], images: Path, labels: Path, processes: int
) -> None:
    """Draw every page of a page set as `images/{image_id}.jpg`, and write its `labels` in the competition's layout.

    `settings` is the page set's `synthetic` section. Raises `InputError` if a setting is missing, unknown or wrong,
    and like `find_font` and `read_corpus`.
    """
    tasks = plan_pages(settings, fonts, corpus)
    images.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(processes, initializer=cv2.setNumThreads, initargs=(0,)) as pool:
        rows = list(pool.map(_save_page, tasks, repeat(images), repeat(settings["quality"])))
    with replacing(labels) as partial, open(partial, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image_id", "labels"])
        writer.writerows(sorted(rows))
    logging.info("drew %d pages with %d characters", len(rows), sum(run.count("U+") for _, run in rows))


def plan_pages(settings: dict, fonts: list[Path], corpus: list[Path]) -> list[Task]:
    """The task of every page of the set, in the order of `synthetic_ids`.

    The charset is the first `codepoints` characters by rank that any of the books' fonts has; a book leaves out those
    that its own font lacks. Each page with writing first gets its share of the charset.
    """
    books = _check(settings)
    texts = read_corpus(path for path in corpus if path.suffix == ".txt")
    parents = read_parents(next(path for path in corpus if path.name == "hentaigana.csv"))
    layouts = read_layouts(Path(settings["layouts"])) if settings["layouts"] else []
    chosen = np.random.default_rng(settings["seed"]).permutation(len(layouts))
    files = {book: find_font(style["font"], fonts) for book, style in books.items()}
    faces = sorted(set(files.values()))
    ranked = (
        by_rank(texts)
        if settings["charset"] is None
        else Path(settings["charset"]).read_text(encoding="utf-8").replace("\n", "")
    )
    drawable = (character for character in ranked if any(has_ink(face, character)[0] for face in faces))
    charset = "".join(islice(drawable, settings["codepoints"]))
    known = {face: _inked(face, charset) for face in faces}
    kana = {face: _inked(face, "".join(filter(_is_hiragana, by_rank(texts)))) or known[face] for face in faces}
    other_shapes = {face: shapes(parents, face, fonts) for face in faces}
    lacking = [book for book, face in files.items() if not known[face]]
    if lacking:
        raise InputError(f"the fonts of {', '.join(lacking)} have no character of the charset; name others")

    pages = [(image_id, book_of(image_id), int(image_id.rsplit("-", 1)[1])) for image_id in synthetic_ids(settings)]
    written = [image_id for image_id, book, page in pages if page <= books[book]["pages"] - books[book]["blank"]]
    dealt = {image_id: charset[number :: len(written)] for number, image_id in enumerate(written)}
    return [
        Task(
            image_id=image_id,
            seed=[settings["seed"], zlib.crc32(image_id.encode())],
            width=settings["width"],
            height=settings["height"],
            style=books[book],
            font=files[book],
            charset=known[files[book]],
            first="".join(filter(known[files[book]].__contains__, dealt.get(image_id, ""))),
            kana=kana[files[book]],
            texts=texts,
            random_share=settings["random_share"],
            zipf=settings["zipf"],
            blank=image_id not in dealt,
            outer=-1 if page % 2 else 1,
            shapes=other_shapes[files[book]],
            layout=layouts[chosen[number % len(chosen)]] if layouts and number % 2 else None,
        )
        for number, (image_id, book, page) in enumerate(pages)
    ]


def _save_page(task: Task, images: Path, quality: int) -> tuple[str, str]:
    """Draw and save one page; return its row of the labels."""
    image, characters = draw_page(task)
    Image.fromarray(image).save(images / f"{task.image_id}.jpg", quality=quality)
    boxes = (
        f"U+{ord(character.text):04X} {character.x} {character.y} {character.mask.shape[1]} {character.mask.shape[0]}"
        for character in characters
    )
    return task.image_id, " ".join(boxes)


def _check(settings: dict) -> dict[str, dict]:
    """The settings of every book, with defaults from `style`."""
    _check_keys("synthetic", settings, _PAGE_SET)
    books = {}
    for book, own in settings["books"].items():
        place = f"synthetic: books: {book}"
        if not re.fullmatch("[a-z]+", book):
            raise InputError(f"{place}: a book's name must be lower-case letters, since the page ids begin with it")
        books[book] = settings["style"] | own
        _check_keys(place, books[book], _STYLE)
        for key in ("paper", "ink", "background"):
            try:
                color(books[book][key])
            except ValueError as error:
                raise InputError(f"{place}: {key}: {error}; write it like `#efdfb0`") from error
    return books


def _check_keys(place: str, settings: dict, expected: set[str]) -> None:
    missing, unknown = sorted(expected - settings.keys()), sorted(settings.keys() - expected)
    if missing or unknown:
        said = [f"lacks {', '.join(missing)}"] * bool(missing) + [f"does not know {', '.join(unknown)}"] * bool(unknown)
        raise InputError(f"{place}: {' and '.join(said)}")


def _inked(font: Path, text: str) -> str:
    return "".join(character for character, ink in zip(text, has_ink(font, text), strict=True) if ink)


def _is_hiragana(character: str) -> bool:
    return "\u3041" <= character <= "\u3096"
