"""What a killed PostgreSQL leaves behind: orphaned backends, and a pid file whose pid may be someone else by now."""

import signal
from pathlib import Path

import psutil
import structlog

PROGRAM = "postgres"
SHUTDOWN_SECONDS = 30.0
KILL_SECONDS = 5.0
log = structlog.get_logger()


def clear_leftovers(cluster: Path) -> None:
    """Ends every PostgreSQL process of this cluster and removes its pid file, so that a new server can start.

    Call it only while no other supervisor can run on the same data. Blocks until the processes have ended.
    """
    processes = processes_of(cluster)
    if processes:
        log.warning("ending left-over postgres processes", pids=[process.pid for process in processes])
    pid = recorded_pid(cluster)
    postmaster = [process for process in processes if process.pid == pid]
    for process in postmaster:
        process.send_signal(signal.SIGINT)
    # Without a postmaster the backends' shared memory is lost anyway: the next start recovers from the log.
    _, alive = psutil.wait_procs(processes, timeout=SHUTDOWN_SECONDS if postmaster else 0.0)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=KILL_SECONDS)
    (cluster / "postmaster.pid").unlink(missing_ok=True)


def recorded_pid(cluster: Path) -> int | None:
    """The pid in the cluster's pid file; None when there is no such file or it is damaged."""
    try:
        return int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def processes_of(cluster: Path) -> list[psutil.Process]:
    """The live PostgreSQL processes of this cluster: each has its folder as working directory."""
    folder = str(cluster.resolve())
    return [process for process in psutil.process_iter(["name"]) if _belongs(process, folder)]


def _belongs(process: psutil.Process, folder: str) -> bool:
    try:
        return process.name() == PROGRAM and process.cwd() == folder
    except psutil.Error:
        return False
