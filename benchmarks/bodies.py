"""What the drivers send: digits as files, and the files as requests."""

import base64
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.stages import on_canvas, png_of
from mnist_api.settings import Settings

JSON = "application/json"
# Rotating bodies, so that neither the branch predictor nor a cache learns one digit by heart. The
# file is read once for each of wrk's threads, before the load begins. A serial number, where it is
# wanted, is eight more letters of base64 behind the picture's end: no two requests are alike, not
# even of two runs of wrk, which begin in different seconds.
_SCRIPT = """
local bodies = {{}}
for line in io.lines("{bodies}") do bodies[#bodies + 1] = line end
local serial, at = os.time() % 1000 * 100000, 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
request = function()
    at = at % #bodies + 1
    local body = bodies[at]
    if {distinct} then
        serial = serial + 1
        body = body .. string.format("%08d\\"}}", serial)
    end
    return wrk.format(nil, nil, nil, body)
end
done = function(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        "\\n{{\\"answers\\":%d,\\"microseconds\\":%d,\\"p99\\":%d,\\"errors\\":%d}}\\n",
        summary.requests, summary.duration, latency:percentile(99),
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


class Call(NamedTuple):
    """One request."""

    method: str
    path: str
    body: bytes = b""
    content_type: str = JSON


def holdout_digits() -> NDArray[np.uint8]:
    """Return the hold-out, uint8 (9500, 28, 28): all different."""
    with np.load(Settings().weights_folder / "digits.npz", allow_pickle=False) as arrays:
        digits: NDArray[np.uint8] = arrays["holdout_images"]
    return digits


def canvas_png(digit: NDArray[np.uint8], side: int) -> bytes:
    """Return a drawn digit, dark on white, as a square PNG of so many pixels."""
    canvas = Image.fromarray(on_canvas(digit)).resize((side, side), Image.Resampling.BICUBIC)
    return png_of(np.asarray(canvas))


def distinct(files: Sequence[bytes], count: int) -> Iterator[bytes]:
    """Yield that many files of which no two are equal, made of a few: decoders stop at IEND."""
    for number, file in zip(range(count), itertools.cycle(files), strict=False):
        yield file + number.to_bytes(4, "big")


def json_body(image: bytes, model: str | None) -> bytes:
    """Return the body of `POST /predict/`."""
    fields = {} if model is None else {"model": model}
    return json.dumps({**fields, "image": base64.b64encode(image).decode()}).encode()


def wrk_script(
    file: Path, images: Iterable[bytes], model: str | None, *, distinct: bool = False
) -> Path:
    """Write a script for wrk that sends the images in turn, and prints what came of it as JSON."""
    # Base64 can go on where it did not have to be padded.
    padded = (image + bytes(-len(image) % 3) for image in images)
    bodies = [json_body(image, model) for image in padded]
    lines = file.with_suffix(".txt")
    lines.write_bytes(b"\n".join(body.removesuffix(b'"}') if distinct else body for body in bodies))
    file.write_text(_SCRIPT.format(bodies=lines, distinct=str(distinct).lower()))
    return file


def vegeta_targets(file: Path, url: str, calls: Iterable[Call]) -> Path:
    """Write the calls as vegeta reads them, which sends them in turn."""
    with file.open("w") as output:
        for call in calls:
            target = {
                "method": call.method,
                "url": url + call.path,
                "body": base64.b64encode(call.body).decode(),
                "header": {"Content-Type": [call.content_type]},
            }
            output.write(json.dumps(target) + "\n")
    return file
