"""`python -m ... <data folder> <sockets>` prepares the embedded PostgreSQL there, and becomes its server.

A process of its own: where gRPC has threads, a child that is forked to run as another user has been seen to crash.
"""

import os
import sys
from pathlib import Path

from services.local.postgres.embedded_postgres import EmbeddedPostgres


def become(postgres: EmbeddedPostgres) -> None:
    """Replaces this process; the folder is entered first, since the server's account may not pass those above it."""
    postgres.prepare()
    os.chdir(postgres.cluster)
    if postgres.account.user is not None and postgres.account.group is not None:
        os.setgroups([])
        os.setgid(postgres.account.group)
        os.setuid(postgres.account.user)
    command = postgres.command()
    os.execve(command[0], command, postgres.environment)


if __name__ == "__main__":
    become(EmbeddedPostgres(*map(Path, sys.argv[1:])))
