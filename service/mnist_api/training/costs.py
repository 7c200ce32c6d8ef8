"""What an answer costs: operations, bytes and microseconds."""

from math import prod
from pathlib import Path
from timeit import repeat

from ai_edge_litert.interpreter import Interpreter

from mnist_api.models.catalog import Model
from mnist_api.training.dataset import Images

# So many that they reach over some seconds: a shared machine has slow moments.
_PICTURES, _LOOPS = 100, 300


def microseconds(model: Model, images: Images) -> float:
    """Return the time of one picture: the best of 300 loops, each over 100 pictures."""
    pictures = [image[None] for image in images[:: max(1, len(images) // _PICTURES)][:_PICTURES]]

    def loop() -> None:
        for picture in pictures:
            model.runtime.predict(picture)

    return round(min(repeat(loop, number=1, repeat=_LOOPS)) / len(pictures) * 1e6, 1)


def mflops(content: bytes) -> float:
    """Return the multiplications and additions of one picture's matrix products, in millions."""
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    shapes = {
        tensor["index"]: tensor["shape"].tolist() for tensor in interpreter.get_tensor_details()
    }
    operations = 0
    # NOTE: the interpreter names its operations by an underscored method only; nothing but this
    # figure on the card depends on it.
    for operation in interpreter._get_ops_details():
        kernel = shapes[operation["inputs"][1]] if len(operation["inputs"]) > 1 else []
        output = shapes[operation["outputs"][0]]
        match operation["op_name"]:
            case "CONV_2D":
                operations += prod(output) * prod(kernel[1:])
            case "DEPTHWISE_CONV_2D":
                operations += prod(output) * prod(kernel[1:3])
            case "FULLY_CONNECTED":
                operations += prod(kernel)
    return round(2 * operations / 1e6, 2)


def processor() -> str:
    """Return the processor's name."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(": ")[2]
    return "an unnamed processor"
