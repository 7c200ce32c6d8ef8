"""The exit codes of `mnist-api`, as sysexits.h numbers them."""

from enum import IntEnum


class Exit(IntEnum):
    """What a script can tell an outcome by; the greatest wins where several apply."""

    OK = 0, "done"
    USAGE = 2, "the command line is not understood"
    DATA = 65, "the service refused a picture or a model's name, or no plan keeps the p99"
    NO_INPUT = 66, "a file cannot be read"
    UNAVAILABLE = 69, "nobody answers at the address"
    SOFTWARE = 70, "the service failed, or what answers is not mnist-api"
    OUTPUT = 74, "the output cannot be written"
    TRY_LATER = 75, "the service stayed overloaded for as long as we waited"
    CONFIGURATION = 78, "a setting or the model files are wrong"
    INTERRUPTED = 130, "stopped by Ctrl-C"

    meaning: str

    def __new__(cls, code: int, meaning: str) -> "Exit":
        """Make a number with a sentence."""
        made = int.__new__(cls, code)
        made._value_ = code
        made.meaning = meaning
        return made


def exit_code_help() -> str:
    """Return the list of the codes, for `--help`."""
    return "exit codes:\n" + "\n".join(f"  {code.value:<4} {code.meaning}" for code in Exit)
