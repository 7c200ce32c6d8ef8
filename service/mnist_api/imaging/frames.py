"""Counting a GIF's frames by walking its blocks, without decoding any.

Source: the GIF89a specification, sections 17-26.
"""

_TRAILER, _EXTENSION, _IMAGE = 0x3B, 0x21, 0x2C
_HEADER_BYTES = 13
_IMAGE_DESCRIPTOR_BYTES = 10


def gif_has_more_frames_than(most: int, data: bytes) -> bool:
    """Tell whether a GIF has more than so many frames; stops at the first beyond.

    Raises:
        IndexError: the data ends within a block header.
        ValueError: there is something that is no block.
    """
    frames = 0
    at = _HEADER_BYTES + _colour_table_bytes(data[10])
    while at < len(data) and data[at] != _TRAILER:
        if data[at] == _EXTENSION:
            at = _after_sub_blocks(data, at + 2)
        elif data[at] == _IMAGE:
            frames += 1
            if frames > most:
                return True
            table = _colour_table_bytes(data[at + 9])
            at = _after_sub_blocks(data, at + _IMAGE_DESCRIPTOR_BYTES + table + 1)
        else:
            # Encoders leave stray bytes here and decoders skip them; we do as they do.
            at += 1
    return False


def _colour_table_bytes(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _after_sub_blocks(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1
