# `read` and `adapt`: the configuration by which a folder of scans is read.
from pathlib import Path

from kuzushiji.pages.corrections import read_corrections
from kuzushiji.pages.own_scans import (
    adapting,
    corrections_beside,
    labelled_pages,
    newest_models,
    pages_in_range,
    path_as_typed,
    path_for_jobs,
    reading,
    with_defaults,
)
from kuzushiji.pages.scans import is_manifest, list_scans
from kuzushiji.pages.unreadable import lines

# By whose configuration a folder of scans is read.
READ_BY = "this checkout's configuration"
for key in ("read", "adapt"):
    if key in cli_config and (path := path_as_typed(key, CLI_ARGUMENTS)):
        config[key] = cli_config[key] = path
        others = [argument for argument in CLI_ARGUMENTS if argument.partition("=")[0] != key]
        CLI_ARGUMENTS[:] = [*others, path_for_jobs(key, path)]
    if not isinstance(config[key], str | None):
        raise InputError(f"{key}: {config[key]} is no path; put it in quotes")
if config["read"] is not None:
    scans = config["read"]
    place = scans_path(scans)
    # The folder of a manifest is of this manifest alone.
    above = Path(place).parent if is_manifest(Path(place)) else Path(place)
    pages, locked = list_scans(place)
    # Of two files that give the same page one will be read.
    images = [Path(above, f"{image_id}.png") for image_id in dict.fromkeys(page.image_id for page in pages)]
    chosen = None
    there = [image.stem for image in images] + [name for name in locked if is_manifest(Path(place))]
    if config["page_range"] is not None:
        # Pages of a manifest keep their numbers where some cannot be had.
        chosen = pages_in_range(there, config["page_range"])
        images = [image for image in images if image.stem in chosen]
        locked = {name: reason for name, reason in locked.items() if name in chosen or not is_manifest(Path(place))}
        if not images:
            raise InputError(f"{scans}: none of these pages can be read:\n" + "\n".join(lines(locked)))
    if config["adapt"] is not None:
        labels = config["adapt"]
        config["round"] = "adapted"
        config.update(adapting(config, scans, labels, labelled_pages(from_root(labels), images)))
    else:
        models = {}
        if config["round"] not in IMPORTED_ROUNDS:
            noted, models = newest_models(Path("results").absolute(), IMPORTED_ROUNDS)
            READ_BY = f"their configuration {os.path.relpath(noted)}" if noted else READ_BY
        models = with_defaults(models, config)
        # What the user gave goes over the models' configuration, as it goes over config.yaml.
        for _, content in reversed(CONFIGURED[1:-1]):
            update(models, content)
        update(models, cli_config)
        given = [*map(os.path.relpath, workflow.overwrite_configfiles)]
        given += [f"--config {key}" for key in cli_config if key != "read"]
        READ_BY += f", and over it {', '.join(given)}" if given else ""
        # Which pages are read, how they are checked, and what is made of them is no matter of the models.
        models |= {key: config[key] for key in ("read", "page_range", "pages", "formats", "corrections")}
        ids = None if chosen is None else [image.stem for image in images]
        config.update(reading(models, scans, images, Path("results").absolute(), ids))
        corrections = config["corrections"] or corrections_beside(place)
        if corrections:  # checked before work begins
            # What lies beside a single scan may be of others there.
            known = there if config["corrections"] or Path(place).is_dir() else None
            if read_corrections(from_root(corrections), known).keys() & {image.stem for image in images}:
                config["page_sets"][config["recognize"][0]]["corrections"] = str(corrections)
elif config["adapt"] is not None:
    raise InputError("adapt: say the folder of its pages too: --config read=folder adapt=labels.csv")
