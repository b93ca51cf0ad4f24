# Inputs of synthetic.smk.
from kuzushiji.synthetic.books import book_styles, used_fonts


def drawn_from(wildcards, key):
    """A file that a drawn page set names, if it does."""
    path = PAGE_SETS[wildcards.image_set]["synthetic"][key]
    return from_root(path) if path else []


def drawn_in(wildcards):
    """The fonts that write a drawn page set, those of made-up hands too; another font does not make its pages anew."""
    place = f"config.yaml: page_sets: {wildcards.image_set}: synthetic"
    styles = book_styles(PAGE_SETS[wildcards.image_set]["synthetic"], place)
    return used_fonts(styles, fonts(wildcards), [f"results/hands/{hand}.ttf" for hand in config["hands"]], place)
