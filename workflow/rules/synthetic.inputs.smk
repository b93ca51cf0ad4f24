# Inputs of synthetic.smk.
def drawn_from(wildcards, key):
    """A file that a drawn page set names, if it does."""
    path = PAGE_SETS[wildcards.image_set]["synthetic"][key]
    return from_root(path) if path else []


def hands_of(wildcards):
    """The fonts of the made-up hands that write a drawn page set."""
    drawn = PAGE_SETS[wildcards.image_set]["synthetic"]
    used = {style["font"] for style in (drawn["style"], *drawn["books"].values()) if "font" in style}
    return [f"results/hands/{hand}.ttf" for hand in config["hands"] if hand in used]
