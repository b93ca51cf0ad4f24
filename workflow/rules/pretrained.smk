# ImageNet weights that networks start from: downloaded as early as possible, on the machine where Snakemake runs, since
# a cluster's nodes may have no network. Existing files have no rule, so that none is downloaded again or overwritten.
from kuzushiji.detector.pretrained_detector import ADDRESSES as DETECTOR_ADDRESSES

PRETRAINED = from_root("resources/pretrained")
IMAGENET = {f"{PRETRAINED}/{Path(address).name}": address for address in DETECTOR_ADDRESSES.values()}
ARCHITECTURES = {
    settings["architecture"]
    for settings in [*config["classifiers"].values(), config["book_classifier"]["classifier"]]
    if settings["pretrained"]
}


localrules:
    pretrained_detector,
    pretrained_classifier,


rule pretrained_detector:
    """Download the ImageNet weights that a detector's training starts from."""
    output:
        f"{PRETRAINED}/{{file}}.pth",
    log:
        "results/logs/pretrained_detector/{file}.log",
    benchmark:
        "results/benchmarks/pretrained_detector/{file}.tsv"
    wildcard_constraints:
        file=one_of([Path(path).stem for path in IMAGENET if not os.path.exists(path)]),
    priority: 100
    resources:
        download=1,
        mem_mb=scaled(1000),
        runtime=scaled(240),
    params:
        settings=lambda wildcards, output: dict(address=IMAGENET[output[0]]),
    script:
        "../scripts/pretrained_detector.py"


rule pretrained_classifier:
    """Download the ImageNet weights that a classifier's training starts from."""
    output:
        f"{PRETRAINED}/{{architecture}}.safetensors",
    log:
        "results/logs/pretrained_classifier/{architecture}.log",
    benchmark:
        "results/benchmarks/pretrained_classifier/{architecture}.tsv"
    wildcard_constraints:
        architecture=one_of([name for name in ARCHITECTURES if not os.path.exists(f"{PRETRAINED}/{name}.safetensors")]),
    priority: 100
    resources:
        download=1,
        mem_mb=scaled(4000),
        runtime=scaled(240),
    script:
        "../scripts/pretrained_classifier.py"
