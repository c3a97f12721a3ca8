"""The operator's command: `likeness up`, `link`, `import`, `export`, `keys`, `migrate`, `status`.

What a command needs is imported when it runs, so that `likeness --help` stays quick.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from services.local.exports.command import export_set
from services.local.imports.command import import_set

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
keys = typer.Typer(no_args_is_help=True, help="API keys of the gateway.")
app.add_typer(keys, name="keys")
app.command("import")(import_set)
app.command("export")(export_set)

DataDir = Annotated[Path, typer.Option(envvar="LIKENESS_DATA_DIR", help="Where everything is kept.")]
DEFAULT_DATA_DIR = Path("./.likeness")


@app.callback()
def likeness() -> None:
    """Labels datasets by example: label a few, and the rest label themselves."""


@app.command()
def up(
    host: Annotated[str, typer.Option(envvar="LIKENESS_HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="LIKENESS_PORT", help="Port to listen on; 0 takes a free one.", min=0, max=65535)
    ] = 8000,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Runs the whole stack in the foreground, until SIGINT or SIGTERM.

    Prints `api-key-file <path>`, `sign-in <link>` and `ready <url>` when it serves. The link opens the pages, once.
    """
    from services.common.settings import Settings
    from services.local.commands.up import run_up

    with _errors_in_words():
        run_up(Settings(host=host, port=port, data_dir=data_dir))


@app.command()
def status(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Shows the processes of the stack, whether they are ready, and their memory. Exit status 1 unless all are."""
    from services.local.commands.status import print_status

    with _errors_in_words():
        is_healthy = asyncio.run(print_status(data_dir))
    if not is_healthy:
        raise typer.Exit(1)


@app.command()
def link(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Prints a link to the pages of the running stack that signs in once, within a day."""
    from services.local.commands import keys_and_migrate as administration

    with _errors_in_words():
        asyncio.run(administration.print_link(data_dir))


@app.command()
def migrate(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Brings the database up to date: LIKENESS_DATABASE_URL, or that of the running stack."""
    from services.local.commands import keys_and_migrate

    with _errors_in_words():
        asyncio.run(keys_and_migrate.migrate(data_dir))


@keys.command()
def create(name: str, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Creates an API key and prints it; it is shown only now."""
    from services.local.commands import keys_and_migrate

    with _errors_in_words():
        asyncio.run(keys_and_migrate.create_key(data_dir, name))


@keys.command("list")
def list_all(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Lists the API keys, not their secrets."""
    from services.local.commands import keys_and_migrate

    with _errors_in_words():
        asyncio.run(keys_and_migrate.list_keys(data_dir))


@keys.command()
def revoke(key_id: str, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Makes an API key useless from now on."""
    from services.local.commands import keys_and_migrate

    with _errors_in_words():
        asyncio.run(keys_and_migrate.revoke_key(data_dir, key_id))


@contextlib.contextmanager
def _errors_in_words() -> Iterator[None]:
    """What goes wrong on purpose is a sentence and exit status 1, not a traceback."""
    from services.common.process.startup_errors import errors_in_words

    with errors_in_words("likeness"):
        yield


def main() -> None:
    """The console script `likeness`."""
    app()


if __name__ == "__main__":
    main()
