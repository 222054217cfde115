"""The page in, how long a change of its form takes to be answered out: `python -m benchmarks.page [--quick] [--json]`.

Each change is timed inside the page, in the system's Chromium, from the event of the field to the first moment after
the browser has drawn the new answer. Two pages take turns, so that a busy moment of the machine meets both: one of
`commander serve`, and one of a server that computes nothing and returns stored answers of the same size. What the
second takes, no server can be faster than. Budgets stand beside the figures and decide nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, cycle, repeat
from typing import Any, Final
from urllib.parse import urlencode

from benchmarks.timing import Times, processor
from clinical_commander.service.form import DRAWN
from tests.ux.browser import CHROMIUM, chromium, enter, form_of, server
from tests.ux.screenshots import STATES

SIZE: Final = {"width": 1366, "height": 768}
STATE: Final = "massive"
BUDGET_P95_MS: Final = 200.0
BUDGET_P99_MS: Final = 500.0

# One change a line: a field and what is put into it. The values only have to be such that the form takes them.
EDITS: Final[Mapping[str, Sequence[str]]] = {
    "v.spo2": ("84", "86", "93", "97"),
    "v.sbp": ("88", "104", "124", "140"),
    "v.hr": ("76", "98", "122", "134"),
    "v.rr": ("14", "22", "28", "32"),
    "v.estimated_volume_24h": ("5", "40", "120", "300"),
    "v.age": ("34", "58", "71", "80"),
}

# Marks: the event, the request is sent, its first byte, its last byte, the answer is drawn.
TIMED: Final = """([name, value]) => new Promise((done, failed) => {
    const field = document.getElementById('entry').elements[name];
    performance.clearResourceTimings();
    const late = setTimeout(() => failed(new Error('no answer')), 10000);
    document.addEventListener('htmx:after:swap', () => {
        requestAnimationFrame(() => {
            const after = new MessageChannel(); // a task behind the frame that is about to be drawn
            after.port1.onmessage = () => {
                const end = performance.now();
                clearTimeout(late);
                const sent = performance.getEntriesByType('resource').filter(e => e.responseEnd > 0).pop();
                done([start, sent.requestStart, sent.responseStart, sent.responseEnd, end]);
            };
            after.port2.postMessage(0);
        });
    }, {once: true});
    field.value = value;
    const start = performance.now();
    field.dispatchEvent(new Event('change', {bubbles: true}));
})"""


class Stored(BaseHTTPRequestHandler):
    """Answers with what a page answered before, two answers to a form in turn, and computes nothing."""

    protocol_version = "HTTP/1.1"
    answers: dict[tuple[str, str], Iterator[tuple[int, list[tuple[str, str]], bytes]]]

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._answer("POST")

    def _answer(self, method: str) -> None:
        status, headers, body = next(self.answers.get((method, self.path), iter(())), (404, [], b""))
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "date", "server", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: a log line costs time."""


@contextmanager
def stored(address: str, forms: Sequence[Mapping[str, str]], headers: Mapping[str, str]) -> Iterator[str]:
    """A server that returns what the one at `address` answers now: its page, its files, and the answers to two forms.

    The first answer is all of it; the others are what a page lacks that shows the one before.
    """
    source = HTTPConnection(address)

    def kept(method: str, path: str, body: str | None = None) -> tuple[int, list[tuple[str, str]], bytes]:
        source.request(method, path, body, dict(headers) if method == "POST" else {})
        answer = source.getresponse()
        found = answer.status, answer.getheaders(), answer.read()
        assert answer.status == 200, answer.status
        return found

    def answer(form: Mapping[str, str], after: str) -> tuple[tuple[int, list[tuple[str, str]], bytes], str]:
        found = kept("POST", "/", urlencode({**form, DRAWN: after}))
        return found, found[2].decode().split(f'name="{DRAWN}" value="')[1].split('"')[0]

    page = kept("GET", "/")
    first, name = answer(forms[0], "")
    second, name = answer(forms[1], name)
    back, _ = answer(forms[0], name)
    files = {part.split('"')[0] for part in page[2].decode().split('"/static/')[1:]}
    answers = {("GET", "/"): repeat(page), ("POST", "/"): chain([first], cycle([second, back]))}
    answers |= {("GET", f"/static/{name}"): repeat(kept("GET", f"/static/{name}")) for name in files}
    handler = type("Answers", (Stored,), {"answers": answers})
    floor = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=floor.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{floor.server_address[1]}"
    finally:
        floor.shutdown()
        floor.server_close()


def edits(count: int) -> list[tuple[str, str]]:
    """Changes of the form, each of another field than the one before and of another value than the field had."""
    source, held, last = random.Random(0), dict.fromkeys(EDITS, ""), ""
    found = []
    for _ in range(count):
        last = source.choice([name for name in EDITS if name != last])
        held[last] = source.choice([value for value in EDITS[last] if value != held[last]])
        found.append((last, held[last]))
    return found


def measured(count: int) -> dict[str, Any]:
    """The marks of every change, of the page and of the floor under it."""
    facts, region = STATES[STATE]
    with server() as (address, process), chromium() as browser:
        context = browser.new_context(viewport=SIZE)
        page = context.new_page()
        page.goto(f"http://{address}/")
        with page.expect_request(lambda r: r.method == "POST") as asked:
            enter(page, facts, region=region)
        kept = ("content-type", "x-part", "hx-request", "hx-target", "hx-current-url", "hx-trigger", "hx-boosted")
        headers = {name: value for name, value in asked.value.all_headers().items() if name in kept}
        # Forms of a new patient each: what was sent a moment ago would only be answered as sent again.
        new = {**form_of(facts), "region": region}
        forms = [{**new, "v.spo2": value} for value in EDITS["v.spo2"][:2]]
        with stored(address, forms, headers) as beside:
            other = context.new_page()
            other.goto(f"http://{beside}/")
            enter(other, facts, region=region)
            marks: dict[str, list[list[float]]] = {"page": [], "floor": []}
            spent = []
            for number, edit in enumerate(edits(count + 20)):
                before = processor(process.pid)
                for name, where in (("page", page), ("floor", other)):
                    where.bring_to_front()
                    found = where.evaluate(TIMED, list(edit))
                    if number >= 20:  # the first ones warm both
                        marks[name].append(found)
                spent.append(processor(process.pid) - before)
            size = page.evaluate("document.getElementById('answer').outerHTML.length")
            nodes = page.evaluate("document.querySelectorAll('*').length")
            version = browser.version
        context.close()
    return {"marks": marks, "server_cpu": spent[20:], "characters": size, "elements": nodes, "chromium": version}


def rows(found: Mapping[str, Any]) -> list[tuple[str, Times]]:
    """The parts of the way, each with its times in microseconds."""

    def part(name: str, start: int, end: int) -> Times:
        runs = sorted((m[end] - m[start]) * 1000 for m in found["marks"][name])
        return Times(tuple(runs), tuple(runs))

    cpu = tuple(sorted(found["server_cpu"]))
    return [
        ("a change, answered and drawn", part("page", 0, 4)),
        ("  until it is sent", part("page", 0, 1)),
        ("  the server, until its first byte", part("page", 1, 2)),
        ("  until its last byte", part("page", 2, 3)),
        ("  read, put in place and drawn", part("page", 3, 4)),
        ("the same of a stored answer", part("floor", 0, 4)),
        ("  that server, until its first byte", part("floor", 1, 2)),
        ("  read, put in place and drawn", part("floor", 3, 4)),
        ("processor time of the server", Times(cpu, cpu)),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="fewer changes")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    arguments = parser.parse_args()
    if CHROMIUM is None:
        print("benchmarks.page: no chromium on this machine: not measured")
        return 0
    count = 60 if arguments.quick else 500
    found = measured(count)
    table = rows(found)
    if arguments.json:
        figures = {name.strip(): [times.percentile(p) for p in (50, 95, 99)] for name, times in table}
        print(json.dumps({"edits": count, "microseconds_p50_p95_p99": figures}, indent=2))
        return 0
    print(f"\n{count} changes of the form, Chromium {found['chromium']}, {found['elements']} elements on the page")
    print(f"{'':40}{'p50':>12}{'p95':>12}{'p99':>12}")
    for name, times in table:
        print(f"{name:40}" + "".join(f"{times.percentile(p) / 1000:>9.1f} ms" for p in (50, 95, 99)))
    print(f"budget: p95 {BUDGET_P95_MS:g} ms, p99 {BUDGET_P99_MS:g} ms")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.SubprocessError as error:
        sys.exit(f"benchmarks.page: {error}")
