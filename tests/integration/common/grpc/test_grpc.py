"""What every service promises over gRPC: health, request ids, deadlines passed on, errors, graceful drain."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from likeness.extractor.v1 import extractor_service_pb2_grpc as rpc
from likeness.extractor.v1.extractor_pb2 import ExtractRequest, ExtractResponse, ListModelsRequest, ListModelsResponse
from services.common.errors import DeadlineError, InternalError, NotFoundError, UnavailableError
from services.common.grpc import deadlines
from services.common.grpc.client import call, is_serving, open_channel
from services.common.grpc.server import GrpcServer
from services.common.process.logs import bind_request, current_request_id

NAME = "likeness.extractor.v1.ExtractorService"
Answer = Callable[[ListModelsRequest], Awaitable[ListModelsResponse]]


class Servicer(rpc.ExtractorServiceServicer):
    """Answers ListModels with whatever the test wants."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    async def ListModels(self, request: ListModelsRequest, context: object) -> ListModelsResponse:  # noqa: N802
        return await self.answer(request)

    async def Extract(self, request: ExtractRequest, context: object) -> ExtractResponse:  # noqa: N802
        raise NotImplementedError


@asynccontextmanager
async def serving(tmp_path: Path, answer: Answer) -> AsyncIterator[tuple[GrpcServer, grpc.aio.Channel]]:
    address = f"unix:{tmp_path}/s"
    server = GrpcServer(address, [NAME])
    rpc.add_ExtractorServiceServicer_to_server(Servicer(answer), server.server)
    await server.start()
    await server.ready()
    async with open_channel(address) as channel:
        yield server, channel
    await server.stop(1)


async def ask(channel: grpc.aio.Channel, seconds: float = 5) -> ListModelsResponse:
    return await call(rpc.ExtractorServiceStub(channel).ListModels, ListModelsRequest(), seconds=seconds)


async def test_the_request_id_reaches_the_server(tmp_path: Path) -> None:
    seen: list[str] = []

    async def answer(_: ListModelsRequest) -> ListModelsResponse:
        seen.append(current_request_id())
        return ListModelsResponse()

    async with serving(tmp_path, answer) as (_, channel):
        bind_request("req_from_gateway")
        await ask(channel)
    assert seen == ["req_from_gateway"]


async def test_the_deadline_shrinks_on_the_way(tmp_path: Path) -> None:
    seen: list[float] = []

    async def answer(_: ListModelsRequest) -> ListModelsResponse:
        seen.append(deadlines.remaining(1000))
        return ListModelsResponse()

    async with serving(tmp_path, answer) as (_, channel):
        await ask(channel, seconds=20)
    # gRPC rounds a deadline up on the wire, to about one part in a hundred.
    assert 0 < seen[0] < 21


async def test_a_call_past_its_deadline_ends(tmp_path: Path) -> None:
    async def answer(_: ListModelsRequest) -> ListModelsResponse:
        await asyncio.sleep(60)
        return ListModelsResponse()

    async with serving(tmp_path, answer) as (_, channel):
        with pytest.raises(DeadlineError):
            await ask(channel, seconds=0.1)


async def test_a_service_that_is_away_is_named_without_its_address(tmp_path: Path) -> None:
    async with open_channel(f"unix:{tmp_path}/nobody") as channel:
        with pytest.raises(UnavailableError) as caught:
            await ask(channel, seconds=2)
    assert caught.value.message == "The extractor service does not answer; try again in a moment."


async def test_an_error_arrives_as_it_was_raised(tmp_path: Path) -> None:
    async def answer(_: ListModelsRequest) -> ListModelsResponse:
        raise NotFoundError.of("collection", "col_x")

    async with serving(tmp_path, answer) as (_, channel):
        with pytest.raises(NotFoundError, match="col_x") as caught:
            await ask(channel)
    assert dict(caught.value.details) == {"resource": "collection", "id": "col_x"}


async def test_a_fault_of_ours_does_not_show_its_insides(tmp_path: Path) -> None:
    async def answer(_: ListModelsRequest) -> ListModelsResponse:
        raise ZeroDivisionError("secret detail")

    async with serving(tmp_path, answer) as (_, channel):
        with pytest.raises(InternalError) as caught:
            await ask(channel)
    assert "ZeroDivisionError" in caught.value.message
    assert "secret" not in caught.value.message


async def test_health_follows_the_life_of_the_server(tmp_path: Path) -> None:
    address = f"unix:{tmp_path}/s"
    server = GrpcServer(address, [NAME])
    async with open_channel(address) as channel:
        await server.start()
        assert not await is_serving(channel)
        await server.ready()
        assert await is_serving(channel)
        await server.stop(0)
        assert not await is_serving(channel)


async def test_calls_in_flight_end_well_when_the_server_drains(tmp_path: Path) -> None:
    entered = asyncio.Event()

    async def answer(_: ListModelsRequest) -> ListModelsResponse:
        entered.set()
        await asyncio.sleep(0.3)
        return ListModelsResponse()

    async with serving(tmp_path, answer) as (server, channel):
        in_flight = asyncio.ensure_future(ask(channel))
        await entered.wait()
        await server.stop(5)
        assert isinstance(await in_flight, ListModelsResponse)
        with pytest.raises(UnavailableError):
            await ask(channel, seconds=2)


async def test_reflection_lists_the_service(tmp_path: Path) -> None:
    async def answer(_: ListModelsRequest) -> ListModelsResponse:
        return ListModelsResponse()

    async with serving(tmp_path, answer) as (_, channel):
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        stream = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
        async for reply in stream:
            names = {service.name for service in reply.list_services_response.service}
            break
    assert {NAME, "grpc.health.v1.Health"} <= names
