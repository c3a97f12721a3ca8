"""A real extractor on a unix socket, as a process of its own."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from likeness.extractor.v1 import extractor_pb2 as pb
from likeness.extractor.v1.extractor_service_pb2_grpc import ExtractorServiceStub
from services.common.grpc.client import call, is_serving, open_channel

if TYPE_CHECKING:
    from likeness.extractor.v1.extractor_service_pb2_grpc import ExtractorServiceAsyncStub

SECONDS = 60.0
IMAGE_EXTRACTOR = "image_extractor@v1"
EMBEDDED = "efficientnet_lite2"


class RunningExtractor:
    """A client of the process, and the process itself."""

    def __init__(self, address: str, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.channel = open_channel(address)
        self.stub: ExtractorServiceAsyncStub = ExtractorServiceStub(self.channel)

    async def extract(self, contents: Sequence[bytes], model: str = EMBEDDED) -> list[pb.Extraction]:
        """The extractions of the contents, whose input ids are their positions."""
        inputs = [pb.Input(input_id=str(number), content=content) for number, content in enumerate(contents)]
        return await self.send(pb.ExtractRequest(extractor=IMAGE_EXTRACTOR, model=model, inputs=inputs))

    async def send(self, request: pb.ExtractRequest) -> list[pb.Extraction]:
        """What Extract answers to any request."""
        response = await call(self.stub.Extract, request, seconds=SECONDS)
        return list(response.extractions)

    async def models(self) -> list[pb.Model]:
        """What ListModels answers."""
        response = await call(self.stub.ListModels, pb.ListModelsRequest(), seconds=SECONDS)
        return list(response.models)

    async def until_serving(self) -> None:
        """Waits until the process reports SERVING; fails when it ends instead."""
        while not await is_serving(self.channel):
            assert self.process.returncode is None, "the extractor ended before it served"
            await asyncio.sleep(0.02)

    async def end(self) -> int:
        """SIGTERM, unless it has ended; the exit status."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await self.process.wait()


@asynccontextmanager
async def extractor(models_dir: Path | None = None, **settings: object) -> AsyncIterator[RunningExtractor]:
    """Starts the process and does not wait until it serves; ends it with the block."""
    variables = {f"LIKENESS_{name.upper()}": str(value) for name, value in settings.items()}
    if models_dir is not None:
        variables["LIKENESS_MODELS_DIR"] = str(models_dir)
    with tempfile.TemporaryDirectory(prefix="lkex") as folder:
        address = f"unix:{folder}/extractor.sock"
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.extractor.main",
            env={**os.environ, **variables, "LIKENESS_EXTRACTOR_ADDRESS": address},
            stderr=asyncio.subprocess.PIPE,
        )
        running = RunningExtractor(address, process)
        try:
            yield running
        finally:
            await running.channel.close()
            await running.end()
