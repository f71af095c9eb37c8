"""The data: what scikit-learn ships, split once and for all, and images made from its 8×8 digits."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.model_selection import train_test_split

Array = NDArray[Any]
SOURCE_SIDE = 8
SOURCE_MAX = 16

BREAST_CANCER = (
    "Breast Cancer Wisconsin (Diagnostic), UCI, as scikit-learn ships it: "
    "455 rows for training, 114 held out (random, by class); classes: 0 malignant, 1 benign"
)
DIGITS = (
    "Optical Recognition of Handwritten Digits, UCI, as scikit-learn ships it (8×8): "
    "1497 images for training, 300 held out (random, by class, so the same writers are in both)"
)


@dataclass
class Split:
    """Rows and labels for training and held out."""

    train_x: Array
    train_y: Array
    test_x: Array
    test_y: Array


def breast_cancer() -> Split:
    """30 real features of a cell nucleus image as float32; 0 malignant, 1 benign."""
    x, y = load_breast_cancer(return_X_y=True)
    return _split(x.astype(np.float32), y, 114)


def digits() -> Split:
    """8×8 digits, 0 to 16, as float32."""
    x, y = load_digits(return_X_y=True)
    return _split(x.reshape(-1, SOURCE_SIDE, SOURCE_SIDE).astype(np.float32), y, 300)


def _split(x: Array, y: Array, held_out: int) -> Split:
    train_x, test_x, train_y, test_y = train_test_split(x, y, test_size=held_out, stratify=y, random_state=1)
    return Split(train_x, train_y, test_x, test_y)


def upscale(small: Array, side: int) -> Array:
    """Digits as [n, side, side] between 0 and 1, with a margin of one twelfth on each side."""
    unit = np.broadcast_to(np.eye(2, dtype=np.float32), (len(small), 2, 2))
    return _resample(small, side, unit, np.zeros((len(small), 2), np.float32))


def augment(rng: np.random.Generator, small: Array, side: int) -> Array:
    """As `upscale`, each turned, stretched, sheared and moved a little."""
    n = len(small)
    angle = rng.uniform(-0.2, 0.2, n)
    shear = rng.uniform(-0.15, 0.15, n)
    stretch = rng.uniform(0.88, 1.12, (n, 2))
    turn = np.stack([np.stack([np.cos(angle), -np.sin(angle)], -1), np.stack([np.sin(angle), np.cos(angle)], -1)], -2)
    slant = np.broadcast_to(np.eye(2), (n, 2, 2)).copy()
    slant[:, 1, 0] = shear
    matrix = turn @ slant * stretch[:, None, :]
    return _resample(small, side, matrix.astype(np.float32), rng.uniform(-0.6, 0.6, (n, 2)).astype(np.float32))


def _resample(small: Array, side: int, matrix: Array, shift: Array) -> Array:
    """Bilinear interpolation of each image at matrix · (pixel − centre) + shift, 0 outside."""
    step = SOURCE_SIDE * 1.2 / side
    axis = (np.arange(side, dtype=np.float32) - (side - 1) / 2) * np.float32(step)
    places = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(1, -1, 2)
    at = places @ matrix.transpose(0, 2, 1) + shift[:, None, :] + np.float32((SOURCE_SIDE - 1) / 2 + 1)
    padded = np.pad(small / np.float32(SOURCE_MAX), ((0, 0), (1, 1), (1, 1)))
    last = padded.shape[1] - 1
    at = np.clip(at, 0, last)
    low = np.minimum(at.astype(np.int64), last - 1)
    row, column = low[..., 0], low[..., 1]
    down, right = (at - low)[..., 0], (at - low)[..., 1]
    image = np.arange(len(small))[:, None]
    upper = padded[image, row, column] * (1 - right) + padded[image, row, column + 1] * right
    lower = padded[image, row + 1, column] * (1 - right) + padded[image, row + 1, column + 1] * right
    return (upper * (1 - down) + lower * down).reshape(-1, side, side)


def colour(rng: np.random.Generator, grey: Array) -> Array:
    """[n, side, side] between 0 and 1 as [n, 3, side, side]: random colours of ground and digit, well apart."""
    n = len(grey)
    ground, ink = np.zeros((2, n, 3), np.float32)
    near = np.ones(n, bool)
    while near.any():
        ground[near], ink[near] = rng.uniform(0, 1, (2, int(near.sum()), 3))
        near = np.linalg.norm(ground - ink, axis=1) < 0.7
    grey = grey[:, None]
    return ground[:, :, None, None] * (1 - grey) + ink[:, :, None, None] * grey


def to_bytes(unit: Array) -> Array:
    """Values between 0 and 1 as bytes."""
    return np.rint(unit * 255).astype(np.uint8)
