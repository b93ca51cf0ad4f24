# Inputs of synthetic.smk.
def drawn_from(wildcards, key):
    """A file that a drawn page set names, if it does."""
    path = PAGE_SETS[wildcards.image_set]["synthetic"][key]
    return from_root(path) if path else []
