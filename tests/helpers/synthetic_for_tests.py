"""Settings of pages drawn in brush fonts."""

STYLE = {
    "blank": 0,
    "font": "KouzanBrushFontSousyo",
    "paper": "#efdfb4",
    "ink": "#2b2823",
    "background": "#1f1d1a",
    "age": 0.5,
    "character_size": 0.09,
    "pitch": 1.3,
    "gap": 0.1,
    "stretch": 1.1,
    "weight": 0.08,
    "margins": [0.15, 0.08, 0.08, 0.1],
    "frame": 1,
    "rules": False,
    "ruby": 0.3,
    "joined": 0.5,
    "variants": 0.0,
    "seals": 0.5,
    "show_through": 0.2,
    "tilt": 0.8,
}


def make_settings(books=None, style=None, **changes):
    return {
        "seed": 1,
        "volume": 1,
        "width": 320,
        "height": 448,
        "quality": 88,
        "codepoints": 60,
        "charset": None,
        "layouts": None,
        "random_share": 0.3,
        "zipf": 0.6,
        "style": STYLE | (style or {}),
        "books": books or {"hana": {"pages": 2}, "yuki": {"pages": 2, "blank": 1, "frame": 2, "rules": True}},
    } | changes
