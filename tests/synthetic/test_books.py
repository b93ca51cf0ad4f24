"""The settings of drawn page sets: the configuration's schema, and what planning asks of books and fonts."""

import re
from itertools import combinations
from pathlib import Path

import pytest
import yaml
from synthetic_for_tests import STYLE as EXAMPLE
from synthetic_for_tests import make_settings

from kuzushiji.common.configuration import check_configuration
from kuzushiji.common.errors import InputError
from kuzushiji.common.fonts import BRUSHES, PLAIN, find_font
from kuzushiji.synthetic.books import STYLE, book_styles, used_fonts
from kuzushiji.synthetic.hentaigana import HENTAIGANA_FONTS

SCHEMA = yaml.safe_load(Path("workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
CONFIG = yaml.safe_load(Path("config.yaml").read_text(encoding="utf-8"))
DRAWN = "page_sets: mine: synthetic"


def check(changes, style=(), book=()):
    """What the schema says of a drawn page set, its `style` and its book `hana` so changed; `...` leaves a key out."""
    settings = make_settings({"hana": {"pages": 1}})
    parts = [(settings, changes), (settings["style"], style), (settings["books"]["hana"], book)]
    for part, changed in parts:
        for key, value in dict(changed).items():
            if value is ...:
                del part[key]
            else:
                part[key] = value
    config = CONFIG | {"page_sets": CONFIG["page_sets"] | {"mine": {"synthetic": settings}}}
    try:
        check_configuration(config, SCHEMA, [("config.yaml", config)])
    except InputError as error:
        return str(error)
    return ""


def test_what_can_be_drawn_is_right():
    assert check({"charset": "resources/layouts/charset.txt", "layouts": None, "seed": 0}) == ""
    assert check({"books": {"hana": {"pages": 1} | EXAMPLE, "gone": None}, "style": {}}) == ""
    for color in ("#fff", "#efdfb4", "#efdfb480", "beige", "Beige", "rgb(20, 30, 40)", "hsl(40, 50%, 50%)"):
        assert check({}, {"paper": color}, {"ink": color}) == "", color
    for key in STYLE:
        assert check({}, book={key: 1 if key == "pages" else EXAMPLE[key]}) == "", key


@pytest.mark.parametrize("key", make_settings())
def test_a_page_set_needs_all_of_its_keys(key):
    assert check({key: ...}).endswith(f"{DRAWN}: '{key}' is a required property")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"codepoint": 30}, f"{DRAWN}: codepoint: there is no such key; did you mean codepoints?"),
        ({"style": None}, f"{DRAWN}: style: None is not of type 'object'"),
        ({"charset": 5}, f"{DRAWN}: charset: 5 is not of type 'string', 'null'"),
        ({"layouts": ["a"]}, f"{DRAWN}: layouts: ['a'] is not of type"),
        ({"books": {"Hana1": {"pages": 1}}}, f"{DRAWN}: books: Hana1: is no book's name; take lower-case letters"),
        ({"books": {False: {"pages": 1}}}, f"{DRAWN}: books: False is not of type 'string'"),
        ({"books": {"hana": {}}}, f"{DRAWN}: books: hana: 'pages' is a required property"),
        ({"books": {}}, f"{DRAWN}: books: "),
    ],
)
def test_a_mistake_in_a_page_set_is_one_line(changes, says):
    said = check(changes)
    assert says in said and len(said) < 200 and "\n" not in said


@pytest.mark.parametrize(
    ("style", "says"),
    [
        ({"colour": "#fff"}, "colour: there is no such key"),
        ({"papr": "#fff"}, "papr: there is no such key; did you mean paper?"),
        # What stands after a `#` without quotes is a comment.
        (yaml.safe_load("paper: #efdfb4"), """paper: 'a color in quotes, like "#efdfb4"' was expected"""),
        ({"ink": 5}, """ink: 'a color in quotes, like "#efdfb4"' was expected"""),
        ({"background": "#efdfb"}, """background: #efdfb: is no color; write it in quotes, like "#efdfb4\""""),
        ({"font": 5}, "font: 5 is not of type 'string'"),
        ({"pages": 0}, "pages: 0 is less than the minimum"),
    ],
)
def test_a_mistake_in_a_style_is_one_line_in_a_book_too(style, says):
    for said, place in ((check({}, style), "style"), (check({}, book=style), "books: hana")):
        assert f"{DRAWN}: {place}: {says}" in said and len(said) < 800 and "\n" not in said


def test_the_schema_and_the_library_know_the_same_keys():
    assert SCHEMA["$defs"]["style"]["properties"].keys() == set(STYLE) == {"pages", *EXAMPLE}


def test_between_them_a_book_and_the_style_say_all():
    settings = make_settings({"hana": {"pages": 1, "font": "a", "age": 0}, "yuki": {"pages": 2, "font": "b"}})
    del settings["style"]["font"]
    styles = book_styles(settings)
    assert styles["hana"] == EXAMPLE | {"pages": 1, "font": "a", "age": 0}
    assert styles["yuki"] == EXAMPLE | {"pages": 2, "font": "b"}
    del settings["books"]["yuki"]["font"]
    with pytest.raises(InputError, match="page_sets: mine: books: yuki: lacks font; say it here, or in `style`"):
        book_styles(settings, "page_sets: mine")


def test_the_fonts_that_set_up_may_fetch_are_known():
    said = Path("envs/fonts.sh").read_text(encoding="utf-8")
    lists = re.findall(r"(?m)^(?:brushes|plain|npm_brushes|npm_always)=\((.*?)\)", said)
    fetched = {name.lower() for names in lists for name in names.split()} | {"ipaexg"}
    assert len(lists) == 4
    assert fetched == {name.lower() for name in (*BRUSHES, *PLAIN, *HENTAIGANA_FONTS)}


def styles_of(*fonts, variants=0.0):
    return {f"book{number}": {"font": font, "variants": variants} for number, font in enumerate(fonts)}


HANDS = ["results/hands/brisk.ttf", "results/hands/calm.ttf"]
NAMES = (*BRUSHES[:3], "yuji-hentaigana-akebono", "IPAmjm", "mine")
PATHS = [f"resources/fonts/{name}.ttf" for name in NAMES]


def test_only_the_fonts_that_books_name_are_used():
    assert used_fonts(styles_of("MINE", BRUSHES[1]), PATHS, HANDS) == [PATHS[1], PATHS[5]]
    assert used_fonts(styles_of("mine", variants=0.1), PATHS, HANDS) == [PATHS[3], PATHS[5]]
    assert used_fonts(styles_of("Brisk"), PATHS, HANDS) == HANDS[:1]
    assert used_fonts(styles_of("calm", "mine"), PATHS, HANDS) == [PATHS[5], HANDS[1]]


def test_in_place_of_a_font_that_could_not_be_fetched_the_same_is_drawn_as_from_all_fonts():
    """Whichever fonts are there."""
    wanted = (*BRUSHES, "ipaexg")
    for count in range(1, len(PATHS) + 1):
        for there in map(list, combinations(PATHS, count)):
            for name in wanted:
                styles = styles_of(name, "brisk", variants=0.5)
                used = used_fonts(styles, there, HANDS)
                every = [Path(path) for path in [*there, HANDS[0]]]
                assert find_font(name, map(Path, used)) == find_font(name, every)
                special = [path for path in every if path.stem in HENTAIGANA_FONTS]
                assert [Path(path) for path in used if Path(path).stem in HENTAIGANA_FONTS] == special


def test_of_two_files_of_one_font_the_same_is_used():
    files = ["resources/fonts/mine.otf", "resources/fonts/Mine.ttf", "resources/fonts/other.ttf"]
    every = list(map(Path, files))
    assert used_fonts(styles_of("mine"), files, []) == [str(find_font("mine", every))]
    # A hand that is called as a font is.
    hand = ["results/hands/other.ttf"]
    assert used_fonts(styles_of("other"), files, hand) == [str(find_font("other", [*every, Path(hand[0])]))]


@pytest.mark.parametrize(
    ("font", "says"),
    [
        ("aoyagi-sosekii", "has aoyagi-sosekii; perhaps aoyagi-soseki"),
        ("brsk", "has brsk; perhaps brisk"),
        ("minee", "has minee; perhaps mine"),
        ("Helvetica", "has Helvetica; there are .*aoyagi-soseki, .*brisk, .*mine, "),
    ],
)
def test_a_misspelt_font_is_named_with_the_nearest(font, says):
    styles = styles_of("mine", font)
    with pytest.raises(InputError, match=rf"mine: books: book1: font: neither resources/fonts nor `hands` {says}"):
        used_fonts(styles, PATHS, HANDS, "page_sets: mine")
