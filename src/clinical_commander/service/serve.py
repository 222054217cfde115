"""An application and an address in, a running server out. It logs no request, and tells its address once it listens."""

from __future__ import annotations

import gc
import math
import socket
import threading
import time
from collections.abc import Callable

import uvicorn

from clinical_commander.errors import Problem, ServiceError
from clinical_commander.service.guard import App, Receive, Scope, Send

_LOOK = 1.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(app: App, host: str, port: int, tell: Callable[[str], None], idle: float = math.inf) -> None:
    """Serve until interrupted, or until nothing was asked for long enough.

    Args:
        app: The application.
        host: A loopback address: there is no login, so nobody else may reach it.
        port: A port, or 0 for any that is free.
        tell: Takes the address, once it can be opened.
        idle: Seconds without a request after which it stops.

    Raises:
        ServiceError: CC806, not a loopback address; CC807, the port is taken.
    """
    if host not in LOOPBACK:
        mend = f"Write one of {', '.join(LOOPBACK)}."
        raise ServiceError(Problem("CC806", f"`{host}` may be reached from elsewhere, and there is no login.", mend))
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        cause = f"Port {port} of {host} cannot be opened: {error.strerror}."
        raise ServiceError(Problem("CC807", cause, "Choose another one; `--port 0` takes any.")) from None
    listening.listen()
    name = f"[{host}]" if ":" in host else host
    tell(f"http://{name}:{listening.getsockname()[1]}/")
    watched = _Watched(app)
    settings = uvicorn.Config(
        watched, access_log=False, log_level="critical", server_header=False, date_header=False, timeout_keep_alive=5
    )
    # The dossier lives as long as the process: a collection that looks through it again holds an answer up for 0.2 s.
    gc.collect()
    gc.freeze()
    try:
        server = uvicorn.Server(settings)
        if idle < math.inf:
            threading.Thread(target=watched.stop_after, args=(server, idle), daemon=True).start()
        server.run(sockets=[listening])
    finally:
        listening.close()


class _Watched:
    """An application that knows when it was asked last."""

    def __init__(self, app: App) -> None:
        self.app, self.last = app, time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.last = time.monotonic()
        await self.app(scope, receive, send)

    def stop_after(self, server: uvicorn.Server, idle: float) -> None:
        """Stop a server when it was not asked for so many seconds."""
        while time.monotonic() - self.last < idle:
            time.sleep(min(_LOOK, idle))
        server.should_exit = True
