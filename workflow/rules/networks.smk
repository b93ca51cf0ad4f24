# The networks of a round: trained here, or imported from the files in the round's section of the configuration.
from kuzushiji.common.configuration import check_architecture, check_ranges
from kuzushiji.common.stages import STAGES

CLASSIFIERS = list(config["classifiers"])
IMPORTED = {name: config[section] for name, section in IMPORTED_ROUNDS.items()}
DETECTORS = {name: networks["detectors"] for name, networks in IMPORTED.items()} | dict.fromkeys(
    TRAINED_ROUNDS, config["detectors"]
)
for key, name, section in [
    ("detect: mode", config["detect"]["mode"], config["detect"]["modes"]),
    *[
        (f"detectors: {name}: training", it["training"], config["detector_trainings"])
        for name, it in config["detectors"].items()
    ],
]:
    if name not in section:
        raise InputError(f"config.yaml: {key}: there is no {name}; choose {' or '.join(section)}")
for section, names in [
    ("classifiers", IMPORTED[ROUND]["classifiers"] if ROUND in IMPORTED else CLASSIFIERS),
    ("detectors", DETECTORS[ROUND]),
]:
    if not names:
        raise InputError(f"config.yaml: {section}: all of the {ROUND} round are null; keep at least one")
for name in CLASSIFIERS if TRAINS else []:
    check_architecture(f"classifiers: {name}", config["classifiers"][name]["architecture"])
check_ranges("booster: tune", config["booster"]["tune"])
for name in config["published"]["classifiers"] if ROUND == "published" else []:
    if name not in CLASSIFIERS:
        raise InputError(f"config.yaml: published: classifiers: there is no {name} under classifiers")
for first, second in [("published", "small"), ("published", "first"), ("small", "first")]:
    for name in DETECTORS[first].keys() & DETECTORS[second].keys():
        raise InputError(f"config.yaml: detectors: there are two called {name}; all results of one lie under its name")


wildcard_constraints:
    round=one_of([*TRAINED_ROUNDS, *IMPORTED_ROUNDS]),
    training=one_of(config["detector_trainings"]),
    detector=one_of([name for detectors in DETECTORS.values() for name in detectors]),
    classifier=one_of([*CLASSIFIERS, *[name for networks in IMPORTED.values() for name in networks["classifiers"]]]),


def detectors_of(training_round):
    return list(DETECTORS[training_round])


def classifiers_of(training_round):
    return list(IMPORTED[training_round]["classifiers"]) if training_round in IMPORTED else CLASSIFIERS


def booster_folds(training_round):
    """The boosters of a round: imported ones have the paths of trained ones, unless they are LightGBM's text files."""
    imported = IMPORTED.get(training_round, {})
    if "boosters" in imported:
        return [configured(file) for file in imported["boosters"]]
    count = imported.get("folds", config["booster"]["training"]["folds"])
    return [f"results/{training_round}/booster/fold_{fold}.txt" for fold in range(count)]


def feature_variant(training_round):
    return IMPORTED.get(training_round, config["booster"])["features"]


def of_detectors(pattern):
    """An input function: `pattern` for every detector of the round."""
    return lambda wildcards: collect(pattern, **wildcards, detector=detectors_of(wildcards.round))


def tables_of(stage):
    """An input function: all tables of a stage of `common.stages` for a page set."""
    names = {"detector": detectors_of, "classifier": classifiers_of}

    def tables(wildcards):
        each = {name: names[name](wildcards.round) for name in STAGES[stage].each}
        return collect(STAGES[stage].path, **{**each, **wildcards})

    return tables
