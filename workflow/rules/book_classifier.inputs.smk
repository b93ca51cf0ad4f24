# Settings of book_classifier.smk.
from kuzushiji.common.configuration import check_architecture, check_training


def book_classifier_settings(wildcards):
    """The settings of its training, as one flat dictionary."""
    settings = dict(config["classification"], **config["book_classifier"]["classifier"], sampling=None, start=None)
    check_architecture("book_classifier: classifier", settings["architecture"])
    check_training("book_classifier: classifier", settings)
    return dict(settings, state="results/book_classifier/state")
