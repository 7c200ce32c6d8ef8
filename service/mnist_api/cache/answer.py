"""What is remembered: one model's answer to one picture."""

import struct

import msgspec

_FORMAT = struct.Struct("<BB10f")
# The first byte of every stored answer: another layout gets another number, and what bears a number
# that is not known here counts as absent.
_LAYOUT = 1


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What a model said of one picture: the digit, and ten calibrated probabilities."""

    label: int
    probabilities: tuple[float, ...]

    def to_bytes(self) -> bytes:
        """Return 42 bytes for a shared cache."""
        return _FORMAT.pack(_LAYOUT, self.label, *self.probabilities)

    @classmethod
    def from_bytes(cls, stored: bytes) -> "Answer | None":
        """Return a stored answer, or None for what is none of this layout."""
        if len(stored) != _FORMAT.size:
            return None
        layout, label, *probabilities = _FORMAT.unpack(stored)
        if layout != _LAYOUT or label > 9:
            return None
        return cls(label, tuple(probabilities))
