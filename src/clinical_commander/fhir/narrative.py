"""Sentences in, a narrative out; and XHTML in, what a narrative may not hold out (R4, narrative: txt-1).

Text is escaped before it is put into XHTML, so what somebody typed is shown and never run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from html.entities import html5
from typing import Any, Final
from xml.etree import ElementTree

XHTML: Final = "http://www.w3.org/1999/xhtml"
_TAGS: Final = frozenset(
    "div p br span b i em strong small big sub sup tt hr pre code blockquote q cite a img ul ol li dl dt dd table "
    "caption colgroup col thead tbody tfoot tr th td "
    "h1 h2 h3 h4 h5 h6 abbr acronym address bdo dfn ins del kbd samp var".split()
)
_ATTRIBUTES: Final = frozenset(
    "id class title style lang dir href name src alt width height border cellspacing cellpadding align valign colspan "
    "rowspan span abbr scope headers summary start type value cite accesskey tabindex".split()
)
_FORBIDDEN_ADDRESS: Final = re.compile(r"\s*(?!https?:|mailto:|tel:|#|data:image/)[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_ENTITY: Final = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_RUN_STYLE: Final = re.compile(r"url\s*\(|expression\s*\(|@import", re.IGNORECASE)
_DECLARED: Final = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def narrative(lines: Iterable[str], status: str = "generated") -> dict[str, Any]:
    """A FHIR narrative with one paragraph a line."""
    body = "".join(f"<p>{escape(_printable(line), quote=False)}</p>" for line in lines if line)
    return {"status": status, "div": f'<div xmlns="{XHTML}">{body}</div>'}


def faults_of_xhtml(div: str) -> list[str]:
    """What the XHTML of a narrative may not hold, in a few words each."""
    if _DECLARED.search(div):
        return ["a document type"]  # nothing is expanded, so nothing can be read from elsewhere
    try:
        root = _parsed(div)
    except ElementTree.ParseError:
        return ["no well-formed XHTML"]
    found = [] if root.tag == f"{{{XHTML}}}div" else ["no div in the XHTML namespace"]
    for element in root.iter():
        tag = str(element.tag).removeprefix(f"{{{XHTML}}}")
        if tag not in _TAGS:
            found.append("an element that is not basic HTML")
        found += ["an attribute that is not basic HTML" for name in element.attrib if not _is_allowed(name)]
        if any(_FORBIDDEN_ADDRESS.match(element.attrib.get(name, "")) for name in ("href", "src", "cite")):
            found.append("an address that is run and not read")
        if _RUN_STYLE.search(element.attrib.get("style", "")):
            found.append("a style that loads or runs something")
    return found


def visible_text(div: str) -> str:
    """The text that a reader of the narrative sees."""
    try:
        return "".join(_parsed(div).itertext())
    except ElementTree.ParseError:
        return ""


def _parsed(div: str) -> ElementTree.Element:
    """The XHTML as a tree. The named characters of HTML, which XML does not know, are written out first."""
    return ElementTree.fromstring(_ENTITY.sub(_character, div))


def _character(found: re.Match[str]) -> str:
    name = found.group(1)
    return found.group() if name in ("amp", "lt", "gt", "quot", "apos") else html5.get(f"{name};", found.group())


def _is_allowed(name: str) -> bool:
    return name in _ATTRIBUTES or name == "{http://www.w3.org/XML/1998/namespace}lang"


def _printable(text: str) -> str:
    """The text without characters that XML 1.0 cannot hold."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]", "\ufffd", text)
