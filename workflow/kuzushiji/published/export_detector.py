"""Export of a detector: its checkpoint as a file of weights in few bits."""

import os

from kuzushiji.detector.model import KIND, load_detector
from kuzushiji.published.weights_file import write_weights


def export_detector(source: str | os.PathLike, destination: str | os.PathLike, bits: int) -> None:
    """Write the checkpoint `source` as `destination`, which `import_small_detector` reads.

    `bits` of a weight are 8 or 16. Raises `InputError` like `load_detector`, and if the weights do not fit half
    precision.
    """
    model, checkpoint = load_detector(source)
    meta = {"kind": KIND, "settings": checkpoint["settings"], "iteration": checkpoint["iteration"]}
    write_weights(model.state_dict(), meta, destination, bits)
