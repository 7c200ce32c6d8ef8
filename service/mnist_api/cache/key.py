"""What an answer depends on, as the key under which it is remembered."""

import hashlib
from collections.abc import Iterable

from mnist_api.imaging.normalise import NORMALISER_VERSION
from mnist_api.models.catalog import Model


def image_digest(image: bytes) -> str:
    """Return 32 letters that stand for an image file (BLAKE2b: 1 us for a small PNG)."""
    return hashlib.blake2b(image, digest_size=16).hexdigest()


def keys_of(models: Iterable[Model], image: bytes) -> dict[str, str]:
    """Return, by model, the key of its answer: other weights or another normaliser, another key.

    Request headers never enter a key; a retrained model never meets its predecessor's answers.
    """
    end = f":{NORMALISER_VERSION}:{image_digest(image)}"
    return {model.name: model.identity + end for model in models}
