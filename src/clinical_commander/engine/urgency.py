"""Priorities and time limits in, the order of what is to be done out: the same on every surface."""

from __future__ import annotations

import math

from clinical_commander.quantity import parse_quantity, unit

PRIORITIES = ("routine", "urgent", "stat")


def minutes(within: str) -> float:
    """A time limit of the content (`2 min`, `4 h`) in minutes; infinite where a step has none: it stands last."""
    if not within:
        return math.inf
    limit = parse_quantity(within)
    assert limit.high is not None  # the loader takes an exact length of time only
    return float(limit.high * unit(limit.unit_text or "min").factor)  # the minute is the base of time


def serves_airway(verb: str, target: str) -> bool:
    """Whether an action keeps the airway open: it acts on the airway, or on how the patient sits or lies."""
    return target == "airway" or verb == "position"


def place(priority: str, limit: float, airway: bool) -> tuple[int, float, bool]:
    """Where a step stands among others: by priority, then by its time limit in minutes, then the airway first.

    Blood in the airway kills before loss of blood does.
    """
    return -PRIORITIES.index(priority), limit, not airway
