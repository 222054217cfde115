"""The templates of the service: what stands in content or was typed is text, never markup."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined


def templates() -> Environment:
    """The templates: all text is escaped, and a name that is not there is a fault."""
    return Environment(
        loader=PackageLoader("clinical_commander.service"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
