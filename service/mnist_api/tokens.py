"""Who may use the retraining loop: names and secrets, from a setting or a file."""

import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from mnist_api.environment import variable
from mnist_api.errors import SettingsError
from mnist_api.settings import Settings

# What a lone secret stands for in the audit log.
_NAMELESS = "operator"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
# Visible ASCII, as RFC 6750 has bearer tokens; 16 letters are out of reach of guessing.
_SECRET = re.compile(r"[!-~]{16,512}")


def is_retraining_on(settings: Settings) -> bool:
    """Tell whether the operator wants the retraining loop."""
    return bool(settings.token or settings.token_file)


def read_tokens(settings: Settings) -> Mapping[str, str]:
    """Return the secrets by their bearers' names.

    Raises:
        SettingsError: the file cannot be read, a token is none, two bear one name, or there is no
            store for the loop, or not what reaches it. The message never holds a secret.
    """
    tokens: dict[str, str] = {}
    for line in _lines(settings):
        name, colon, secret = line.partition(":")
        name, secret = (name, secret) if colon else (_NAMELESS, line)
        if not (_NAME.fullmatch(name) and _SECRET.fullmatch(secret)):
            raise SettingsError("a token must be `name:secret` or a secret, of 16 letters or more")
        if name in tokens:
            raise SettingsError(f"two tokens have the name {name}")
        tokens[name] = secret
    if not tokens:
        raise SettingsError(f"{variable('token_file')} has no token in it")
    _check_store(settings.store)
    return tokens


def _check_store(url: str) -> None:
    if not url:
        raise SettingsError(f"with a token, {variable('store')} must say where to keep samples")
    if url.startswith("s3://") and find_spec("obstore") is None:
        raise SettingsError(f"{variable('store')}={url!r} needs pip install 'mnist-api[s3]'")


def _lines(settings: Settings) -> list[str]:
    text = settings.token
    if settings.token_file:
        try:
            text += "\n" + Path(settings.token_file).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not ASCII"
            raise SettingsError(f"cannot read {variable('token_file')}: {reason}") from error
    return [line.strip() for line in text.splitlines() if line.strip()]
