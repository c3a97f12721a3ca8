"""Carrying out what a person decided: once, about what they saw, and so that it can be taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from services.common.database.documents.edit_documents import Within, edit_documents
from services.common.database.documents.write_documents import lock_objects
from services.common.database.pool import Connection
from services.common.errors import AlreadyExistsError, InvalidArgumentError, NotFoundError
from services.common.labels.human_labels import HUMAN
from services.common.labels.label_values import label_value
from services.gateway.annotations.store import Actor
from services.gateway.review import reversible_changes
from services.gateway.review.shapes import Decide, asked_of

JsonObject = dict[str, Any]
INSERT = """
    INSERT INTO review_decisions
      (namespace_id, decision_id, collection_id, field, action, label, undoes, asked, actor_id, actor_type)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING decision_id"""
FIND = "SELECT * FROM review_decisions WHERE namespace_id = $1 AND decision_id = $2"
OUTCOME = "UPDATE review_decisions SET outcome = $3 WHERE namespace_id = $1 AND decision_id = $2"
UNDONE = "UPDATE review_decisions SET undone_by = $3 WHERE namespace_id = $1 AND decision_id = $2"
PLACES = """
    SELECT document_id, object_id FROM documents WHERE document_id = ANY($1) AND collection_id = $2"""
SHOWN = """
    SELECT d.document_id, d.object_id, review_version(d, $2) AS version, field_value(d.fields, $2) AS label,
           d.labels #>> ARRAY[$2, 'source'] AS label_source,
           (SELECT mark FROM review_marks m WHERE m.document_id = d.document_id AND m.field = $2) AS mark
    FROM documents d WHERE document_id = ANY($1) AND collection_id = $3"""
MARKS = {"unknown": "unknown", "ignore": "ignored"}


@dataclass(kw_only=True)
class Deciding:
    """Decisions of one person about one field of a collection, in one transaction.

    `touched` collects the documents that changed, `labelled` those that a person has given a label, `undone` those
    whose label of before is back.
    """

    connection: Connection
    namespace_id: str
    collection_id: str
    actor: Actor
    touched: set[str] = field(default_factory=set)
    labelled: set[str] = field(default_factory=set)
    undone: set[str] = field(default_factory=set)

    async def decide(self, form: Decide, label_field: str) -> tuple[list[JsonObject], bool]:
        """The outcome for each document, and whether the decision had been sent before.

        AlreadyExistsError for an id that another decision has; NotFoundError and InvalidArgumentError for an undo of
        what is none.
        """
        if not await self._is_new(form, label_field):
            return await self._earlier(form), True
        outcome = await (self._undo(form) if form.action == "undo" else self._carry_out(form, label_field))
        await self.connection.execute(OUTCOME, self.namespace_id, form.decision_id, outcome)
        return outcome, False

    async def _is_new(self, form: Decide, label_field: str) -> bool:
        made = (form.action, form.label, form.undoes, asked_of(form))
        who = (self.actor.actor_id, self.actor.actor_type)
        values = (self.namespace_id, form.decision_id, self.collection_id, label_field, *made, *who)
        return await self.connection.fetchval(INSERT, *values) is not None

    async def _earlier(self, form: Decide) -> list[JsonObject]:
        row = await self.connection.fetchrow(FIND, self.namespace_id, form.decision_id)
        assert row is not None
        if row["asked"] != asked_of(form) or row["collection_id"] != self.collection_id:
            message = f"decision_id '{form.decision_id}' belongs to another decision; give each one of its own."
            raise AlreadyExistsError(message, reason="DECISION_ID_TAKEN")
        return list(row["outcome"])

    async def _carry_out(self, form: Decide, label_field: str) -> list[JsonObject]:
        seen = {each.document_id: each.version for each in form.documents}
        objects = await self._lock(list(seen))
        shown = await self._shown(list(seen), label_field)
        outcomes = {key: judged(shown.get(key), version, form) for key, version in seen.items()}
        chosen = [key for key, outcome in outcomes.items() if outcome == "done"]
        if chosen:
            before = await reversible_changes.state_of(self.connection, objects, label_field)
            await self._apply(form, label_field, chosen)
            after = await reversible_changes.state_of(self.connection, objects, label_field)
            await reversible_changes.keep_changes(self.connection, self.namespace_id, form.decision_id, before, after)
            self.touched.update(chosen)
            shown = await self._shown(list(seen), label_field)
        return [told(key, outcome, shown.get(key)) for key, outcome in outcomes.items()]

    async def _lock(self, document_ids: Sequence[str]) -> list[str]:
        rows = await self.connection.fetch(PLACES, list(document_ids), self.collection_id)
        objects = sorted({row["object_id"] for row in rows})
        await lock_objects(self.connection, objects)
        return objects

    async def _shown(self, document_ids: Sequence[str], label_field: str) -> dict[str, asyncpg.Record]:
        rows = await self.connection.fetch(SHOWN, list(document_ids), label_field, self.collection_id)
        return {row["document_id"]: row for row in rows}

    async def _apply(self, form: Decide, label_field: str, chosen: Sequence[str]) -> None:
        if form.action != "unknown":
            within = Within(namespace_id=self.namespace_id, collection_id=self.collection_id)
            edits = {key: {label_field: form.label} for key in chosen}
            await edit_documents(self.connection, within, edits)
        if form.action == "label":
            await reversible_changes.unmark(self.connection, label_field, chosen)
            self.labelled.update(chosen)
        else:
            mark = (MARKS[form.action], form.decision_id)
            await reversible_changes.set_marks(self.connection, label_field, dict.fromkeys(chosen, mark))

    async def _undo(self, form: Decide) -> list[JsonObject]:
        row = await self.connection.fetchrow(f"{FIND} FOR UPDATE", self.namespace_id, form.undoes)
        if row is None or row["collection_id"] != self.collection_id:
            raise NotFoundError.of("decision", str(form.undoes))
        if row["action"] == "undo":
            message = "undoes names a decision that is itself an undo; decide anew instead."
            raise InvalidArgumentError(message, path="body.decisions.undoes")
        decided = [each["document_id"] for each in row["outcome"] if each["outcome"] == "done"]
        if row["undone_by"] is not None:
            shown = await self._shown(decided, row["field"])
            return [told(key, "unchanged", shown.get(key)) for key in decided]
        await self.connection.execute(UNDONE, self.namespace_id, form.undoes, form.decision_id)
        return await self._take_back(str(form.undoes), row["field"], decided)

    async def _take_back(self, decision_id: str, label_field: str, decided: Sequence[str]) -> list[JsonObject]:
        objects = await self._lock(decided)
        current = await reversible_changes.state_of(self.connection, objects, label_field)
        changes = await reversible_changes.kept_changes(self.connection, self.namespace_id, decision_id)
        back = {
            key: reversible_changes.undone(current[key], change["before"], change["after"])
            for key, change in changes.items()
            if key in current and reversible_changes.stands(current[key], change["after"])
        }
        await reversible_changes.restore(self.connection, label_field, back)
        documents = {key for kind, key in back if kind == "document"}
        self.touched |= documents
        self.undone |= documents
        shown = await self._shown(decided, label_field)
        known = {("document", key) for key in decided} & changes.keys()
        return [told(key, _taken_back(key, shown, documents, known), shown.get(key)) for key in decided]


def _taken_back(key: str, shown: Mapping[str, Any], documents: set[str], known: set[reversible_changes.Subject]) -> str:
    if key not in shown:
        return "gone"
    if ("document", key) not in known:
        return "unchanged"
    return "done" if key in documents else "conflict"


def judged(row: asyncpg.Record | None, version: str, form: Decide) -> str:
    """How a decision fares with a document: whoever agrees with what stands is in no conflict with it."""
    if row is None:
        return "gone"
    if _says(row, form):
        return "unchanged"
    return "done" if row["version"] == version else "conflict"


def _says(row: asyncpg.Record, form: Decide) -> bool:
    if form.action == "label":
        return bool(row["label_source"] == HUMAN and label_value(row["label"]) == form.label)
    return bool(row["mark"] == MARKS[form.action])


def told(document_id: str, outcome: str, row: Mapping[str, Any] | asyncpg.Record | None) -> JsonObject:
    """The outcome for one document, with what it says now."""
    label = None if row is None else label_value(row["label"])
    return {
        "document_id": document_id,
        "outcome": outcome,
        "version": None if row is None else row["version"],
        "label": None if label is None else str(label),
        "label_source": None if row is None else row["label_source"],
    }
