"""Functions and commands in, the time they take out: medians and high percentiles, in microseconds.

Two clocks: what a watch shows, and what the processor spent. On a busy machine the second says more.
"""

from __future__ import annotations

import gc
import resource
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Times:
    """The times of many runs of one thing, in microseconds, sorted: by the watch, and of the processor."""

    runs: tuple[float, ...]
    cpu: tuple[float, ...]

    def percentile(self, p: float) -> float:
        """The time that p percent of the runs stay within."""
        return self.runs[min(len(self.runs) - 1, int(len(self.runs) * p / 100))]

    @property
    def median(self) -> float:
        return self.percentile(50)

    @property
    def cpu_median(self) -> float:
        return self.cpu[len(self.cpu) // 2]


def in_process(functions: Sequence[Callable[[], object]], rounds: int) -> list[Times]:
    """The times of each function. They take turns, so that a busy moment of the machine meets them all."""
    found: list[list[tuple[float, float]]] = [[] for _ in functions]
    for function in functions:  # warm: caches are filled, code is specialised
        for _ in range(20):
            function()
    gc.collect()
    for _ in range(rounds):
        for times, function in zip(found, functions, strict=True):
            start, spent = time.perf_counter_ns(), time.process_time_ns()
            function()
            times.append(((time.perf_counter_ns() - start) / 1000, (time.process_time_ns() - spent) / 1000))
    return list(map(_times, found))


def processes(commands: Sequence[Sequence[str]], rounds: int, env: dict[str, str]) -> list[Times]:
    """The times of whole processes, from start to end, in turns; each is run once before, unmeasured.

    Raises:
        CalledProcessError: A command failed.
    """
    found: list[list[tuple[float, float]]] = [[] for _ in commands]
    for number in range(rounds + 1):
        for times, command in zip(found, commands, strict=True):
            start, spent = time.perf_counter_ns(), _spent_by_children()
            subprocess.run(command, check=True, env=env, stdout=subprocess.DEVNULL)
            if number:
                times.append(((time.perf_counter_ns() - start) / 1000, _spent_by_children() - spent))
    return list(map(_times, found))


def _spent_by_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (usage.ru_utime + usage.ru_stime) * 1_000_000


def _times(pairs: Sequence[tuple[float, float]]) -> Times:
    return Times(tuple(sorted(run for run, _ in pairs)), tuple(sorted(cpu for _, cpu in pairs)))


def processor(pid: int) -> float:
    """The processor time that a process has spent so far, in microseconds; 0 where the system does not tell."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    try:
        return sum(int(thread.read_text(encoding="ascii").split()[0]) for thread in threads) / 1000
    except OSError:
        return 0.0
