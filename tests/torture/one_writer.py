"""One writer in a process of its own: `python -m tests.torture.one_writer FILE COUNT`. Says what was acknowledged."""

from __future__ import annotations

import sys
import time

from clinical_commander.errors import ClinicalCommanderError
from tests.torture.writers import entry, open_ready


def main() -> int:
    try:
        log = open_ready(sys.argv[1])
        for number in range(int(sys.argv[2])):
            start = time.monotonic_ns()
            event = log.append("bed", entry(f"new-{number}", number))
            said = (event.encounter, event.key, event.seq, event.hash, start, time.monotonic_ns())
            print(*said, flush=True)
    except ClinicalCommanderError:
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
