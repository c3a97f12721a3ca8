"""Looking at alerts whose turn it is."""

import asyncio
import time
from collections.abc import Sequence

import structlog

from services.common.database.pool import Pool
from services.common.errors import LikenessError, ResourceExhaustedError, UnavailableError
from services.worker.alerts.alert_conditions import holds
from services.worker.alerts.claims import Claims
from services.worker.alerts.conclude_evaluation import Conclusion, Outcome, conclude, conclude_documents
from services.worker.alerts.measure_system_conditions import measure
from services.worker.alerts.new_documents import AT_ONCE, NewDocuments, Waiting
from services.worker.alerts.search import MOST_MATCHES, AlertSearch
from services.worker.alerts.watched_alert import Found, WatchedAlert
from services.worker.kit.database_outages import is_outage

NOT_NOW_SECONDS = 5.0
LONGEST_ERROR = 2000
FETCH = "FETCH_"
log = structlog.get_logger()


class Evaluator:
    """Looks at alerts, each of them alone; what cannot be known now is looked at later and changes nothing."""

    def __init__(self, pool: Pool, claims: Claims, search: AlertSearch, documents: NewDocuments) -> None:
        self._pool = pool
        self.claims = claims
        self._search = search
        self._documents = documents

    async def step(self) -> bool:
        """Looks at the alert that has been due for longest; False when none is."""
        watched = await self.claims.next()
        if watched is not None:
            await self.look_at(watched)
        return watched is not None

    async def look_at(self, watched: WatchedAlert, *, on_demand: bool = False) -> Conclusion | None:
        """What came of it; None when it cannot be known now, or is not this worker's to say any more."""
        try:
            async with self.claims.kept(watched):
                outcome = await self._turn(watched, on_demand=on_demand)
        except Exception as error:
            if not _passes_by(error):
                raise
            log.info("alert waits", alert_id=watched.alert_id, error=str(error))
            await self.claims.give_back(watched, NOT_NOW_SECONDS)
            return None
        return None if outcome is None else await conclude(self._pool, watched, outcome)

    async def _turn(self, watched: WatchedAlert, *, on_demand: bool) -> Outcome | None:
        """First the new documents that wait, then what the alert's own inputs give; None when the turn is over.

        An alert that lacks inputs which collections map to their new documents is asked about those alone,
        unless somebody demands it.
        """
        waiting = await self._documents.waiting(watched)
        if waiting:
            await conclude_documents(self._pool, watched, await self._asked(watched, waiting))
        if len(waiting) == AT_ONCE:
            await self.claims.give_back(watched, 0.0)
            return None
        if not on_demand and await self._documents.are_needed(watched):
            await self.claims.give_back(watched)
            return None
        return await self._outcome(watched)

    async def _outcome(self, watched: WatchedAlert) -> Outcome:
        """What the alert's own inputs give."""
        started = time.perf_counter()
        try:
            found = await self._find(watched)
        except Exception as error:
            return Outcome(error=_reason(watched, error), duration_ms=_milliseconds(started))
        return Outcome(found=found, holds=holds(watched, found), duration_ms=_milliseconds(started))

    async def _find(self, watched: WatchedAlert) -> Found:
        if watched.source == "system":
            return await measure(self._pool, watched)
        return await self._search.ask(watched, watched.inputs)

    async def _asked(self, watched: WatchedAlert, waiting: Sequence[Waiting]) -> Outcome:
        """One outcome for several new documents: it holds when it does for any of them."""
        started = time.perf_counter()
        answers = await asyncio.gather(*(self._about(watched, document) for document in waiting))
        pairs = zip(waiting, answers, strict=True)
        arrived = {new.document_id: found for new, found in pairs if isinstance(found, Found) and holds(watched, found)}
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

    async def _about(self, watched: WatchedAlert, document: Waiting) -> Found | str | None:
        """What the retriever finds for a document, or why it cannot be asked; None where there is nothing to ask."""
        if document.fields is None or document.mappings is None:
            return None
        try:
            return await self._search.ask(watched, watched.inputs | await self._documents.inputs(document))
        except Exception as error:
            return _reason(watched, error)


def _reason(watched: WatchedAlert, error: Exception) -> str:
    """Why the condition cannot be looked at; raises what passes by itself."""
    if _passes_by(error):
        raise error
    if isinstance(error, LikenessError):
        return error.message.replace("\0", "")[:LONGEST_ERROR]
    log.error("alert", alert_id=watched.alert_id, exc_info=error)
    return f"INTERNAL: {type(error).__name__}; see the worker's log"


def _passes_by(error: Exception) -> bool:
    """Whether a service of ours is away or busy; an address that a user gave may be so for ever, and is a fault."""
    if isinstance(error, LikenessError) and error.reason.startswith(FETCH):
        return False
    return is_outage(error) or isinstance(error, UnavailableError | ResourceExhaustedError)


def _milliseconds(started: float) -> int:
    return round(1000 * (time.perf_counter() - started))
