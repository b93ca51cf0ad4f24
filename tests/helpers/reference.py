"""Plain restatements, one box at a time, of what the library computes on whole tables."""

import sys
from pathlib import Path

# Kept with the benchmark that times them.
sys.path.append(str(Path(__file__).parents[2] / "workflow" / "scripts"))

from plain import features, iou, pairwise_suppression  # noqa: F401


def match(predictions, truth):
    """The hit flags of one page's (codepoint, x, y) against its (codepoint, x_min, y_min, x_max, y_max)."""
    hits = [False] * len(predictions)
    for codepoint, x_min, y_min, x_max, y_max in truth:
        for k, (name, x, y) in enumerate(predictions):
            if not hits[k] and name == codepoint and x_min < x < x_max and y_min < y < y_max:
                hits[k] = True
                break
    return hits
