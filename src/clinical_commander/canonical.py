"""Plain data in, its one canonical JSON text (RFC 8785, JCS) and SHA-256 out: equal content, equal hash.

A content hash that depended on key order, white space or the way a number is written would name the same dossier twice.
"""

from __future__ import annotations

import math
import re

from clinical_commander.errors import Problem, YamlError

# Beyond it two integers share one double, so a reader in another language would see a different number.
_LARGEST_INTEGER = 2**53
_ESCAPED = re.compile(r'[\x00-\x1f"\\]')
_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def canonical_json(value: object) -> bytes:
    """The canonical JSON text of plain data, in UTF-8.

    Keys stand in the order of their UTF-16 code units, there is no white space, and numbers are written as ECMAScript
    writes them; 1 and 1.0 are the same number and give the same text. Strings are not normalised: JCS forbids it.

    Args:
        value: dict with text keys, list, tuple, str, int of at most 2**53, finite float, bool or None, nested.

    Raises:
        YamlError: CC190, something that JSON cannot hold exactly (NaN, infinity, a larger integer, half a character, a
            key that is not text, a date, a Decimal); the cause says where it stands.

    Source: RFC 8785, sections 3.2.2 (numbers, strings) and 3.2.3 (order of keys).

    >>> canonical_json({"b": [1.0, None], "a": 2e-3})
    b'{"a":0.002,"b":[1,null]}'
    """
    parts: list[str] = []
    try:
        _write(value, parts)
    except _Refused as refused:
        place = "$" + "".join(reversed(refused.steps))
        raise YamlError(Problem("CC190", f"`{place}` is {refused.what}.", refused.mend)) from None
    return "".join(parts).encode()


def content_hash(value: object) -> str:
    """The SHA-256 of the canonical JSON text: 64 lower-case hexadecimal digits.

    Raises:
        YamlError: CC190, as `canonical_json`.
    """
    import hashlib  # here: loading OpenSSL costs 2 ms, and writing JSON does not need it

    return hashlib.sha256(canonical_json(value)).hexdigest()


class _Refused(Exception):
    """What cannot be written; each level adds its step to the path on the way out: the good case pays nothing."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend
        self.steps: list[str] = []


def _write(value: object, parts: list[str]) -> None:
    if isinstance(value, str):
        parts.append(_text(value))
    elif value is None:
        parts.append("null")
    elif isinstance(value, bool):  # before int: bool is a kind of int in Python
        parts.append("true" if value else "false")
    elif isinstance(value, int):
        parts.append(_integer(value))
    elif isinstance(value, float):
        parts.append(_double(value))
    elif isinstance(value, dict):
        _write_object(value, parts)
    elif isinstance(value, (list, tuple)):
        _write_array(value, parts)
    else:
        raise _Refused(
            f"a {type(value).__name__}, which JSON cannot hold", "Write it as text, a number, a list or a map."
        )


def _write_object(value: dict[object, object], parts: list[str]) -> None:
    keys: list[tuple[bytes, str]] = []
    for key in value:
        if not isinstance(key, str):
            raise _Refused(f"a map with the key {key!r}, which is not text", f'Write `"{key}"` in quotes.')
        try:
            # Code units, not code points: an emoji (U+1F602, units D83D DE02) sorts before U+FB33.
            keys.append((key.encode("utf-16-be"), key))
        except UnicodeEncodeError:
            raise _half_a_character() from None
    before = "{"
    for _, key in sorted(keys):
        parts.append(f"{before}{_text(key)}:")
        try:
            _write(value[key], parts)
        except _Refused as refused:
            refused.steps.append(f".{key}")
            raise
        before = ","
    parts.append("}" if keys else "{}")


def _write_array(value: list[object] | tuple[object, ...], parts: list[str]) -> None:
    before = "["
    for index, item in enumerate(value):
        parts.append(before)
        try:
            _write(item, parts)
        except _Refused as refused:
            refused.steps.append(f"[{index}]")
            raise
        before = ","
    parts.append("]" if value else "[]")


def _text(value: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _half_a_character() from None
    # Joined and not formatted: an enumeration of texts would be formatted as its name.
    return '"' + _ESCAPED.sub(_escape, value) + '"'


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    return _SHORT_ESCAPES[character] if character in _SHORT_ESCAPES else f"\\u{ord(character):04x}"


def _half_a_character() -> _Refused:
    return _Refused("text with half of a surrogate pair", "Write the whole character.")


def _integer(value: int) -> str:
    if abs(value) > _LARGEST_INTEGER:
        raise _Refused("an integer beyond 2**53, which a double cannot hold exactly", "Write it as text.")
    # Not str(): an enumeration of integers would print its name.
    return int.__repr__(value)


def _double(value: float) -> str:
    """The number as ECMAScript's Number::toString writes it."""
    if not math.isfinite(value):
        raise _Refused(f"{value}, which JSON cannot hold", "Leave the value out: missing is unknown.")
    if value == 0:
        return "0"  # minus zero too
    # Python and ECMAScript choose the same shortest digits that read back as the same double; only the layout differs.
    mantissa, _, exponent = float.__repr__(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    all_digits = whole + fraction
    digits = all_digits.lstrip("0")
    # value = 0.digits * 10**point
    point = len(whole) + int(exponent or 0) - (len(all_digits) - len(digits))
    digits = digits.rstrip("0")
    sign = "-" if value < 0 else ""
    if len(digits) <= point <= 21:
        return sign + digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{point - 1:+d}"
