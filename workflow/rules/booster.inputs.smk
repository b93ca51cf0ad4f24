# Settings of booster.smk.


def booster_settings(wildcards):
    """The settings of the boosters' training, if the validation pages have books enough for it."""
    settings = config["booster"]["training"]
    if settings["protocol"] == "by_book":
        books = {page.book for page in pages_of(VALIDATION)}
        if len(books) < settings["folds"]:
            raise InputError(
                f"config.yaml: booster: training: {settings['folds']} folds by book need as many books, and {VALIDATION} has "
                f"{len(books)}; lower folds, or choose the protocol by_page"
            )
    return dict(settings, features=config["booster"]["features"])
