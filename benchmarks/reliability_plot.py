"""Reliability in tenths in, a picture as SVG out: what was forecast against what came true, with 95 % intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

SIDE, GAP, HEAD, COLUMNS = 130, 34, 22, 5
STYLE = (
    "text{font:11px sans-serif;fill:#222}.frame{fill:none;stroke:#999}.even{stroke:#bbb;stroke-dasharray:3 3}"
    ".bar{stroke:#1f5fa8}.dot{fill:#1f5fa8}"
)


def plot(panels: Sequence[tuple[str, Sequence[Mapping[str, Any]]]], title: str) -> str:
    """One panel for each name, five in a row; each bin has `forecast`, `observed`, `low` and `high`."""
    rows = -(-len(panels) // COLUMNS)
    width, height = COLUMNS * (SIDE + GAP) + GAP, rows * (SIDE + GAP + HEAD) + 2 * GAP
    lines = [
        "<!-- Written by python -m benchmarks.evaluate_differential. Do not edit. -->",
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text x="{GAP}" y="18">{escape(title)}</text>',
    ]
    for number, (name, bins) in enumerate(panels):
        left = GAP + number % COLUMNS * (SIDE + GAP)
        top = GAP + HEAD + number // COLUMNS * (SIDE + GAP + HEAD)
        lines += _panel(name, bins, left, top)
    return "\n".join([*lines, "</svg>", ""])


def _panel(name: str, bins: Sequence[Mapping[str, Any]], left: int, top: int) -> list[str]:
    def x(share: float) -> str:
        return f"{left + share * SIDE:.1f}"

    def y(share: float) -> str:
        return f"{top + (1 - share) * SIDE:.1f}"

    lines = [
        f'<text x="{left}" y="{top - 6}">{escape(name)}</text>',
        f'<rect class="frame" x="{left}" y="{top}" width="{SIDE}" height="{SIDE}"/>',
        f'<line class="even" x1="{x(0)}" y1="{y(0)}" x2="{x(1)}" y2="{y(1)}"/>',
        f'<text x="{left - 4}" y="{top + SIDE + 13}">0</text>',
        f'<text x="{left + SIDE - 3}" y="{top + SIDE + 13}">1</text>',
    ]
    for found in bins:
        at = x(found["forecast"])
        lines.append(f'<line class="bar" x1="{at}" y1="{y(found["low"])}" x2="{at}" y2="{y(found["high"])}"/>')
        lines.append(f'<circle class="dot" cx="{at}" cy="{y(found["observed"])}" r="2.5"/>')
    return lines
