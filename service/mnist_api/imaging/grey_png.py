"""The file that nearly every request carries, read without a library: a grey PNG of 28x28.

Pillow takes twice as long, most of it to find out what it was given. Only the plainest file is read
here: one IDAT, 8 bits, not interlaced, every checksum right. All others are Pillow's to judge.
Source: the PNG specification, third edition, sections 5 and 9.
"""

import zlib
from struct import pack

import numpy as np
from numpy.typing import NDArray

_SIDE = 28
_LINE = 1 + _SIDE  # a filter's number before each row
_BYTES = _SIDE * _LINE


def _chunk(kind: bytes, content: bytes) -> bytes:
    return pack(">I", len(content)) + kind + content + pack(">I", zlib.crc32(kind + content))


_START = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", pack(">IIBBBBB", _SIDE, _SIDE, 8, 0, 0, 0, 0))
_END = _chunk(b"IEND", b"")
_KIND = len(_START) + 4
_DATA = _KIND + 4


def read_grey_png(data: bytes) -> NDArray[np.uint8] | None:
    """Return the pixels, uint8 (28, 28), or None for what is no such file or damaged."""
    if not (data.startswith(_START) and data.endswith(_END)):
        return None
    end = len(data) - len(_END) - 4
    if data[len(_START) : _DATA] != pack(">I", max(0, end - _DATA)) + b"IDAT":
        return None
    if zlib.crc32(data[_KIND:end]) != int.from_bytes(data[end : end + 4], "big"):
        return None
    lines = _inflated(data[_DATA:end])
    return None if lines is None else _unfiltered(lines)


def _inflated(content: bytes) -> bytes | None:
    inflate = zlib.decompressobj()
    try:
        lines = inflate.decompress(content, _BYTES + 1)
    except zlib.error:
        return None
    whole = len(lines) == _BYTES and inflate.eof and not inflate.unused_data
    return lines if whole else None


def _unfiltered(lines: bytes) -> NDArray[np.uint8] | None:
    filters = lines[::_LINE]
    rows = np.frombuffer(lines, np.uint8).reshape(_SIDE, _LINE)[:, 1:].copy()
    for index, kind in enumerate(filters):
        if kind == 0:  # PERF: most rows, if Pillow wrote the file
            continue
        row = rows[index]
        above = rows[index - 1] if index else np.zeros(_SIDE, np.uint8)
        if kind == 1:
            np.add.accumulate(row, out=row)
        elif kind == 2:
            np.add(row, above, out=row)
        elif kind == 3:
            _undo_average(row, above)
        elif kind == 4:
            _undo_paeth(row, above)
        else:
            return None
    return rows


def _undo_average(row: NDArray[np.uint8], above: NDArray[np.uint8]) -> None:
    left, undone = 0, []
    for value, up in zip(row.tolist(), above.tolist(), strict=True):
        left = (value + (left + up) // 2) & 255
        undone.append(left)
    row[:] = undone


def _undo_paeth(row: NDArray[np.uint8], above: NDArray[np.uint8]) -> None:
    left, corner, undone = 0, 0, []
    for value, up in zip(row.tolist(), above.tolist(), strict=True):
        by_left, by_up, by_corner = (
            abs(up - corner),
            abs(left - corner),
            abs(left + up - 2 * corner),
        )
        if by_left <= by_up and by_left <= by_corner:
            nearest = left
        else:
            nearest = up if by_up <= by_corner else corner
        left, corner = (value + nearest) & 255, up
        undone.append(left)
    row[:] = undone
