"""What an answer depends on, as the key under which it is remembered."""

import hashlib
from collections.abc import Iterable

from mnist_api.imaging.normalise import NORMALISER_VERSION
from mnist_api.models.catalog import Model


def keys_of(models: Iterable[Model], image: bytes) -> dict[str, str]:
    """Return, by model, the key of its answer: other weights or another normaliser, another key.

    Request headers never enter a key; a retrained model never meets its predecessor's answers. The
    picture is its digest's 32 letters (BLAKE2b, which takes 1 us for a small PNG).
    """
    end = f":{NORMALISER_VERSION}:{hashlib.blake2b(image, digest_size=16).hexdigest()}"
    # PERF: a comprehension is a call of its own, up to Python 3.11.
    keys = {}
    for model in models:
        keys[model.name] = model.identity + end
    return keys
