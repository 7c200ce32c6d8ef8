"""The settings as operators give them: read from the environment, and told what they may be.

A field `max_body_bytes` of the settings is set by `MNIST_API_MAX_BODY_BYTES`.
"""

import difflib
import os
import re
from collections.abc import Mapping
from typing import get_args, get_type_hints

import msgspec
from msgspec import Meta

from mnist_api.errors import SettingsError
from mnist_api.settings import Settings

PREFIX = "MNIST_API_"

# Kubernetes injects MNIST_API_SERVICE_HOST, MNIST_API_PORT=tcp://... and the like into every pod
# beside a Service called mnist-api. They are no settings of ours, which is also why the address
# to listen on is called BIND and not PORT.
_SERVICE_LINK = re.compile(r"MNIST_API_(SERVICE_HOST|SERVICE_PORT|PORT)(_.*)?")

_TEXT = "text"


def variable(field: str) -> str:
    """Return the environment variable that sets a field."""
    return PREFIX + field.upper()


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: a value is not allowed, or a variable with our prefix names no setting.
    """
    known = {variable(field): field for field in Settings.__struct_fields__}
    given: dict[str, str] = {}
    for name, value in environ.items():
        if not name.startswith(PREFIX) or _SERVICE_LINK.fullmatch(name):
            continue
        if name not in known:
            close = difflib.get_close_matches(
                name.removeprefix(PREFIX).lower(), known.values(), n=1
            )
            hint = f"; did you mean {variable(close[0])}?" if close else ""
            raise SettingsError(f"{name} is not a setting{hint}")
        given[known[name]] = value
    try:
        return msgspec.convert(given, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(_explain(str(error), given)) from error


def _explain(message: str, given: Mapping[str, str]) -> str:
    """Turn msgspec's "Expected ... - at `$.field`" into a sentence that names the variable."""
    expected, _, path = message.partition(" - at `$.")
    field = path.rstrip("`")
    kind, meta = get_args(get_type_hints(Settings, include_extras=True)[field])
    allowed = _allowed(kind, meta)
    if allowed == _TEXT:
        allowed = meta.description.partition(". ")[0].rstrip(".")
    return (
        f"{variable(field)}={given[field]!r} is not allowed: "
        f"{expected[:1].lower()}{expected[1:]} (allowed: {allowed})"
    )


def traces_endpoint(environ: Mapping[str, str]) -> str | None:
    """Return where traces go, or None: by OpenTelemetry's own variables, which are no settings."""
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    if environ.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
        return None
    names = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    return next((environ[name] for name in names if environ.get(name)), None)


def settings_table() -> str:
    """Return the settings as a Markdown table, for the README and the command line."""
    hints = get_type_hints(Settings, include_extras=True)
    lines = ["| variable | default | allowed | meaning |", "|---|---|---|---|"]
    for field in msgspec.structs.fields(Settings):
        kind, meta = get_args(hints[field.name])
        default = msgspec.json.encode(field.default).decode().strip('"')
        unit = (meta.extra or {}).get("unit", "")
        lines.append(
            f"| `{variable(field.name)}` | {f'`{default}`' if default else ''} {unit}".rstrip()
            + f" | {_allowed(kind, meta)} | {meta.description} |"
        )
    return "\n".join(lines) + "\n"


def _allowed(kind: object, meta: Meta) -> str:
    if kind is bool:
        return "`true`, `false`"
    if kind in (int, float):
        return f"{meta.ge} to {meta.le}"
    return ", ".join(f"`{choice}`" for choice in get_args(kind)) or _TEXT
