# Inputs and settings of read.smk.


def own_scans(wildcards):
    """The results for the scans in the folder `read`, if the models exist and nothing needs training."""
    if not only_reads():
        raise WorkflowError(
            "read: say --profile profiles/read too, which lets nothing be trained "
            "(on a cluster: --profile slurm --workflow-profile profiles/read)"
        )
    models = [
        *collect("results/detector/{detector}.pth", detector=detectors_of(ROUND)),
        *collect("results/{round}/classifiers/{classifier}.pth", round=ROUND, classifier=CLASSIFIERS),
        *booster_folds(ROUND),
    ]
    gone = [path for path in models if TRAINS and not os.path.exists(path)]
    if gone:
        raise WorkflowError(f"{', '.join(gone)}: the model is gone; train it again with the configuration that made it")
    kinds = ["viewer/{page_set}.html", "text/{page_set}", "overlays/{page_set}", "provenance/{page_set}"]
    return collect([f"results/{ROUND}/{kind}" for kind in kinds], page_set=config["recognize"])
