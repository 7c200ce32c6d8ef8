"""How the API's description speaks of one call: its forms, its parameters, its errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec

from mnist_api import errors

Schema = Mapping[str, Any]
Structs = tuple[type[msgspec.Struct], ...]
JSON: Final = "application/json"
TEXT: Final[Schema] = {"type": "string"}
FILE: Final[Schema] = {"type": "string", "format": "binary"}


@dataclass(frozen=True, slots=True)
class Body:
    """One form of a body."""

    media_type: str
    schema: "Structs | Schema"
    """The types that it is one of, or a schema where no type reads or writes it."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One part of an address or header that a client chooses."""

    name: str
    where: Literal["path", "query", "header"]
    meaning: str
    schema: Schema


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address."""

    name: str
    summary: str
    tag: str
    answer: Sequence[Body]
    request: Sequence[Body] = ()
    types: Structs = ()
    """Further types that a schema refers to."""
    parameters: Sequence[Parameter] = ()
    failures: Sequence[type[errors.ApiError]] = ()
    """Errors of its own, beside those that any request may meet."""
    links: Mapping[str, str] = field(default_factory=dict)
    """By an operation's name, where in the answer the `name` lies that it can be asked about."""
    statuses: Sequence[str] = ("200",)
    is_secured: bool = False
    """Whether only bearers of a token may ask it."""


Operations = Mapping[str, Mapping[str, Operation]]
"""Operations by method, by address."""
