"""The whole stack as local processes: starts them, keeps them alive, and stops them in order."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from pathlib import Path

import structlog

from services.common.database.migrate import migrate
from services.common.database.pool import open_pool
from services.common.errors import UnavailableError
from services.common.process.lifecycle import PARENT_PIPE
from services.common.settings import Settings
from services.local.postgres.embedded_postgres import EmbeddedPostgres
from services.local.postgres.socket_folder import make_socket_folder, remove_socket_folder
from services.local.postgres.stop_with_supervisor import StopWithSupervisor
from services.local.stack import service_commands
from services.local.stack.child_process import Child, ChildSpec
from services.local.stack.data_folder import DataFolder
from services.local.stack.key_files import ensure_api_key, ensure_secrets_key
from services.local.stack.log_files import bound_log, last_line
from services.local.stack.ports import base_url, reachable_host, reserve_port
from services.local.stack.readiness import wait_accepting, wait_http, wait_serving
from services.local.stack.service_commands import Endpoints
from services.local.stack.sign_in_link import sign_in_link

GRACE_SECONDS = 5.0
LOG_CHECK_SECONDS = 60.0
CHECK_SECONDS = 1.0
HOPELESS_FAILURES = 5
log = structlog.get_logger()


class Stack:
    """The processes on one data folder, which is held. `start`, then `stop`, once each."""

    def __init__(self, settings: Settings, folder: DataFolder, members: int) -> None:
        self.settings = settings
        self.folder = folder
        self.sign_in_link = ""
        self._members = members
        self._children: dict[str, Child] = {}
        self._processes: dict[str, int] = {}
        self._pipe, self._held_end = os.pipe()
        self._guard = StopWithSupervisor(self._pipe)
        self._sockets: Path | None = None

    async def start(self) -> Endpoints:
        """Returns when every service is ready.

        Raises AlreadyExistsError when the port is taken, UnavailableError when a process keeps dying.
        """
        remove_socket_folder(Path(self.folder.endpoints().get("sockets", "")))
        self.folder.write_processes(self._processes)
        endpoints, postgres = self._lay_out()
        environment = self._environment(endpoints)
        for name in service_commands.WITHOUT_DATABASE:
            self._run(self._service(name, environment))
        if postgres is not None:
            await self._start_postgres(postgres)
        await self._prepare_database(endpoints)
        for name in service_commands.START_ORDER:
            if name not in service_commands.WITHOUT_DATABASE:
                self._run(self._service(name, environment))
        await self._wait_ready(endpoints)
        return endpoints

    async def stop(self) -> None:
        """Stops the services, the gateway first and the database last, each after its calls in flight."""
        for name in service_commands.STOP_ORDER:
            if name == service_commands.POSTGRES:
                self._guard.release()
            if name in self._children:
                await self._children[name].stop(self.settings.drain_seconds + GRACE_SECONDS)
        self.folder.write_processes({})
        if self._sockets is not None:
            remove_socket_folder(self._sockets)
        os.close(self._held_end)
        os.close(self._pipe)

    async def bound_logs(self) -> None:
        """Keeps the log files from growing without end; runs until cancelled."""
        while True:
            await asyncio.sleep(LOG_CHECK_SECONDS)
            for child in self._children.values():
                bound_log(child.spec.log_file)

    def _lay_out(self) -> tuple[Endpoints, EmbeddedPostgres | None]:
        port = reserve_port(self.settings.host, self.settings.port)
        self._sockets = make_socket_folder()
        database = self._sockets / service_commands.POSTGRES
        database.mkdir()
        postgres = None if self.settings.database_url else EmbeddedPostgres(self.folder.path, database)
        endpoints = Endpoints(
            url=base_url(self.settings.host, port),
            host=self.settings.host,
            port=port,
            database_url=postgres.url() if postgres else self.settings.database_url,
            sockets=self._sockets,
            data_dir=self.folder.path,
            secrets_key=ensure_secrets_key(self.folder.secrets_key_file),
        )
        self.folder.write_endpoints(endpoints.summary())
        return endpoints, postgres

    def _environment(self, endpoints: Endpoints) -> dict[str, str]:
        return {**service_commands.environment(endpoints, os.environ), PARENT_PIPE: str(self._pipe)}

    def _service(self, name: str, environment: dict[str, str]) -> ChildSpec:
        return ChildSpec(
            name=name,
            command=service_commands.command(name),
            environment=environment,
            log_file=self.folder.logs / f"{name}.log",
            pass_fds=(self._pipe, self._members),
        )

    async def _start_postgres(self, postgres: EmbeddedPostgres) -> None:
        await asyncio.to_thread(postgres.prepare)
        spec = ChildSpec(
            name=service_commands.POSTGRES,
            command=postgres.command(),
            environment=postgres.environment,
            log_file=self.folder.logs / f"{service_commands.POSTGRES}.log",
            account=postgres.account,
            folder=postgres.cluster,
            stop_signal=signal.SIGINT,
            prepare=lambda: asyncio.to_thread(postgres.prepare),
        )
        self._run(spec)
        await self._patiently(service_commands.POSTGRES, wait_accepting(postgres))

    async def _prepare_database(self, endpoints: Endpoints) -> None:
        await migrate(endpoints.database_url)
        pool = await open_pool(self.settings.model_copy(update={"database_url": endpoints.database_url}), size=1)
        try:
            await ensure_api_key(pool, self.folder.api_key_file)
            self.sign_in_link = await sign_in_link(pool, endpoints.url, self.folder.api_key_file.read_text().strip())
        finally:
            await pool.close()

    async def _wait_ready(self, endpoints: Endpoints) -> None:
        waits = [
            self._patiently(name, wait_serving(endpoints.address(name))) for name in service_commands.GRPC_SERVICES
        ]
        waits.append(
            self._patiently(service_commands.GATEWAY, wait_http(reachable_host(endpoints.host), endpoints.port))
        )
        waits.append(self._patiently(service_commands.WORKER, self._children[service_commands.WORKER].wait_settled()))
        await asyncio.gather(*waits)

    async def _patiently(self, name: str, ready: Coroutine[None, None, None]) -> None:
        """Waits for `ready` as long as the process does not die again and again."""
        child = self._children[name]
        waiting = asyncio.create_task(ready)
        try:
            while not (await asyncio.wait({waiting}, timeout=CHECK_SECONDS))[0]:
                if child.failures >= HOPELESS_FAILURES:
                    raise UnavailableError(f"{name} does not start: {last_line(child.spec.log_file)}")
            await waiting
        finally:
            waiting.cancel()

    def _run(self, spec: ChildSpec) -> None:
        child = self._children[spec.name] = Child(spec, self._on_start)
        child.start()

    def _on_start(self, name: str, pid: int) -> None:
        if name == service_commands.POSTGRES:
            self._guard.watch(pid)
        self._processes[name] = pid
        self.folder.write_processes(self._processes)
