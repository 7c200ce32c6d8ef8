"""How large a PNG image is, from its first bytes alone.

Source: the PNG specification, third edition, sections 5.2 and 11.2.1.
"""

PNG_HEADER_BYTES = 24
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png_pixel_count(data: bytes) -> int:
    """Return width times height as announced; 0 for what is no PNG, or not enough of one."""
    if not data.startswith(_SIGNATURE):
        return 0
    return int.from_bytes(data[16:20], "big") * int.from_bytes(data[20:24], "big")
