"""An application in, the same behind what every answer of it must have out: headers, limits, and silence about faults.

Written for this one use of HTTP: loopback, forms, no cookies. What it refuses it refuses in one sentence without a word
of what was sent.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST_BYTES: Final = 64 * 1024
FAULT: Final = b"The service has a fault. Do not rely on what the page shows.\n"
_TOO_LARGE: Final = b"The request is too large.\n"
HOSTS: Final = frozenset(("127.0.0.1", "localhost", "::1", "testserver"))
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = (
    (b"content-security-policy", _POLICY.encode()),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)


class Guard:
    """Wraps an application: this machine only, small bodies only, safe headers, no fault that tells of a patient."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                names = {name for name, _ in HEADERS}
                kept = [(n, v) for n, v in message.get("headers", []) if n.lower() not in names]
                message = {**message, "headers": [*kept, *HEADERS]}
            await send(message)

        if refusal := _refused(scope):
            await _answer(guarded, *refusal)
            return
        body = await _body(receive)
        if body is None:
            await _answer(guarded, 413, _TOO_LARGE)
            return
        try:
            await self.app(scope, _replayed(body, receive), guarded)
        except Exception as error:
            print(f"commander: CC804 a fault of the service: {_place(error)}", file=sys.stderr, flush=True)
            if not started:
                await _answer(guarded, 500, FAULT)


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None where it is longer than any form of this page, or where it broke off."""
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            return None
        if not message.get("more_body"):
            return body


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


def _refused(scope: Scope) -> tuple[int, bytes] | None:
    """Why a request is refused before it is read: another name for this machine, another site's form, its length."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    host = headers.get(b"host", "")
    if urlsplit(f"//{host}").hostname not in HOSTS:
        return 400, b"This page answers on its own machine only.\n"
    origin = headers.get(b"origin")
    # "null" is what a browser sends for a form of this page, whose referrer policy keeps its origin back.
    if scope["method"] == "POST" and origin not in (None, "null") and urlsplit(origin).netloc != host:
        return 403, b"Forms of other sites are not taken.\n"
    if scope["method"] == "POST" and headers.get(b"sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return 403, b"Forms of other sites are not taken.\n"
    length = headers.get(b"content-length", "0")
    if not length.isdigit() or int(length) > MOST_BYTES:
        return 413, _TOO_LARGE
    return None


async def _answer(send: Send, status: int, text: bytes) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


def _place(error: Exception) -> str:
    """The kind of a fault and its place. Its message may hold a patient's values."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        place = f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__} at {place}"
