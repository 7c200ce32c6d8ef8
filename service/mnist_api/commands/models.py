"""`mnist-api models`: the models that a running service has."""

import argparse
import json

from mnist_api.client import Client
from mnist_api.commands.asking import add_url, asking, table_lines
from mnist_api.commands.exits import Exit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add where the service is and how to print."""
    add_url(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, one model a line")


def run(args: argparse.Namespace) -> int:
    """Print them."""
    client: Client = args.client
    return asking(client, lambda: _print(client, as_json=args.json))


def _print(client: Client, *, as_json: bool) -> int:
    models = client.models()
    if as_json:
        lines = [json.dumps(model) for model in models]
    else:
        rows = [("model", "version", "accuracy", "trained")]
        for model in models:
            accuracy = f"{model['holdout']['accuracy']:.2%}"
            rows.append((model["name"], model["version"], accuracy, model["trained_at"][:10]))
        lines = table_lines(rows)
    print("\n".join(lines))
    return Exit.OK
