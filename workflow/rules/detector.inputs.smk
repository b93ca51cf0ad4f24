# Inputs and settings of detector.smk.
from kuzushiji.detector.config import read_network


@cache
def network_of(training):
    """The section `model` of a training, or the network from a file in mmdet's configuration language."""
    model = config["detector_trainings"][training]["model"]
    return {"network": read_network(from_root(model))} if isinstance(model, str) else model


# A file that is no network stops the run before any page is looked for.
for training in config["detector_trainings"] if TRAINS else ():
    network_of(training)


def snapshots_of(training):
    """The iterations of a training that are detectors."""
    entries = config["detectors"].values()
    return sorted({entry["iteration"] for entry in entries if entry["training"] == training})


def snapshots_folder(detector):
    return f"results/detector/{config['detectors'][detector]['training']}/snapshots"


def model_of(detector):
    """The model settings that a detector must have been trained with; none for imported ones, whose files have them."""
    entry = config["detectors"].get(detector)
    return network_of(entry["training"]) if entry else None


def detector_settings(wildcards):
    entry = dict(config["detector_trainings"][wildcards.training])
    del entry["model"]
    return dict(
        model=network_of(wildcards.training),
        training=dict(config["detection"], **entry, snapshots=snapshots_of(wildcards.training)),
        state=f"results/detector/{wildcards.training}/state",
        pages=denoised_pages(pages_of(TRAINING)),
    )


def detector_weights(wildcards):
    model = network_of(wildcards.training)
    if not model.get("pretrained"):
        return []
    if model["depth"] not in DETECTOR_ADDRESSES:
        raise InputError(
            f"config.yaml: detector_trainings: {wildcards.training}: model.depth: there are no ImageNet weights for "
            f"{model['depth']}; choose {' or '.join(map(str, DETECTOR_ADDRESSES))}, or pretrained: false"
        )
    return f"{PRETRAINED}/{Path(DETECTOR_ADDRESSES[model['depth']]).name}"


def detector_start(wildcards):
    """The checkpoint that the configuration names for a training to begin with, if any."""
    start = detector_settings(wildcards)["training"]["start"]
    return configured(start) if start else []
