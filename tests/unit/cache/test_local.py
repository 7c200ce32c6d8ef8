from mnist_api.cache.local import ENTRY_BYTES, Answer, LocalCache

THREE = Answer(3, (0.1,) * 10)


def test_what_was_put_is_found() -> None:
    cache = LocalCache(10 * ENTRY_BYTES)
    cache.put("key", THREE)
    assert cache.get("key") is THREE
    assert cache.get("other") is None


def test_the_least_recently_used_answer_goes_first() -> None:
    cache = LocalCache(2 * ENTRY_BYTES)
    cache.put("a", THREE)
    cache.put("", THREE)
    cache.get("a")
    cache.put("c", THREE)
    cache.put("c", THREE)
    assert cache.get("") is None
    assert cache.get("a") is THREE


def test_what_comes_once_pushes_nothing_out() -> None:
    cache = LocalCache(10 * ENTRY_BYTES)
    for number in range(10):
        cache.put(f"often {number}", THREE)
    for number in range(300):
        cache.put(f"once {number}", THREE)
    kept = sum(cache.get(f"often {number}") is THREE for number in range(10))
    assert kept >= 7  # marks of one byte may mistake one key for another


def test_what_comes_again_finds_room() -> None:
    cache = LocalCache(2 * ENTRY_BYTES)
    for key in ("a", "b", "c", "c"):
        cache.put(key, THREE)
    assert cache.get("c") is THREE


def test_memory_stays_within_its_bound() -> None:
    cache = LocalCache(100 * ENTRY_BYTES)
    for number in range(1000):
        cache.put(str(number), THREE)
    assert cache.size_bytes == 100 * ENTRY_BYTES


def test_without_memory_nothing_is_remembered() -> None:
    cache = LocalCache(0)
    cache.put("key", THREE)
    assert cache.get("key") is None
