"""Runs one function in a process of its own that has little memory, little time and no secrets.

What others send is read there: a library that crashes, hangs or asks for all memory takes nobody
with it. Run as `python -m telltale.models.onnx_files.limited MODULE:FUNCTION MEMORY_BYTES CPU_S`,
in the folder that the function works in.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from telltale.errors import MissingExtraError, ModelError, TelltaleError
from telltale.models.onnx_files.check import Limits

SAID = "stderr.txt"
REFUSED = "refused.txt"  # in the folder: the error's class, a line end, its message
MAX_WRITTEN_BYTES = 512 * 2**20
MAX_TOLD_CHARS = 400
MAX_REFUSAL_CHARS = 4_000
KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "LANG")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
CRASHED = frozenset({"SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL"})


def run_limited(
    target: str, folder: Path, what: str, limits: Limits, *, preload: Sequence[str] = ()
) -> None:
    """Call a function of telltale, given as "module:function", in a process of its own.

    It is called without arguments in `folder`, reads what it needs there, and leaves its results
    there. The process ends when its time is over, with all that it may have started.

    Args:
        target: The function.
        folder: Where it runs.
        what: What it does, for messages: "reading pump.keras".
        limits: Memory and time.
        preload: Packages that are loaded before memory is limited, if they are installed.

    Raises:
        ModelError: It refused, ran out of memory or time, or crashed.
        MissingExtraError: It needs an optional package that is not installed.
    """
    command = [sys.executable, "-P", "-m", __name__, target]  # the folder is not for modules
    with (folder / SAID).open("wb") as said:
        process = subprocess.Popen(
            [*command, str(limits.memory_bytes), str(limits.cpu_s), *preload],
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
    try:
        code = process.wait(limits.wall_s)
    except subprocess.TimeoutExpired:
        raise ModelError(f"{what} took longer than {limits.wall_s:g} s, and was ended.") from None
    finally:
        _end(process)
    if (folder / REFUSED).exists():
        raise _refusal(folder / REFUSED)
    ended_by = signal.Signals(-code).name if code < 0 else ""
    if ended_by in ("SIGXCPU", "SIGKILL"):
        raise ModelError(f"{what} took more than {limits.cpu_s} s of processor time.")
    if code:
        told = _last_line(folder / SAID)
        how = "crashed" if ended_by in CRASHED else "failed"
        raise ModelError(
            f"{what} {how}, with {limits.memory_bytes // 2**20} MB of memory allowed: {told}"
        )


def _environment(folder: Path) -> dict[str, str]:
    """Return what the process is told: where modules are, and nothing of the server's settings."""
    kept = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    modules = os.pathsep.join(place for place in sys.path if Path(place).is_absolute())
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3"}
    return {**kept, **ONE_THREAD, **quiet, "HOME": str(folder), "PYTHONPATH": modules}


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def _refusal(path: Path) -> TelltaleError:
    with path.open(encoding="utf-8", errors="replace") as file:
        name, _, message = file.read(MAX_REFUSAL_CHARS).partition("\n")
    return MissingExtraError(message) if name == "MissingExtraError" else ModelError(message)


def _last_line(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4_000))
        lines = file.read().decode(errors="replace").split("\n")
    told = [line.strip() for line in lines if line.strip()]
    return told[-1][:MAX_TOLD_CHARS] if told else "it said nothing."


def _limit(memory_bytes: int, cpu_s: int) -> None:
    """Take memory and time away from this process. Where the system has no limits: only time."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ModuleNotFoundError:
        return
    for what, most in (
        (resource.RLIMIT_AS, _used_bytes(resource.getpagesize()) + memory_bytes),
        (resource.RLIMIT_FSIZE, MAX_WRITTEN_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))


def _used_bytes(page_bytes: int) -> int:
    """Return the address space that this process has taken so far; 0 where nobody says."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    except OSError:
        return 0
    return int(pages) * page_bytes


def main(target: str, memory_bytes: str, cpu_s: str, *preload: str) -> int:
    """Load the function, then limit this process, then call it."""
    module, _, name = target.partition(":")
    for package in preload:
        with contextlib.suppress(ImportError):
            importlib.import_module(package)
    try:
        function = getattr(importlib.import_module(module), name)
        _limit(int(memory_bytes), int(cpu_s))
        function()
    except TelltaleError as refused:
        told = f"{type(refused).__name__}\n{refused}"
    except MemoryError:
        told = f"ModelError\nIt needs more than {int(memory_bytes) // 2**20} MB of memory."
    else:
        return 0
    Path(REFUSED).write_text(told, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
