import json
import logging
import sys

from mnist_api.logs import JsonFormatter


def record(message: str, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("mnist_api", logging.INFO, "file.py", 1, message, (), None)
    made.__dict__.update(extra)
    return made


def test_a_record_is_one_line_of_json() -> None:
    line = JsonFormatter().format(record("two\nlines", fields={"status": 200}))
    assert "\n" not in line
    entry = json.loads(line)
    assert entry.pop("time").endswith("+00:00")
    assert entry == {"level": "info", "message": "two\nlines", "status": 200}


def test_an_exception_is_a_field() -> None:
    try:
        raise ValueError("reason")
    except ValueError:
        entry = json.loads(JsonFormatter().format(record("failed", exc_info=sys.exc_info())))
    assert entry["exception"].endswith("ValueError: reason")


def test_only_fields_named_as_such_are_logged() -> None:
    assert "secret" not in JsonFormatter().format(record("message", token="secret"))
