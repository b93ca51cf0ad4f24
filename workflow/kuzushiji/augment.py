"""Augmentation of training crops: image by image on the CPU, then batch by batch where the network runs."""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from timm.data.mixup import Mixup
from timm.data.random_erasing import RandomErasing
from torchvision.transforms import InterpolationMode, v2

from kuzushiji.errors import InputError

# Principal components of ImageNet's colors (Krizhevsky et al. 2012), for values from 0 to 1.
EIGENVALUES = torch.tensor([0.2175, 0.0188, 0.0045])
EIGENVECTORS = torch.tensor([[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]])

Mixing = Callable[[torch.Tensor, torch.Tensor, np.random.Generator], tuple[torch.Tensor, torch.Tensor]]


def training_transform(settings: dict) -> v2.Transform:
    """From a PIL crop (mode L or RGB) to a randomly distorted uint8 tensor (channels, input_size, input_size).

    Rotation, resizing to a square whatever the aspect, a random part of it, color jitter and grayscale; the keys of
    `settings` are a classifier's. Saturation and hue leave gray crops as they are.
    """
    resize, size = settings["resize"][0], settings["input_size"]
    bicubic = InterpolationMode.BICUBIC
    return v2.Compose(
        [
            v2.RandomRotation(settings["rotation"], bicubic),
            v2.Resize((resize, resize), bicubic),
            v2.RandomResizedCrop((size, size), settings["crop_scale"], settings["crop_ratio"], bicubic),
            v2.ColorJitter(**settings["jitter"]),
            v2.RandomGrayscale(settings["grayscale"]),
            v2.PILToTensor(),
        ]
    )


def validation_transform(settings: dict) -> v2.Transform:
    """From a PIL crop to the center, (channels, input_size, input_size) uint8, of its square at the test size."""
    resize, size = settings["resize"][1], settings["input_size"]
    return v2.Compose(
        [v2.Resize((resize, resize), InterpolationMode.BICUBIC), v2.CenterCrop((size, size)), v2.PILToTensor()]
    )


def pca_noise(images: torch.Tensor, std: float) -> torch.Tensor:
    """Add to each RGB image (N, 3, height, width), values 0 to 1, a random color along ImageNet's principal components.

    `std` is the deviation of the components' random weights, one for every image and component (Krizhevsky et al.
    2012). The result may leave 0 to 1, as there.
    """
    weights = std * torch.randn(len(images), 3) * EIGENVALUES  # (N, component)
    return images + (weights @ EIGENVECTORS.T).to(images)[:, :, None, None]


def mixing(settings: dict | None, classes: int) -> Mixing:
    """The function that mixes a batch: images (N, channels, height, width) and labels (N,) to images and targets.

    Targets are shares of the classes, (N, classes), whose rows sum to 1: the cross-entropy with them is the weighted
    sum of the cross-entropies with each label. `settings` is null, `{method: mixup, alpha}` (Zhang et al. 2018; needs
    an even N) or `{method: icap, beta, probability}`. Raises `InputError` for another method.
    """
    if settings is None:
        return lambda images, labels, rng: (images, F.one_hot(labels, classes).float())
    if settings["method"] == "mixup":
        mixup = Mixup(mixup_alpha=settings["alpha"], label_smoothing=0, num_classes=classes)
        return lambda images, labels, rng: mixup(images, labels)
    if settings["method"] == "icap":

        def mix(images, labels, rng):
            targets = F.one_hot(labels, classes).float()
            if rng.random() >= settings["probability"]:
                return images, targets
            return icap(images, targets, settings["beta"], rng)

        return mix
    raise InputError(f"mixing: unknown method {settings['method']}; choose mixup or icap, or set mixing: null")


def icap(
    images: torch.Tensor, targets: torch.Tensor, beta: float, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Random image cropping and patching (Takahashi et al. 2018), each part staying at the place it had.

    A point drawn from Beta(beta, beta) in both directions divides all images into four parts; each part comes from
    the batch in another order. Images are (N, channels, height, width), targets (N, classes), mixed by area.
    """
    height, width = images.shape[2:]
    row, column = np.rint(rng.beta(beta, beta, 2) * [height, width]).astype(int).tolist()
    patched, shares = torch.empty_like(images), torch.zeros_like(targets)
    for rows in (slice(0, row), slice(row, height)):
        for columns in (slice(0, column), slice(column, width)):
            order = torch.from_numpy(rng.permutation(len(images))).to(images.device)
            patched[:, :, rows, columns] = images[:, :, rows, columns][order]
            area = (rows.stop - rows.start) * (columns.stop - columns.start)
            shares += targets[order] * (area / (height * width))
    return patched, shares


def erasing(settings: dict) -> Callable[[torch.Tensor], torch.Tensor]:
    """The function that erases a random rectangle of some images (Zhong et al. 2017), for values from 0 to 1.

    timm's rectangles, filled with uniform noise: timm itself offers only normal noise.
    """
    eraser = RandomErasing(
        probability=settings["probability"],
        min_area=settings["area"][0],
        max_area=settings["area"][1],
        min_aspect=settings["aspect"][0],
        max_aspect=settings["aspect"][1],
        device="cpu",
    )

    def erase(images: torch.Tensor) -> torch.Tensor:
        kept = eraser(torch.ones(len(images), 1, *images.shape[2:])).to(images.device, torch.bool)
        return torch.where(kept, images, torch.rand_like(images))

    return erase
