"""Where output goes: the width of the terminal, whether it has colours and which characters, and JSON."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Final

USUAL_WIDTH: Final = 100
WIDEST: Final = 120


def is_unicode() -> bool:
    """Whether standard output takes more than ASCII."""
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")


def has_colour() -> bool:
    """Whether to use colours: on a terminal that wants them (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width(wanted: int | None = None) -> int:
    """Columns for text: what was asked for, else those of the terminal up to 120, else 100."""
    if wanted is not None:
        return wanted
    try:
        return min(os.get_terminal_size(sys.stdout.fileno()).columns, WIDEST) if sys.stdout.isatty() else USUAL_WIDTH
    except (OSError, ValueError):
        return USUAL_WIDTH


def print_json(value: Any) -> None:
    """One JSON value for a program, readable for people."""
    print(json.dumps(value, ensure_ascii=not is_unicode(), indent=2, allow_nan=False))


def print_text(text: str) -> None:
    """Text whose every character this output can show."""
    encoding = sys.stdout.encoding or "ascii"
    print(text if is_unicode() else text.encode(encoding, "replace").decode(encoding), end="")
