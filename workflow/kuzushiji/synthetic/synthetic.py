"""Pages drawn in brush fonts, labelled like the competition's scans.

The settings of the page set, the fonts and the corpus determine a page. Each page has its own random generator, seeded
by the settings' `seed` and the page id, so that pages do not depend on the number of processes.
"""

import csv
import logging
import zlib
from concurrent.futures import ProcessPoolExecutor
from itertools import islice, repeat
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from kuzushiji.common.codepoints import read_charset
from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing
from kuzushiji.common.fonts import find_font, has_ink
from kuzushiji.pages.page_ids import book_of, synthetic_ids
from kuzushiji.synthetic.books import book_styles
from kuzushiji.synthetic.corpus import by_rank, read_corpus
from kuzushiji.synthetic.drawn_page import Task, draw_page
from kuzushiji.synthetic.hentaigana import read_parents, shapes
from kuzushiji.synthetic.layouts import read_layouts


class Sources(NamedTuple):
    """The files that pages are drawn from."""

    fonts: list[Path]
    corpus: list[Path]  # texts
    parents: Path  # the kanji that kana are the cursive forms of: see `read_parents`
    charset: Path | None = None  # all characters, the most frequent first; without it they follow from the corpus
    layouts: Path | None = None  # boxes of real pages, for every other page to follow: see `read_layouts`


def draw_pages(settings: dict, sources: Sources, images: Path, labels: Path, processes: int) -> None:
    """Draw every page of a page set as `images/{image_id}.jpg`, and write its `labels` in the competition's layout.

    `settings` is the page set's `synthetic` section, as the configuration's schema has it. Raises `InputError` if no
    font of a book has a character of the charset, and like `book_styles`, `find_font`, `read_corpus`, `read_parents`,
    `read_charset` and `read_layouts`.
    """
    tasks = plan_pages(settings, sources)
    images.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(processes, initializer=cv2.setNumThreads, initargs=(0,)) as pool:
        rows = list(pool.map(_save_page, tasks, repeat(images), repeat(settings["quality"])))
    with replacing(labels) as partial, open(partial, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image_id", "labels"])
        writer.writerows(sorted(rows))
    logging.info("drew %d pages with %d characters", len(rows), sum(run.count("U+") for _, run in rows))


def plan_pages(settings: dict, sources: Sources) -> list[Task]:
    """The task of every page of the set, in the order of `synthetic_ids`.

    The charset is the first `codepoints` characters by rank that any of the books' fonts has; a book leaves out those
    that its own font lacks. Each page with writing first gets its share of the charset.
    """
    books, fonts = book_styles(settings), sources.fonts
    texts = read_corpus(sources.corpus)
    parents = read_parents(sources.parents)
    layouts = read_layouts(sources.layouts) if sources.layouts else []
    chosen = np.random.default_rng(settings["seed"]).permutation(len(layouts))
    files = {book: find_font(style["font"], fonts) for book, style in books.items()}
    faces = sorted(set(files.values()))
    ranked = read_charset(sources.charset) if sources.charset else by_rank(texts)
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
    with replacing(images / f"{task.image_id}.jpg") as partial:
        Image.fromarray(image).save(partial, quality=quality)
    boxes = (
        f"U+{ord(character.text):04X} {character.x} {character.y} {character.mask.shape[1]} {character.mask.shape[0]}"
        for character in characters
    )
    return task.image_id, " ".join(boxes)


def _inked(font: Path, text: str) -> str:
    return "".join(character for character, ink in zip(text, has_ink(font, text), strict=True) if ink)


def _is_hiragana(character: str) -> bool:
    return "\u3041" <= character <= "\u3096"
