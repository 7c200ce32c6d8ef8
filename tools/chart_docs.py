"""Writes what the chart says about its values from the places where it is said first.

`values.yaml` documents every value in a comment that begins with `# --`; `settings.py` types every
setting. From them come the descriptions and the `settings` of `values.schema.json`, and the table
in the chart's README. `--check` changes nothing and fails where a file would change.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import yaml

from mnist_api.settings import Settings

CHART = Path(__file__).resolve().parents[1] / "charts" / "mnist-api"
# The chart decides these itself: the port and the weights belong to the image, the drain time must
# fit the grace period, memcached and its address come and go together, and so do the retraining
# loop and what it needs: a token in a ConfigMap would be none.
OWNED_BY_CHART = (
    "bind", "weights", "graceful_timeout_seconds", "memcached", "hint",
    "token", "token_file", "store", "job_template",
)  # fmt: skip
_BEGIN, _END = "<!-- values: tools/chart_docs.py -->\n", "<!-- end of values -->\n"


class Value(NamedTuple):
    """One documented value."""

    path: tuple[str, ...]
    default: Any
    meaning: str


def read_values(text: str) -> list[Value]:
    """Return the values of a `values.yaml`, in its order.

    Raises:
        ValueError: a value has no comment.
    """
    root = yaml.compose(text)
    assert isinstance(root, yaml.MappingNode)  # noqa: S101
    return list(_documented(root, text.splitlines(), ()))


def _documented(node: yaml.MappingNode, lines: list[str], path: tuple[str, ...]) -> Iterator[Value]:
    for key, value in node.value:
        here = (*path, key.value)
        meaning = _comment_above(lines, key.start_mark.line)
        if meaning:
            yield Value(here, yaml.safe_load(yaml.serialize(value)), meaning)
        elif isinstance(value, yaml.MappingNode) and value.value:
            yield from _documented(value, lines, here)
        else:
            raise ValueError(f"{'.'.join(here)} has no comment in values.yaml")


def _comment_above(lines: list[str], line: int) -> str:
    comment: list[str] = []
    while line > 0 and (match := re.fullmatch(r" *# (--)? ?(.*)", lines[line - 1])):
        comment.insert(0, match[2])
        if match[1]:
            return " ".join(comment)
        line -= 1
    return ""


def values_table(values: list[Value]) -> str:
    """Return the values as a Markdown table."""
    rows = ["| value | default | meaning |", "|---|---|---|"]
    for value in values:
        default = json.dumps(value.default)
        shown = f"`{default}`" if len(default) < 48 else "see `values.yaml`"
        rows.append(f"| `{'.'.join(value.path)}` | {shown} | {value.meaning} |")
    return "\n".join(rows) + "\n"


def settings_schema() -> dict[str, Any]:
    """Return the JSON schema of the `settings` value: every setting that the chart does not own."""
    schema = msgspec.json.schema(Settings)["$defs"]["Settings"]
    properties = {
        name: {key: value for key, value in rule.items() if key not in {"default", "unit"}}
        for name, rule in schema["properties"].items()
        if name not in OWNED_BY_CHART
    }
    return {"type": "object", "additionalProperties": False, "properties": properties}


def described_schema(schema: dict[str, Any], values: list[Value]) -> dict[str, Any]:
    """Return the schema with the settings and every value's description filled in."""
    schema["properties"]["settings"] = settings_schema()
    for value in values:
        node = schema
        for name in value.path:
            # What several values share (`$ref`) is described where it is referred to, not inside.
            if "properties" not in node:
                break
            node = node["properties"][name]
        else:
            node["description"] = value.meaning
    return schema


def generated() -> dict[Path, str]:
    """Return the text of every file this writes."""
    values = read_values((CHART / "values.yaml").read_text())
    schema, readme = CHART / "values.schema.json", CHART / "README.md"
    before, _, rest = readme.read_text().partition(_BEGIN)
    after = rest.partition(_END)[2]
    described = described_schema(json.loads(schema.read_text()), values)
    return {
        schema: json.dumps(described, indent=2) + "\n",
        readme: before + _BEGIN + values_table(values) + _END + after,
    }


def main() -> int:
    """Write the files, or with `--check` name those that are out of date."""
    stale = {path: text for path, text in generated().items() if path.read_text() != text}
    for path, text in stale.items():
        if "--check" not in sys.argv:
            path.write_text(text)
        sys.stdout.write(f"{path.name}\n")
    return int(bool(stale) and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
