"""Adapting a trained classifier to the hand of a book, without forgetting what the book does not have."""

import os
from collections.abc import Collection, Mapping

import pandas as pd

from kuzushiji.classifier.classifier import Outputs, train
from kuzushiji.classifier.model import load_classifier
from kuzushiji.crops.sampling import sampling_weights


def adapt_classifier(
    start: str | os.PathLike,
    crops: list[str | os.PathLike],
    training: pd.DataFrame,
    validation: pd.DataFrame,
    codepoints: Collection[str],
    image_sets: Mapping[str, str],
    changes: Mapping,
    state: str | os.PathLike,
    outputs: Outputs,
    workers: int = 0,
) -> None:
    """Train the classifier `start` further, as `classifier.train` does, on crops of a book and on replayed ones.

    The settings are those that it was trained with, and `changes` of them; `changes["sampling"]["shares"]` says how
    much of the draws is from which of the page sets that `image_sets` maps image ids to. It still reads every codepoint
    that it did, and those of `codepoints`, the labelled ones, besides. Raises `InputError` as `load_classifier`,
    `sampling_weights` and `train` do.
    """
    _, known, settings = load_classifier(start)
    training = training.assign(weight=sampling_weights(training, image_sets, changes["sampling"]))
    charset = sorted({*known, *codepoints})
    train(crops, training, validation, charset, {**settings, **changes}, state, outputs, workers, start=start)
