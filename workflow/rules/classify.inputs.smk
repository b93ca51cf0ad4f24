# Inputs and outputs of classify.smk.

# A job a classifier, so that another one leaves the others' predictions as they are. Own scans, which may be two pages, are
# classified by all in one job: to start one takes as long as some pages.
TOGETHER = config["read"] is not None and config["adapt"] is None
PREDICTIONS = "results/{round}/predictions/{page_set}/{detector}/{classifier}/{chunk}.parquet"
CLASSIFY_JOB = "classify/{round}/{page_set}/{detector}/" + ("{chunk}" if TOGETHER else "{classifier}/{chunk}")


def with_classifiers(pattern):
    """A path for each of the classifiers of a job of `classify`."""
    return collect(pattern, classifier=classifiers_of(ROUND), allow_missing=True) if TOGETHER else [pattern]
