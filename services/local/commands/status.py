"""`likeness status`: what runs, whether it is ready, and what it weighs."""

from pathlib import Path
from urllib.parse import urlsplit

import psutil
from rich.table import Table

from services.common.grpc.client import is_serving, open_channel
from services.local.commands.console import open_console
from services.local.stack.data_folder import DataFolder
from services.local.stack.readiness import http_healthy
from services.local.stack.service_commands import GATEWAY, GRPC_SERVICES, POSTGRES, START_ORDER

MEGABYTE = 1_000_000


async def print_status(data_dir: Path) -> bool:
    """Prints one line per process; returns whether all are alive and ready."""
    folder = DataFolder(data_dir)
    processes, endpoints = folder.processes(), folder.endpoints()
    if not processes:
        print(f"No stack runs on {data_dir}.")
        return False
    table = Table("process", "pid", "state", "memory", box=None)
    healthy = True
    for name in (POSTGRES, *START_ORDER):
        if name == POSTGRES and name not in processes:
            continue
        state = await _state(name, processes.get(name), endpoints)
        healthy = healthy and state == "ready"
        table.add_row(name, str(processes.get(name, "-")), state, _memory(processes.get(name)))
    open_console().print(table)
    return healthy


async def _state(name: str, pid: int | None, endpoints: dict[str, str]) -> str:
    if pid is None or not psutil.pid_exists(pid):
        return "not running"
    if name in GRPC_SERVICES:
        return "ready" if await _serving(endpoints[name]) else "not ready"
    if name == GATEWAY:
        url = urlsplit(endpoints["url"])
        return "ready" if http_healthy(url.hostname or "", url.port or 80) else "not ready"
    return "ready"


async def _serving(address: str) -> bool:
    channel = open_channel(address)
    try:
        return await is_serving(channel)
    finally:
        await channel.close()


def _memory(pid: int | None) -> str:
    """Proportional set size of the process and what it started, where the system tells it; memory that is shared
    counts once."""
    if pid is None:
        return "-"
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        return f"{sum(_weight(process) for process in family) / MEGABYTE:.0f} MB"
    except psutil.Error:
        return "-"


def _weight(process: psutil.Process) -> int:
    details = process.memory_full_info()
    return int(getattr(details, "pss", details.uss))
