"""From an ingest to its parts: each input is read, extracted and let go, and what was made of it is kept."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from services.common.errors import DeadlineError, LikenessError
from services.common.extractors.traits import traits_of
from services.worker.domain import Content, Extracted, Ingest, Part
from services.worker.ingest.extractor_client import ExtractorClient, is_long
from services.worker.ingest.input_choice import Chosen, choose_input
from services.worker.ingest.input_content import Contents
from services.worker.ingest.input_sources import Place, Sources
from services.worker.ingest.memory_budget import Budget, weight_of
from services.worker.ingest.suspects_run_alone import SuspectLock
from services.worker.kit.job_retries import RejectedError, UnansweredError, of_extractor
from services.worker.kit.service_readiness import ServiceReadiness

READINESS_SECONDS = 5.0
BYTES_IN_HAND = 256 * 1024 * 1024
TOO_SLOW = "The file was not processed in time although nothing else was in hand; upload a shorter or smaller one."


class Assembler:
    """Makes the parts of one ingest at a time, for many at once; a suspect has the extractor to itself."""

    def __init__(
        self,
        sources: Sources,
        contents: Contents,
        extractor: ExtractorClient,
        readiness: ServiceReadiness,
        max_blob_bytes: int,
    ) -> None:
        self._sources = sources
        self._contents = contents
        self._extractor = extractor
        self._readiness = readiness
        self._max_blob_bytes = max_blob_bytes
        self._suspect_lock = SuspectLock()
        self._budget = Budget(BYTES_IN_HAND)

    async def make(self, ingest: Ingest) -> Extracted:
        """The parts of all inputs; raises what a failure means for the attempt."""
        started = time.perf_counter()
        places = await self._sources.places(ingest)
        if traits_of(ingest.collection.extractor).extracts:
            contents, parts = await self._extracted(ingest, places)
        else:
            contents, parts = [], [Part(found_in=Content(source=place.source)) for place in places]
        milliseconds = 1000 * (time.perf_counter() - started)
        return Extracted(ingest=ingest, contents=tuple(contents), parts=tuple(parts), milliseconds=milliseconds)

    async def read(self, ingest: Ingest) -> tuple[list[Content], int]:
        """All inputs as they are now, emptied, and the number of places; what is asked for is fetched afresh."""
        places = await self._sources.places(ingest)
        if not traits_of(ingest.collection.extractor).extracts:
            return [], len(places)
        return [await self._read(ingest, chosen) for _, chosen in choose_inputs(ingest, places)], len(places)

    async def _read(self, ingest: Ingest, chosen: Chosen) -> Content:
        async with self._budget.hold(weight_of(chosen, self._max_blob_bytes)):
            afresh = ingest.look == "refetch"
            return (await self._contents.read(ingest.collection.namespace_id, chosen, afresh=afresh)).emptied()

    async def _extracted(self, ingest: Ingest, places: Sequence[Place]) -> tuple[list[Content], list[Part]]:
        contents: list[Content] = []
        parts: list[Part] = []
        for place, chosen in choose_inputs(ingest, places):
            content, found = await self._one(ingest, place, chosen)
            contents.append(content)
            parts += found
        return contents, parts

    async def _one(self, ingest: Ingest, place: Place, chosen: Chosen) -> tuple[Content, Sequence[Part]]:
        namespace_id = ingest.collection.namespace_id
        async with self._budget.hold(weight_of(chosen, self._max_blob_bytes)):
            afresh = ingest.look == "refetch" and not ingest.is_look
            read = await self._contents.read(namespace_id, chosen, afresh=afresh)
            content = read if place.source is None else replace(read, source=place.source)
            parts = await self._extract(ingest, content)
            if any(part.artifacts for part in parts):
                parts = tuple(await asyncio.gather(*(self._contents.keep(namespace_id, part) for part in parts)))
        return content.emptied(), parts

    async def _extract(self, ingest: Ingest, content: Content) -> tuple[Part, ...]:
        async with self._suspect_lock.alone() if ingest.is_suspect else self._suspect_lock.shared():
            await self._readiness.wait(READINESS_SECONDS)
            try:
                return await self._extractor.extract(ingest, content)
            except LikenessError as error:
                if ingest.is_suspect and is_long(content) and isinstance(error, DeadlineError):
                    raise RejectedError("TOO_SLOW", TOO_SLOW) from error
                failure = of_extractor(error)
                if isinstance(failure, UnansweredError):
                    self._readiness.mark_down()
                raise failure from error


def choose_inputs(ingest: Ingest, places: Sequence[Place]) -> list[tuple[Place, Chosen]]:
    """The input of each place. Of several documents some may have none, and a blob that they share counts once."""
    found: list[tuple[Place, Chosen]] = []
    for place in places:
        try:
            chosen = choose_input(ingest.collection, place.blobs, place.fields)
        except RejectedError:
            if len(places) == 1:
                raise
            continue
        if not (chosen in ingest.blobs and chosen in (known for _, known in found)):
            found.append((place, chosen))
    return found
