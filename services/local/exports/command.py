"""`likeness export`: what the command takes. What it needs is imported when it runs."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.local.exports.export_request import Wanted

DATA_DIR = Path("./.likeness")
CONTINUE = "likeness: stopped; the same command goes on from here."
INTERRUPTED = 130


def export_set(  # noqa: PLR0917, options of a command are no positions
    name: Annotated[str, typer.Argument(help="The collection, by name or id.")],
    form: Annotated[
        str,
        typer.Option(
            "--as",
            help="folder, csv, jsonl, parquet (Hugging Face), coco, yolo, label-studio, cvat, webdataset, fiftyone",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to make; it must not be there yet.")],
    label_field: Annotated[str | None, typer.Option(help="The field of labels; else the collection's own.")] = None,
    human_only: Annotated[bool, typer.Option("--human-only", help="Only labels of people and of imports.")] = False,
    min_confidence: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Labels of machines count from this confidence on.")
    ] = 0.0,
    unlabelled: Annotated[bool, typer.Option("--unlabelled", help="Documents without a label too.")] = False,
    split: Annotated[
        str, typer.Option(help="Shares such as train=0.8,val=0.1,test=0.1: by label, copies on one side.")
    ] = "",
    files: Annotated[bool, typer.Option("--files/--no-files", help="Pictures, or the table alone.")] = True,
    separator: Annotated[str, typer.Option(help="Stands between the parts of labels such as shoes/running.")] = "/",
    filters: Annotated[str | None, typer.Option(help="A filter of documents, as JSON.")] = None,
    namespace: Annotated[str | None, typer.Option(help="The namespace; else the default one.")] = None,
    url: Annotated[
        str | None, typer.Option(envvar="LIKENESS_URL", help="The server; else that of the data folder.")
    ] = None,
    api_key: Annotated[
        str | None, typer.Option(envvar="LIKENESS_API_KEY", help="Else that of the data folder.")
    ] = None,
    data_dir: Annotated[Path, typer.Option(envvar="LIKENESS_DATA_DIR", help="The folder of `likeness up`.")] = DATA_DIR,
) -> None:
    """Exports a collection as a data set that training tools read, with a card that says who labelled what.

    The folder gets its name when all is in it. One that was stopped is gone on with by the same command.
    """
    from services.common.process.startup_errors import errors_in_words
    from services.local.datasets.writers.formats import writer_of
    from services.local.exports.checks import checked_filters, require_files
    from services.local.exports.export_request import Wanted, shares_in
    from services.local.stack.address_and_key import server_of

    with errors_in_words("likeness"):
        writer = writer_of(form)
        require_files(form, with_files=files)
        server, key = server_of(data_dir, url, api_key)
        wanted = Wanted(
            source=f"{server} {namespace or ''}".strip(),
            collection=name,
            format=form,
            path=output,
            label_field=label_field,
            human_only=human_only,
            least_confidence=min_confidence,
            keep_unlabelled=unlabelled,
            splits=shares_in(split or writer.splits),
            with_files=files,
            separator=separator,
            filters=checked_filters(filters),
        )
        _run_out(wanted, server, key, namespace)


def _run_out(wanted: "Wanted", url: str, key: str, namespace: str | None) -> None:
    from services.local.exports.checks import disk_faults
    from services.local.exports.report import Report
    from services.local.exports.run import Export
    from services.local.exports.server import open_server
    from services.local.exports.survey import Survey

    export = Export(wanted, Report())

    async def gather() -> Survey:
        async with open_server(url, key, namespace) as server:
            return await export.gather(server)

    try:
        with disk_faults(wanted.path):
            export.write(asyncio.run(gather()))
    except KeyboardInterrupt as error:
        typer.echo(CONTINUE, err=True)
        raise typer.Exit(INTERRUPTED) from error
