# Inputs of export.smk.


def counted(key):
    """The page sets or the charset that `priors` counts."""
    if config["export"]["priors"] is None:
        raise InputError("export.priors: say {of: [page sets of scans], charset: file of all characters by frequency}")
    return config["export"]["priors"][key]
