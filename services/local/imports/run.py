"""One import from beginning to end."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

from services.common.errors import LikenessError
from services.local.datasets.formats import format_of, rows_of
from services.local.datasets.reader_types import Format
from services.local.datasets.row import Row, Skipped
from services.local.imports import rest_bodies, wait_for_processing
from services.local.imports.account import Account
from services.local.imports.already_imported import Present, present
from services.local.imports.client import Client
from services.local.imports.destination import destination
from services.local.imports.import_request import Destination, Wanted
from services.local.imports.pack_objects import Packed, pack, parcels, sha256_of
from services.local.imports.report import Report
from services.local.imports.send_objects import Done, Sender
from services.local.imports.spellings import alike, merging
from services.local.imports.survey import Survey, distinct, survey

Ask = Callable[[str], bool]
OTHER = "another file was imported under this id; delete that object, or name a --prefix to keep two sets apart"


class Import:
    """Imports what is wanted into the server of the client; `ask` answers a question of yes or no."""

    def __init__(self, client: Client, wanted: Wanted, report: Report, ask: Ask) -> None:
        self._client = client
        self._wanted = wanted
        self._report = report
        self._ask = ask
        self._format: Format = format_of(wanted.path, wanted.format)

    async def run(self) -> Account:
        """Looks the set over, makes what is missing, sends what is not there, and waits for it."""
        surveyed = await asyncio.to_thread(self._survey)
        self._report.surveyed(surveyed, self._format.name)
        merged = self._merged(surveyed)
        to = await destination(self._client, self._wanted, surveyed)
        known = Present() if to.is_new else await present(self._client, to.bucket_id)
        with Account(self._wanted.skipped) as account:
            await self._send(to, known, merged, surveyed, account)
            if self._wanted.wait:
                await self._settle(to, surveyed, account)
            self._report.ended(account, self._places(to))
        return account

    def _survey(self) -> Survey:
        return survey(self._rows(), self._wanted.reading.separator)

    def _rows(self) -> Iterator[Row | Skipped]:
        rows = rows_of(self._wanted.path, self._wanted.reading, self._format.name)
        return distinct(rows, self._wanted.prefix)

    def _merged(self, surveyed: Survey) -> Mapping[str, str]:
        """What labels are written like other ones: asked about, or said with the command."""
        groups = alike(surveyed.labels)
        if not groups:
            return {}
        self._report.alike(groups)
        merge = self._wanted.merge
        if merge is None:
            merge = self._ask("Merge each group into its most frequent spelling?")
        self._report.say("They are merged." if merge else "They stay apart; --merge-labels merges them.")
        return merging(groups) if merge else {}

    async def _send(
        self, to: Destination, known: Present, merged: Mapping[str, str], surveyed: Survey, account: Account
    ) -> None:
        total = surveyed.rows + surveyed.skipped
        with self._report.progress("uploading", total, account) as done:
            packed = self._packed(to, known, merged, account, done)
            sender = Sender(self._client, to.bucket_id, account, done)
            try:
                await sender.send(parcels(packed))
            except* LikenessError as group:
                raise _first(group) from group

    def _packed(
        self, to: Destination, known: Present, merged: Mapping[str, str], account: Account, done: Done
    ) -> Iterator[Packed]:
        """The rows that are to be sent; the others go into the account."""
        for row in self._rows():
            packed = self._pack(row, to, known, merged)
            if isinstance(packed, Packed):
                yield packed
                continue
            if packed is None:
                account.keep(row.id, was_there=True)
            else:
                account.skip(packed.id, packed.reason)
            done(1)

    def _pack(
        self, row: Row | Skipped, to: Destination, known: Present, merged: Mapping[str, str]
    ) -> Packed | Skipped | None:
        if isinstance(row, Skipped):
            return row
        if row.id in known:
            sha256 = sha256_of(row)
            differs = sha256 is not None and known.differs(row.id, sha256)
            return Skipped(id=row.id, reason=OTHER) if differs else None
        separator, machine = self._wanted.reading.separator, self._wanted.machine
        fields = rest_bodies.fields(row, to.label_field, separator=separator, merged=merged, machine=machine)
        return pack(row, fields, to)

    async def _settle(self, to: Destination, surveyed: Survey, account: Account) -> None:
        """Waits for what was sent; where labels came beside rows without one, those are decided again."""
        waiting = await wait_for_processing.open_objects(self._client, to)
        with self._report.progress("processing", waiting, account) as done:
            await wait_for_processing.processed(self._client, to, waiting, done)
        await wait_for_processing.write_failures(self._client, to, account)
        if account.sent and 0 < surveyed.labelled < surveyed.rows:
            await wait_for_processing.decide_again(self._client, to)

    def _places(self, to: Destination) -> list[str]:
        url, into = self._client.url, self._wanted.into
        documents = f"{url}/v1/collections/{quote(into, safe='')}/documents?return_presigned_urls=true"
        left = [] if self._wanted.wait else ["The server goes on processing what was uploaded."]
        return [
            *left,
            f"Collection '{into}' ({to.collection_id}), labels in the field '{to.label_field}'.",
            f"To look, label and correct: {url}/review/{quote(into, safe='')} (`likeness link` signs a browser in)",
            f"Its documents: GET {documents}",
        ]


def _first(group: BaseExceptionGroup[LikenessError]) -> LikenessError:
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found
