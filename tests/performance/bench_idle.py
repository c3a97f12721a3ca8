"""Cold `likeness up` to ready, and the memory of the idle stack: every process of it, shared pages counted once."""

import time
from pathlib import Path

import psutil

from tests.performance.client import temporary_stack
from tests.performance.report import Figure, emit

SETTLE_SECONDS = 10
GIGABYTE = 1e9


def memory_of(process: psutil.Process) -> int:
    """Proportional set size in bytes, where the kernel tells it; else resident size."""
    full = process.memory_full_info()
    return int(getattr(full, "pss", full.rss))


def stack_processes(root: int, data_dir: Path) -> list[psutil.Process]:
    """`likeness up`, its children, and the PostgreSQL of its data folder."""
    family = {process.pid: process for process in psutil.Process(root).children(recursive=True)}
    for process in psutil.process_iter():
        if str(data_dir) in " ".join(process.cmdline() or []):
            family |= {child.pid: child for child in (process, *process.children(recursive=True))}
    return [psutil.Process(root), *(process for pid, process in family.items() if pid != root)]


def role_of(process: psutil.Process) -> str:
    """The module that the process runs, such as services.index.main, or its name."""
    command = process.cmdline()
    return command[command.index("-m") + 1] if "-m" in command else process.name()


def main() -> None:
    """Prints both figures, and the share of each process."""
    with temporary_stack() as stack:
        emit(Figure(name="cold start to ready", value=stack.seconds_to_ready, unit="s", limit=15))
        time.sleep(SETTLE_SECONDS)
        sizes = [(memory_of(p), p) for p in stack_processes(stack.process.pid, stack.data_dir)]
        for size, process in sorted(sizes, key=lambda pair: -pair[0])[:8]:
            emit(Figure(name=f"idle memory of {role_of(process)}", value=size / 1e6, unit="MB"))
        total = sum(size for size, _ in sizes) / GIGABYTE
        emit(Figure(name="idle memory of the stack", value=total, unit="GB", limit=1.2))


if __name__ == "__main__":
    main()
