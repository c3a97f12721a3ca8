"""What the services of a local stack are told, and how soon a dead one is started again."""

from pathlib import Path

import pytest

from services.local.stack import service_commands
from services.local.stack.service_commands import Endpoints, environment, restart_delay

ENDPOINTS = Endpoints(
    url="http://127.0.0.1:8000",
    host="127.0.0.1",
    port=8000,
    database_url="postgresql://postgres@/postgres?host=/tmp/likeness-x/postgres",
    sockets=Path("/tmp/likeness-x"),
    data_dir=Path("/data"),
    secrets_key="made at the first start",
)


def test_services_find_each_other_and_the_database() -> None:
    told = environment(ENDPOINTS, {})
    assert told["LIKENESS_INDEX_ADDRESS"] == "unix:/tmp/likeness-x/index.sock"
    assert told["LIKENESS_DATABASE_URL"] == ENDPOINTS.database_url
    assert told["LIKENESS_DATA_DIR"] == "/data"
    assert told["LIKENESS_PORT"] == "8000"


def test_the_operators_variables_reach_the_services_but_cannot_part_them() -> None:
    told = environment(ENDPOINTS, {"OMP_NUM_THREADS": "4", "LIKENESS_INDEX_ADDRESS": "elsewhere:1", "HOME": "/home/me"})
    assert told["OMP_NUM_THREADS"] == "4"
    assert told["HOME"] == "/home/me"
    assert told["LIKENESS_INDEX_ADDRESS"] == ENDPOINTS.address("index")


def test_secrets_are_sealed_with_the_folders_key_unless_the_operator_names_others() -> None:
    assert environment(ENDPOINTS, {})["LIKENESS_SECRETS_KEY"] == "made at the first start"
    assert environment(ENDPOINTS, {"LIKENESS_SECRETS_KEY": "mine"})["LIKENESS_SECRETS_KEY"] == "mine"


def test_the_gateway_stops_first_and_the_database_last() -> None:
    assert service_commands.STOP_ORDER[0] == service_commands.GATEWAY
    assert service_commands.STOP_ORDER[-1] == service_commands.POSTGRES
    assert set(service_commands.STOP_ORDER) == {*service_commands.START_ORDER, service_commands.POSTGRES}


@pytest.mark.parametrize(("failures", "seconds"), [(0, 0.0), (1, 0.0), (2, 0.1), (3, 0.2), (8, 6.4), (9, 10.0)])
def test_restarts_come_at_once_and_then_ever_later(failures: int, seconds: float) -> None:
    assert restart_delay(failures) == pytest.approx(seconds)


def test_restarts_never_wait_longer_than_ten_seconds() -> None:
    assert restart_delay(100_000) == 10.0
