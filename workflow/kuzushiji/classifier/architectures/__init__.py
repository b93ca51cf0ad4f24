"""Networks that timm lacks, registered with it."""

from kuzushiji.classifier.architectures import ppocr, published_efficientnet  # noqa: F401 (registers them)
