"""Pseudo labels: confident predictions of one round of classifiers, on which the next round trains (Lee, 2013)."""

import logging

import numpy as np
import pandas as pd

from kuzushiji.common.tables import SCHEMAS


def pseudo_labels(recognized: pd.DataFrame, probability: float) -> pd.DataFrame:
    """The kept boxes of a table "recognized" whose character has at least `probability`.

    The published solution asks for 1, as 32-bit numbers round it. Returns a table "truth"; boxes keep their numbers.
    """
    sure = recognized["kept"] & (recognized["probability"].astype(np.float32) >= np.float32(probability))
    logging.info("%d of %d boxes are sure enough to be labels", sure.sum(), len(recognized))
    return recognized.loc[sure, SCHEMAS["truth"].names].reset_index(drop=True)
