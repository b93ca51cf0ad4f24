"""The books of a drawn page set: the style of each, and the fonts that write them. Planning asks for both."""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path

from PIL import ImageColor

from kuzushiji.common.errors import InputError
from kuzushiji.common.fonts import BRUSHES, PLAIN, find_font
from kuzushiji.synthetic.hentaigana import HENTAIGANA_FONTS

STYLE = (
    *("pages", "blank", "font", "paper", "ink", "background", "age", "character_size", "pitch", "gap", "stretch"),
    *("weight", "margins", "frame", "rules", "ruby", "joined", "variants", "seals", "show_through", "tilt"),
)
_FETCHED = (*BRUSHES, *PLAIN, *HENTAIGANA_FONTS)  # by `envs/fonts.sh`, as far as they can be had


def book_styles(settings: Mapping, place: str = "synthetic") -> dict[str, dict]:
    """The style of every book of a `synthetic` section: what the book says, and for the rest what `style` says.

    Which keys and values there are is the configuration's schema to say. Raises `InputError`, in which `place` says
    where the section stands, if a book lacks a key of `STYLE`, or has a color that Pillow does not know.
    """
    styles = {book: settings["style"] | own for book, own in settings["books"].items()}
    for book, style in styles.items():
        missing = [key for key in STYLE if key not in style]
        if missing:
            raise InputError(f"{place}: books: {book}: lacks {', '.join(missing)}; say it here, or in `style` for all")
        for key in ("paper", "ink", "background"):
            try:
                ImageColor.getrgb(style[key])
            except ValueError as error:
                raise InputError(f'{place}: books: {book}: {key}: {error}; write it like "#efdfb4"') from error
    return styles


def used_fonts(
    styles: Mapping[str, Mapping], fonts: Iterable[str], hands: Iterable[str], place: str = "synthetic"
) -> list[str]:
    """Those of `fonts` and of the made-up `hands`, all of them paths, from which the books are drawn as from all.

    That is the font that each book names, and the hentaigana fonts if a book has `variants`. Where a font is missing
    that `envs/fonts.sh` could not fetch, all among which `find_font` chooses another. Raises `InputError` with the
    nearest names if a book names any other font that is missing.
    """
    names = {book: style["font"].lower() for book, style in styles.items()}
    fonts, hands = list(fonts), list(hands)
    files = fonts + [hand for hand in hands if _stem(hand) in names.values()]
    there = set(map(_stem, files))
    known = {name.lower(): name for name in (*_FETCHED, *(Path(path).stem for path in (*fonts, *hands)))}
    for book, name in names.items():
        if name not in known:
            near = [known[other] for other in difflib.get_close_matches(name, known, n=3)]
            advice = f"perhaps {' or '.join(near)}" if near else f"there are {', '.join(sorted(known.values()))}"
            said = f"neither resources/fonts nor `hands` has {styles[book]['font']}"
            raise InputError(f"{place}: books: {book}: font: {said}; {advice}")
    used = {find_font(name, files) for name in names.values() if name in there}
    if not there.issuperset(names.values()):
        brushes = {brush.lower() for brush in BRUSHES}
        used.update(map(Path, [path for path in files if _stem(path) in brushes] or files))
    if any(style["variants"] for style in styles.values()):
        used.update(Path(path) for path in files if _stem(path) in HENTAIGANA_FONTS)
    return [path for path in files if Path(path) in used]


def _stem(path: str) -> str:
    return Path(path).stem.lower()
