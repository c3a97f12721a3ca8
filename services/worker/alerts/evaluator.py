"""Looking at alerts whose turn it is."""

import asyncio
import time
from collections.abc import Sequence

import structlog

from services.common.database.pool import Pool
from services.common.errors import LikenessError, ResourceExhaustedError, UnavailableError
from services.worker.alerts.claims import Claims
from services.worker.alerts.conclude_evaluation import Conclusion, Outcome, conclude, conclude_documents
from services.worker.alerts.conditions import holds
from services.worker.alerts.new_documents import AT_ONCE, Documents, Waiting
from services.worker.alerts.search import MOST_MATCHES, Asker
from services.worker.alerts.system_conditions import measure
from services.worker.alerts.watched_alert import Found, Watch
from services.worker.kit.database_outages import is_outage

NOT_NOW_SECONDS = 5.0
LONGEST_ERROR = 2000
FETCH = "FETCH_"
log = structlog.get_logger()


class Evaluator:
    """Looks at alerts, each of them alone; what cannot be known now is looked at later and changes nothing."""

    def __init__(self, pool: Pool, claims: Claims, asker: Asker, documents: Documents) -> None:
        self._pool = pool
        self.claims = claims
        self._asker = asker
        self._documents = documents

    async def step(self) -> bool:
        """Looks at the alert that has been due for longest; False when none is."""
        watch = await self.claims.next()
        if watch is not None:
            await self.look_at(watch)
        return watch is not None

    async def look_at(self, watch: Watch, *, on_demand: bool = False) -> Conclusion | None:
        """What came of it; None when it cannot be known now, or is not this worker's to say any more."""
        try:
            async with self.claims.kept(watch):
                outcome = await self._turn(watch, on_demand=on_demand)
        except Exception as error:
            if not _passes_by(error):
                raise
            log.info("alert waits", alert_id=watch.alert_id, error=str(error))
            await self.claims.give_back(watch, NOT_NOW_SECONDS)
            return None
        return None if outcome is None else await conclude(self._pool, watch, outcome)

    async def _turn(self, watch: Watch, *, on_demand: bool) -> Outcome | None:
        """First the new documents that wait, then what the alert's own inputs give; None when the turn is over.

        An alert that lacks inputs which collections map to their new documents is asked about those alone,
        unless somebody demands it.
        """
        waiting = await self._documents.waiting(watch)
        if waiting:
            await conclude_documents(self._pool, watch, await self._asked(watch, waiting))
        if len(waiting) == AT_ONCE:
            await self.claims.give_back(watch, 0.0)
            return None
        if not on_demand and await self._documents.are_needed(watch):
            await self.claims.give_back(watch)
            return None
        return await self._outcome(watch)

    async def _outcome(self, watch: Watch) -> Outcome:
        """What the alert's own inputs give."""
        started = time.perf_counter()
        try:
            found = await self._find(watch)
        except Exception as error:
            return Outcome(error=_reason(watch, error), duration_ms=_milliseconds(started))
        return Outcome(found=found, holds=holds(watch, found), duration_ms=_milliseconds(started))

    async def _find(self, watch: Watch) -> Found:
        if watch.source == "system":
            return await measure(self._pool, watch)
        return await self._asker.ask(watch, watch.inputs)

    async def _asked(self, watch: Watch, waiting: Sequence[Waiting]) -> Outcome:
        """One outcome for several new documents: it holds when it does for any of them."""
        started = time.perf_counter()
        answers = await asyncio.gather(*(self._about(watch, document) for document in waiting))
        pairs = zip(waiting, answers, strict=True)
        arrived = {new.document_id: found for new, found in pairs if isinstance(found, Found) and holds(watch, found)}
        good = list(arrived.values())
        errors = [answer for answer in answers if isinstance(answer, str)]
        found = Found(
            count=sum(answer.count for answer in good),
            collection_id=next((answer.collection_id for answer in answers if isinstance(answer, Found)), ""),
            matches=tuple(match for answer in good for match in answer.matches)[:MOST_MATCHES],
            source_documents=tuple(document.document_id for document in waiting),
            arrived=tuple(arrived),
        )
        error = errors[0] if errors and not good else None
        return Outcome(found=found, holds=bool(good), error=error, duration_ms=_milliseconds(started))

    async def _about(self, watch: Watch, document: Waiting) -> Found | str | None:
        """What the retriever finds for a document, or why it cannot be asked; None where there is nothing to ask."""
        if document.fields is None or document.mappings is None:
            return None
        try:
            return await self._asker.ask(watch, watch.inputs | await self._documents.inputs(document))
        except Exception as error:
            return _reason(watch, error)


def _reason(watch: Watch, error: Exception) -> str:
    """Why the condition cannot be looked at; raises what passes by itself."""
    if _passes_by(error):
        raise error
    if isinstance(error, LikenessError):
        return error.message.replace("\0", "")[:LONGEST_ERROR]
    log.error("alert", alert_id=watch.alert_id, exc_info=error)
    return f"INTERNAL: {type(error).__name__}; see the worker's log"


def _passes_by(error: Exception) -> bool:
    """Whether a service of ours is away or busy; an address that a user gave may be so for ever, and is a fault."""
    if isinstance(error, LikenessError) and error.reason.startswith(FETCH):
        return False
    return is_outage(error) or isinstance(error, UnavailableError | ResourceExhaustedError)


def _milliseconds(started: float) -> int:
    return round(1000 * (time.perf_counter() - started))
