"""`python -m tests.fuzz TARGET RUNS`: feed one parser inputs that coverage leads to, by atheris.

Whatever is raised besides the error tree ends the run with the input that raised it. The memory is
measured after a tenth of the runs, when all is loaded and every pool has its size, and at the end.
"""

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris
import numpy as np
from PIL import Image

from benchmarks.serving import rss_bytes

# NOTE: atheris keeps the result of every comparison that it traces, and these compare arrays: the
# process would grow by some 1.3 kB with each input, which tracemalloc shows to be such results.
_COMPARES_ARRAYS = [
    f"mnist_api.imaging.{module}"
    for module in ("background", "components", "ink", "light", "normalise")
]

with atheris.instrument_imports(include=["mnist_api"], exclude=_COMPARES_ARRAYS):
    from mnist_api.errors import ApiError
    from mnist_api.http.base64_image import decode_base64
    from mnist_api.http.inputs import BulkLimits, parse_request
    from mnist_api.http.tensors import images_of, read_request
    from mnist_api.imaging.decode import Limits, decode
    from mnist_api.imaging.normalise import normalise
    from tests.support.gunicorn_parser import check_read_alike

_MOST_BYTES = 2048
_MOST_GROWTH = 32 << 20
_TYPES = ("", "application/json", "image/png", "multipart/form-data; boundary=x",
          "application/zip", "application/x-npy", "text/plain")  # fmt: skip


def fuzz_decode(data: bytes) -> None:
    """Any bytes as an image file, to the picture that the models would see."""
    normalise(decode(data, Limits(max_pixels=100_000, max_frames=4)))


def fuzz_base64(data: bytes) -> None:
    """Any text as base64."""
    decode_base64(data.decode("utf-8", "surrogateescape"))


def fuzz_tensors(data: bytes) -> None:
    """Any bytes as an inference request; the first two say where its JSON ends."""
    length = str(int.from_bytes(data[:2], "big")) if data[:1] != b"{" else None
    request, binary = read_request(data[2:] if length else data, length)
    images_of(request, binary, 16)


def fuzz_bodies(data: bytes) -> None:
    """Any bytes as the body of a prediction; the first chooses the media type."""
    kind = _TYPES[data[0] % len(_TYPES)] if data else ""
    parse_request(kind, data[1:], {}, BulkLimits(16, 100_000))


def fuzz_heads(data: bytes) -> None:
    """Any bytes behind the first lines of a request: gunicorn reads the same in what is plain."""
    check_read_alike(b"POST /predict/ HTTP/1.1\r\nHost: a\r\n" + data)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "decode": fuzz_decode,
    "base64": fuzz_base64,
    "tensors": fuzz_tensors,
    "bodies": fuzz_bodies,
    "heads": fuzz_heads,
}


def seeds() -> list[bytes]:
    """Return inputs of every kind that is understood, to begin from."""
    image = Image.fromarray(np.eye(28, dtype=np.uint8) * 200)
    found = [b'{"image":"aGVsbG8="}', b'{"images":["aGVsbG8="],"model":"cnn"}', b"aGVsbG8gd29ybGQ="]
    found.append(
        b'{"inputs":[{"name":"i","shape":[1,2,2],"datatype":"UINT8","data":[[[1,2],[3,4]]]}]}'
    )
    for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"):
        file = io.BytesIO()
        image.save(file, kind)
        found.append(file.getvalue())
    found.append(b"Content-Type: image/png\r\nContent-Length: 3\r\n\r\nabc")
    array = io.BytesIO()
    np.save(array, np.zeros((2, 28, 28), np.uint8))
    return [*found, array.getvalue(), *(b"\1" + seed for seed in found)]


def main() -> None:
    """Run one target so many times."""
    name, runs = sys.argv[1], int(sys.argv[2])
    target, done, settled = TARGETS[name], 0, 0

    def one(data: bytes) -> None:
        nonlocal done, settled
        done += 1
        if done == runs // 10:
            settled = rss_bytes(os.getpid())
        if done == runs:
            grown = rss_bytes(os.getpid()) - settled
            print(f"{name}: {done} inputs, memory {grown / 2**20:+.1f} MB", flush=True)
            assert grown < _MOST_GROWTH, "the memory is not flat"
        with contextlib.suppress(ApiError):
            target(data)

    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(seeds()):
            Path(corpus, str(number)).write_bytes(seed)
        options = [
            f"-runs={runs}",
            f"-max_len={_MOST_BYTES}",
            "-verbosity=0",
            "-print_final_stats=0",
        ]
        atheris.Setup([sys.argv[0], corpus, *options], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
