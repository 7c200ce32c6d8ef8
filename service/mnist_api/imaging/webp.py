"""How large a WebP image is, from its header alone.

Pillow makes room for the whole canvas, twice, as soon as it opens a file: 2 GB for one of 64 bytes.
Source: RFC 9649, sections 2.5, 2.6 and 2.7; RFC 6386, section 9.1.
"""

_HEADER_BYTES = 30
_CANVAS_BYTES = 10
_LOSSLESS, _LOSSY = 0x2F, b"\x9d\x01\x2a"
_SIDE_BITS = 14
_SIDE = (1 << _SIDE_BITS) - 1


def webp_pixel_count(data: bytes) -> int:
    """Return width times height as announced; 0 for what is no WebP, or no header of one."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < _HEADER_BYTES:
        return 0
    kind = data[12:16]
    if kind == b"VP8X" and _number(data[16:20]) == _CANVAS_BYTES:
        return (_number(data[24:27]) + 1) * (_number(data[27:30]) + 1)
    if kind == b"VP8L" and data[20] == _LOSSLESS:
        sides = _number(data[21:25])
        return ((sides & _SIDE) + 1) * ((sides >> _SIDE_BITS & _SIDE) + 1)
    if kind == b"VP8 " and data[23:26] == _LOSSY:
        # The two bits above each side ask for scaling, which no decoder of still images does.
        return (_number(data[26:28]) & _SIDE) * (_number(data[28:30]) & _SIDE)
    return 0


def _number(little_endian: bytes) -> int:
    return int.from_bytes(little_endian, "little")
