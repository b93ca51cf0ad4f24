# Inputs of export.smk.


def counted(key):
    """The page sets or the charset that `priors` counts."""
    priors = config["export"]["priors"]
    if priors is None:
        raise InputError("export.priors: say {of: [page sets of scans], charset: file of all characters by frequency}")
    for name in priors["of"]:
        if name not in PAGE_SETS or not page_sets.labelled(PAGE_SETS, name):
            raise InputError(f"export.priors: of: there is no page set {name} with labels under page_sets")
    return priors[key]
