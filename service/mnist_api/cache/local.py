"""Remembered answers inside the process: bounded in bytes, least recently used out first."""

from collections import OrderedDict

from mnist_api.cache.answer import Answer

# Measured with tracemalloc over 10,000 entries, 562: a key of 105 B, the answer's 32, ten floats'
# 360, the dictionary's slots. Every entry has the same size, so a constant keeps the books.
ENTRY_BYTES = 600
# Places in which keys leave a mark of one byte.
_MARKS = 1 << 14
# Of a key's hash so many bits are used: the place, and what is left there.
_PLACES_AND_MARKS = _MARKS * 256 - 1


class LocalCache:
    """A level of the cache that costs a dictionary look-up.

    Once it is full, an answer is kept when it comes for the second time: pictures that are sent
    only once, as most are, neither push out what is asked for often nor cost the work of it (after
    TinyLFU: Einziger, Friedman and Manes, "TinyLFU: A highly efficient cache admission policy",
    2017).
    """

    def __init__(self, max_bytes: int) -> None:
        self.capacity = max_bytes // ENTRY_BYTES
        """How many answers there is room for."""
        # PERF: a general cache (cachetools) weighs each entry, in Python; these all weigh the same.
        self._answers: OrderedDict[str, Answer] = OrderedDict()
        self._marks = bytearray(_MARKS)

    @property
    def size_bytes(self) -> int:
        """Memory held by the answers, in bytes."""
        return len(self._answers) * ENTRY_BYTES

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, key: str) -> Answer | None:
        """Return the remembered answer, or None."""
        answer = self._answers.get(key)
        if answer is not None:
            self._answers.move_to_end(key)
        return answer

    def put(self, key: str, answer: Answer) -> None:
        """Remember an answer; the oldest goes when there is no room."""
        if len(self._answers) >= self.capacity:
            if not self.capacity:
                return
            # PERF: Python keeps a text's hash; this one was computed to look the key up.
            hashed = hash(key) & _PLACES_AND_MARKS
            # Never 0, which is a place without a mark; one key in 128 is taken for another.
            place, mark = hashed >> 8, hashed & 0xFF | 1
            if self._marks[place] != mark:
                self._marks[place] = mark
                return
        self._answers[key] = answer
        if len(self._answers) > self.capacity:
            self._answers.popitem(last=False)
