"""Augmentation of whole batches: mixing, random erasing, noise (`transforms` augments single crops)."""

from collections.abc import Callable

import numpy as np
import torch
from timm.data.mixup import Mixup
from timm.data.random_erasing import RandomErasing

from kuzushiji.common.compute import sent
from kuzushiji.common.errors import InputError

# Principal components of ImageNet's colors (Krizhevsky et al. 2012), for values from 0 to 1.
EIGENVALUES = torch.tensor([0.2175, 0.0188, 0.0045])
EIGENVECTORS = torch.tensor([[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]])

Mixing = Callable[[torch.Tensor, torch.Tensor, np.random.Generator], tuple[torch.Tensor, torch.Tensor]]


def augment(
    images: torch.Tensor, targets: torch.Tensor, settings: dict, rng: np.random.Generator, noise: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """The augmented batch (N, channels, size, size), values 0 to 1, and its targets (N, classes).

    Noise along the principal components, mixing and random erasing, in this order.
    """
    if settings["pca_noise"] and settings["channels"] == "rgb":
        images = pca_noise(images, settings["pca_noise"], rng)
    images, targets = mixing(settings["mixing"], targets.shape[1])(images, targets, rng)
    return erasing(settings["erasing"])(images, noise), targets


def pca_noise(images: torch.Tensor, std: float, rng: np.random.Generator) -> torch.Tensor:
    """Add to each RGB image (N, 3, height, width), values 0 to 1, a random color along ImageNet's principal components.

    `std` is the standard deviation of the random weights, one per image and component (Krizhevsky et al. 2012). As
    there, values may leave the range from 0 to 1.
    """
    weights = torch.from_numpy(rng.normal(0, std, (len(images), 3)).astype(np.float32)) * EIGENVALUES  # (N, component)
    return images + sent((weights @ EIGENVECTORS.T).to(images.dtype), images.device)[:, :, None, None]


def mixing(settings: dict | None, classes: int) -> Mixing:
    """The function that mixes images (N, channels, height, width) and targets (N, classes) of a batch.

    Targets are shares of the classes, mixed like the pixels: their cross-entropy is the weighted sum of the
    cross-entropies with the targets of the mixed images. `settings` is null, `{method: mixup, alpha}` (Zhang et al.
    2018; needs an even N; it draws from NumPy's global generator and changes the images in place) or `{method: icap,
    beta, probability}`, drawn for every batch. Raises `InputError` for another method.
    """
    if settings is None:
        return lambda images, targets, rng: (images, targets)
    if settings["method"] == "mixup":
        mixup = Mixup(mixup_alpha=settings["alpha"], label_smoothing=0, num_classes=classes, multi_label=True)
        return lambda images, targets, rng: mixup(images, targets)
    if settings["method"] == "icap":

        def mix(images, targets, rng):
            if rng.random() >= settings["probability"]:
                return images, targets
            return icap(images, targets, settings["beta"], rng)

        return mix
    raise InputError(f"mixing: unknown method {settings['method']}; choose mixup or icap, or set mixing: null")


def icap(
    images: torch.Tensor, targets: torch.Tensor, beta: float, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Random image cropping and patching (Takahashi et al. 2018), in which each part keeps its place.

    A point drawn from Beta(beta, beta) in both directions divides all images into four parts; each part comes from
    the batch in another order. Images are (N, channels, height, width), targets (N, classes), mixed by area.
    """
    height, width = images.shape[2:]
    row, column = np.rint(rng.beta(beta, beta, 2) * [height, width]).astype(int).tolist()
    patched, shares = torch.empty_like(images), torch.zeros_like(targets)
    for rows in (slice(0, row), slice(row, height)):
        for columns in (slice(0, column), slice(column, width)):
            order = sent(torch.from_numpy(rng.permutation(len(images))), images.device)
            patched[:, :, rows, columns] = images[:, :, rows, columns][order]
            area = (rows.stop - rows.start) * (columns.stop - columns.start)
            shares += targets[order] * (area / (height * width))
    return patched, shares


def erasing(settings: dict | None) -> Callable[[torch.Tensor, torch.Generator], torch.Tensor]:
    """The function that erases a random rectangle of some images (Zhong et al. 2017), for values from 0 to 1.

    timm's rectangles, drawn from Python's global generator, and uniform noise in them from the function's second
    argument, on the images' device, since timm has only normal noise. With `settings` null nothing is erased.
    """
    if settings is None:
        return lambda images, generator: images
    eraser = RandomErasing(
        probability=settings["probability"],
        min_area=settings["area"][0],
        max_area=settings["area"][1],
        min_aspect=settings["aspect"][0],
        max_aspect=settings["aspect"][1],
        device="cpu",
    )

    def erase(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        kept = eraser(torch.ones(len(images), 1, *images.shape[2:], dtype=torch.bool))
        kept = sent(kept, images.device)
        return torch.where(kept, images, torch.empty_like(images).uniform_(generator=generator))

    return erase
