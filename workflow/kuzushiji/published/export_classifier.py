"""Export of a classifier: the best epoch of its checkpoint as a file of weights in few bits."""

import os

from kuzushiji.classifier.model import KIND, load_classifier
from kuzushiji.published.weights_file import write_weights


def export_classifier(source: str | os.PathLike, destination: str | os.PathLike, bits: int) -> None:
    """Write the best weights of the checkpoint `source` as `destination`, which `import_small_classifier` reads.

    `bits` of a weight are 8 or 16. Raises `InputError` like `load_classifier`, and if the weights do not fit half
    precision.
    """
    model, charset, settings = load_classifier(source)
    if "start" in settings:  # a path on the machine of the training
        settings = {**settings, "start": None}
    write_weights(model.state_dict(), {"kind": KIND, "settings": settings, "charset": charset}, destination, bits)
