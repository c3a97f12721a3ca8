"""An export from its first call to the folder that has its final name."""

import csv
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from services.common.errors import InvalidArgumentError
from services.local.datasets.row import Row
from services.local.datasets.writer_types import DataSet
from services.local.datasets.writers.formats import writer_of
from services.local.exports.assign_splits import splits_of
from services.local.exports.dataset_card import card, warnings_of
from services.local.exports.export_request import Wanted
from services.local.exports.fetch_content import fetch_media, fetch_rows
from services.local.exports.report import Report
from services.local.exports.server import Server
from services.local.exports.survey import Survey, documents_in, field_of_labels, files_in, look_at, row_of
from services.local.exports.work_folder import Work


class Export:
    """One export; `gather` brings everything here, `write` needs no server any more."""

    def __init__(self, wanted: Wanted, report: Report) -> None:
        self._wanted = wanted
        self._report = report
        self._form = writer_of(wanted.format)
        self._work = Work(wanted.path)

    async def gather(self, server: Server) -> Survey:
        """Fetches rows and files; what an earlier run fetched is taken as it is."""
        wanted, work = self._wanted, self._work
        collection = await server.call("GET", f"/collections/{wanted.collection}")
        if work.begin(wanted.told()):
            self._report.say(f"Going on with what is in {work.folder}; remove it to begin anew.")
        if not work.rows.is_file():
            with self._report.progress("rows") as told:
                await fetch_rows(server, wanted, work.rows, told)
        field = field_of_labels(work.rows, wanted, collection)
        survey = look_at(work.rows, wanted, self._form, field, {})
        if wanted.with_files and survey.kind == "image":
            failures = await self._fetch_media(server, survey)
            if failures:
                survey = look_at(work.rows, wanted, self._form, field, failures)
        return survey

    async def _fetch_media(self, server: Server, survey: Survey) -> dict[str, str]:
        total, done = len(survey.kept), 0
        with self._report.progress("files", total) as told:

            def advance() -> None:
                nonlocal done
                done += 1
                told(done, total)

            return await fetch_media(server, files_in(self._work.rows, survey), self._work.media, advance)

    def write(self, survey: Survey) -> None:
        """Writes the set, its card and what was left out, then gives all of it its name."""
        wanted, work = self._wanted, self._work
        if not survey.kept:
            work.discard()
            raise InvalidArgumentError(f"There is nothing to export: {_why(survey)}.")
        splits = splits_of(survey, wanted, work.media)
        warnings = warnings_of(wanted, survey, splits)
        with self._report.progress("writing", len(survey.kept)) as told:
            self._form.write(work.out, self._data(survey, splits, lambda done: told(done, len(survey.kept))))
        (work.out / "README.md").write_text(card(wanted, survey, splits, warnings, datetime.now(UTC)), encoding="utf-8")
        self._write_skipped(survey)
        work.finish()
        for each in warnings:
            self._report.say(f"Mind: {each}")
        self._report.say(f"{len(survey.kept)} documents in {work.target}; {len(survey.skipped)} left out.")

    def _data(self, survey: Survey, splits: Sequence[str | None], told: Callable[[int], None]) -> DataSet:
        wanted = self._wanted

        def rows() -> Iterator[Row]:
            kept = (each for each in documents_in(self._work.rows) if each["document_id"] in survey.kept)
            for done, (document, split) in enumerate(zip(kept, splits, strict=True), 1):
                told(done)
                yield row_of(document, survey, wanted, self._work.media, split)

        return DataSet(
            name=wanted.collection,
            kind=survey.kind,
            labels=tuple(sorted(survey.all_labels)),
            separator=wanted.separator,
            splits=tuple(wanted.splits),
            columns=tuple(survey.columns),
            several=survey.several,
            with_files=wanted.with_files,
            rows=rows,
        )

    def _write_skipped(self, survey: Survey) -> None:
        if survey.skipped:
            with (self._work.out / "skipped.csv").open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([("document_id", "reason"), *survey.skipped])


def _why(survey: Survey) -> str:
    if not survey.skipped:
        return "no document passes"
    return f"{len(survey.skipped)} documents are left out, the first since {survey.skipped[0][1]}"
