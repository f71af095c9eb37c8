"""Runs programs as processes of their own and measures them.

Nothing but the standard library is imported here and in what imports it: the peak that the kernel reports for a child begins at what its
parent holds when it is started, so the parent stays small.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

T = TypeVar("T")


class Stopped(Exception):
    """A step that has no result. `limit_s` is set if it only took too long."""

    def __init__(self, step: str, why: str, limit_s: float | None = None) -> None:
        super().__init__(f"{step}: {why}")
        self.step = step
        self.why = why
        self.limit_s = limit_s

    def told(self) -> dict[str, Any]:
        return {"step": self.step, "why": self.why, "limit_s": self.limit_s}


@dataclass(frozen=True)
class Process:
    """What a finished process cost."""

    wall_s: float
    cpu_s: float
    """User and system time of all its threads."""
    peak_mb: float
    """Largest resident size, 10^6 bytes."""
    stdout: str


def peak_mb(ru_maxrss: int) -> float:
    """`ru_maxrss` in MB: Linux counts KiB, macOS bytes."""
    return ru_maxrss / 1e6 if sys.platform == "darwin" else ru_maxrss * 1.024 / 1e3


def run(
    step: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    limit_s: float,
    environment: Mapping[str, str],
) -> Process:
    """Runs `command` to its end; its standard error goes to `log`.

    Raises `Stopped` if it fails, is killed, or takes longer than `limit_s`.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    out = log.with_suffix(".out")
    too_slow = threading.Event()
    with log.open("wb") as errors, out.open("wb") as output:
        start = time.perf_counter()
        child = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env={**os.environ, **environment},
            start_new_session=True,
        )

        def end() -> None:
            too_slow.set()
            kill(child.pid)

        timer = threading.Timer(limit_s, end)
        timer.start()
        try:
            _, status, usage = os.wait4(child.pid, 0)
        except BaseException:
            kill(child.pid)
            raise
        finally:
            timer.cancel()
        wall = time.perf_counter() - start
    code = os.waitstatus_to_exitcode(status)
    child.returncode = code  # reaped here, not by `subprocess`
    if too_slow.is_set() and code != 0:
        raise Stopped(step, f"did not finish within {limit_s:.0f} s", limit_s)
    if code == -signal.SIGKILL:
        raise Stopped(step, f"was killed at {peak_mb(usage.ru_maxrss):.0f} MB; memory may have run out")
    if code != 0:
        raise Stopped(step, f"exit status {code}: {last_line(log)} (all of it: {log})")
    return Process(
        wall_s=wall,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mb=peak_mb(usage.ru_maxrss),
        stdout=out.read_text(errors="replace"),
    )


def kill(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it has just ended


def last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else "no message"


def repeat(runs: int, slow_s: float, once: Callable[[], tuple[Process, T]]) -> list[tuple[Process, T]]:
    """`runs` results of `once`, or one if the first took longer than `slow_s`."""
    results = [once()]
    while len(results) < runs and results[0][0].wall_s <= slow_s:
        results.append(once())
    return results


def cost(name: str, processes: Sequence[Process]) -> dict[str, object]:
    """Medians of what processes cost, as figures that begin with `name`."""
    return {
        f"{name}_process_s": round(median(p.wall_s for p in processes), 3),
        f"{name}_cpu_s": round(median(p.cpu_s for p in processes), 3),
        f"{name}_peak_mb": round(median(p.peak_mb for p in processes), 1),
        f"{name}_runs": len(processes),
    }


def accuracy(outputs: list[list[float]] | None, expected: list[list[float]]) -> dict[str, Any] | None:
    """How far outputs are from the float model's, as a share of their span, and whether the largest is the same one."""
    if outputs is None or [len(o) for o in outputs] != [len(e) for e in expected]:
        return None
    worst, same = 0.0, True
    for ours, theirs in zip(outputs, expected, strict=True):
        span = max(theirs) - min(theirs) or 1.0
        worst = max(worst, max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) / span)
        same = same and ours.index(max(ours)) == theirs.index(max(theirs))
    return {"worst_share_of_span": worst, "same_choice": same}
