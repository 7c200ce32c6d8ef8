"""What an answer depends on, as the key under which it is remembered."""

import hashlib

from mnist_api.imaging.normalise import NORMALISER_VERSION
from mnist_api.models.catalog import Model


def image_digest(image: bytes) -> str:
    """Return 32 letters that stand for an image file (BLAKE2b: 1 us for a small PNG)."""
    return hashlib.blake2b(image, digest_size=16).hexdigest()


def model_prefix(model: Model) -> str:
    """Return what tells two models, two trainings of one, and two normalisers apart.

    Request headers never enter a key; a retrained model never meets its predecessor's answers.
    """
    return f"{model.name}:{model.entry.version}:{NORMALISER_VERSION}:"
