"""`likeness import`: what the command takes. What it needs is imported when it runs."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.local.imports.import_request import Wanted

DATA_DIR = Path("./.likeness")
CONTINUE = "likeness: stopped; the same command goes on from here."


class KindOf(StrEnum):
    """What the files of a set show."""

    IMAGE = "image"
    FACE = "face"
    TEXT = "text"


class MachineLabels(StrEnum):
    """What becomes of labels that a machine set."""

    KEEP = "keep"
    ACCEPT = "accept"
    DROP = "drop"


def import_set(  # noqa: PLR0917, options of a command are no positions
    path: Annotated[Path, typer.Argument(help="A folder or a file of a data set.")],
    into: Annotated[str, typer.Option(help="The collection; it is made, with its bucket, when it is missing.")],
    kind: Annotated[KindOf, typer.Option(help="What the files show.")] = KindOf.IMAGE,
    label_field: Annotated[
        str | None, typer.Option(help="The field of labels; the collection's own, or 'label'.")
    ] = None,
    format_name: Annotated[
        str | None, typer.Option("--format", help="The format, where it is not seen by itself.")
    ] = None,
    label_column: Annotated[str | None, typer.Option(help="Column, key or question that holds the label.")] = None,
    content_column: Annotated[
        str | None, typer.Option(help="Column that holds the path, address, picture or text.")
    ] = None,
    id_column: Annotated[str | None, typer.Option(help="Column that tells rows apart; else the path does.")] = None,
    files: Annotated[Path | None, typer.Option(help="Folder of the files, where it is not the set's own.")] = None,
    separator: Annotated[str, typer.Option(help="Stands between the parts of labels such as shoes/running.")] = "/",
    crops: Annotated[bool, typer.Option("--crops", help="Import each box as a picture of its own.")] = False,
    machine_labels: Annotated[
        MachineLabels, typer.Option(help="Labels that a machine set: kept beside, accepted as labels, or dropped.")
    ] = MachineLabels.KEEP,
    merge_labels: Annotated[
        bool | None, typer.Option("--merge-labels/--keep-labels", help="Labels that differ in case or spaces alone.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Least likeness that gives a label; else the model's own.")
    ] = None,
    prefix: Annotated[str, typer.Option(help="Stands before every id, to keep sets with the same names apart.")] = "",
    skipped: Annotated[
        Path | None, typer.Option(help="Where to write what was skipped and why; else <NAME>-skipped.csv.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until all has been processed.")] = True,
    url: Annotated[
        str | None, typer.Option(envvar="LIKENESS_URL", help="The server; else that of the data folder.")
    ] = None,
    api_key: Annotated[
        str | None, typer.Option(envvar="LIKENESS_API_KEY", help="Else that of the data folder.")
    ] = None,
    data_dir: Annotated[Path, typer.Option(envvar="LIKENESS_DATA_DIR", help="The folder of `likeness up`.")] = DATA_DIR,
) -> None:
    """Imports a data set, labelled or not, into a running server; the same command again goes on and doubles nothing.

    Reads folders (one per label, or flat), CSV, JSONL, Parquet, COCO, YOLO classification, Label Studio, CVAT,
    WebDataset and FiftyOne. Makes bucket and collection where they are missing.
    """
    from services.common.process.startup_errors import errors_in_words
    from services.local.datasets.reader_types import Reading
    from services.local.imports.import_request import Wanted
    from services.local.stack.address_and_key import server_of

    reading = Reading(
        kind=kind.value,
        separator=separator,
        label=label_column,
        hint=label_field,
        content=content_column,
        id=id_column,
        files=files,
        crops=crops,
    )
    wanted = Wanted(
        path=path,
        into=into,
        reading=reading,
        format=format_name,
        label_field=label_field,
        machine=machine_labels.value,
        merge=merge_labels,
        threshold=threshold,
        prefix=prefix.strip("/"),
        skipped=skipped or Path(f"{into}-skipped.csv"),
        wait=wait,
    )
    with errors_in_words("likeness"):
        server, key = server_of(data_dir, url, api_key)
        _run_out(wanted, server, key)


def _run_out(wanted: "Wanted", server: str, key: str) -> None:
    from services.local.imports.client import open_client
    from services.local.imports.report import Report
    from services.local.imports.run import Import

    report = Report()

    def ask(question: str) -> bool:
        return report.is_terminal and typer.confirm(question)

    async def run() -> None:
        async with open_client(server, key) as client:
            await Import(client, wanted, report, ask).run()

    try:
        asyncio.run(run())
    except KeyboardInterrupt as error:
        typer.echo(CONTINUE, err=True)
        raise typer.Exit(130) from error
