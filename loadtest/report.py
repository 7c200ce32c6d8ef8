"""`python -m loadtest.report`: write `docs/performance.md` and its plots from the results."""

import argparse
from pathlib import Path

from loadtest.machine import RESULTS, ROOT
from loadtest.prose import INTRODUCTION
from loadtest.sections import ab, autoscaling, capacity, peers, scaling

SECTIONS = (peers, ab, scaling, capacity, autoscaling)


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.report")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "performance.md")
    options = parser.parse_args()
    options.page.write_text(page(options.results, options.page.parent))


def page(results: Path, docs: Path) -> str:
    """Return the text of a page in the folder `docs`; write its plots beside the results."""
    parts = [INTRODUCTION]
    for each in SECTIONS:
        parts += each.section(results, docs)
    return "\n".join(parts)


if __name__ == "__main__":
    main()
