"""`make demo`: label a few photos, and the rest label themselves."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated

import typer

from services.local.demo.api_client import open_api
from services.local.demo.photos import Cast, cast_photos, load_photos, served
from services.local.demo.report import Reporter
from services.local.demo.running_stack import DemoError, Stack, running_stack
from services.local.demo.score import score
from services.local.demo.tutorial_bodies import NAME
from services.local.demo.tutorial_steps import Tutorial

REVIEWED = 12


def main(
    photos: Annotated[
        Path, typer.Option(exists=True, resolve_path=True, help="Folder of <kind>/*.jpg; your own will do.")
    ] = Path("samples/photos"),
    threshold: Annotated[float, typer.Option(help="Least likeness that gives a label.")] = 0.30,
    keep: Annotated[
        Path | None, typer.Option(help="Keep the data in this new folder, and leave the stack running.")
    ] = None,
) -> None:
    """Plays the tutorial on photos: upload, label a few, watch the rest label themselves, review, watch it improve."""
    cast = cast_photos(load_photos(photos))
    if not cast.examples:
        raise typer.BadParameter(f"{photos} holds no kind with enough photos")
    with tempfile.TemporaryDirectory(prefix="likeness-demo-") as folder:
        Path(folder).chmod(0o711)
        _play_out(_run(cast, photos, threshold, keep or Path(folder), stay=keep is not None))


def _play_out(play: Coroutine[None, None, None]) -> None:
    try:
        asyncio.run(play)
    except DemoError as error:
        typer.echo(f"demo: {error}", err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt as error:
        raise typer.Exit(130) from error


async def _run(cast: Cast, folder: Path, threshold: float, data_dir: Path, *, stay: bool) -> None:
    reporter = Reporter()
    reporter.step("Starting the stack")
    async with running_stack(data_dir) as stack, served(folder) as photos_url, open_api(stack.url, stack.key) as api:
        reporter.say(f"  {stack.url}")
        await _perform(Tutorial(api, photos_url, reporter), cast, threshold, reporter)
        if stay:
            await _stay(stack, data_dir, reporter)
    if not stay:
        reporter.step("How to go on")
        reporter.say("  make demo KEEP=demo-data    plays again, keeps the data there and leaves the stack running")
        reporter.say("  .venv/bin/likeness up       starts an empty stack of your own; its API is shown at <url>/docs")
        reporter.say("  .venv/bin/python -m services.local.demo --photos FOLDER   plays with photos of yours")


async def _perform(play: Tutorial, cast: Cast, threshold: float, reporter: Reporter) -> None:
    reporter.step("1. A bucket, a retriever, and a collection that labels itself by it")
    created = await play.create(threshold)
    reporter.say(f"  collection {created['collection_id']}, threshold {threshold:.2f}")
    reporter.say(f"  model: {created['vector_indexes'][0]['index']['inference_name']}")

    reporter.step("2. Upload photos without labels")
    examples = await play.upload("/bootstrap", cast.examples, {"label": None})

    reporter.step("3. A person labels them")
    await play.label(examples)
    counts = Counter(photo.kind for photo in cast.examples)
    reporter.say("  " + ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items())))

    reporter.step("4. New uploads label themselves")
    first = await play.outcomes(await play.upload("/new-arrivals", cast.first_round))
    reporter.outcomes(first)
    before = score(first, cast.known)
    reporter.score(before)

    reporter.step("5. A person corrects what is wrong, and labels some of the unknown")
    wrong = [outcome.object_id for outcome in first if outcome.label is not None and not outcome.right]
    reviewed = (await play.unknown())[:REVIEWED]
    await play.label([*wrong, *reviewed])
    learned = {outcome.photo.kind for outcome in await play.outcomes([*wrong, *reviewed])}
    reporter.say(f"  {len(wrong)} corrected, {len(reviewed)} labelled; kinds: {', '.join(sorted(learned))}")

    reporter.step("6. The next uploads profit from it")
    second = await play.outcomes(await play.upload("/new-arrivals", cast.second_round))
    reporter.outcomes(second)
    after = score(second, cast.known | learned)
    reporter.score(after)
    reporter.comparison(before, after)


async def _stay(stack: Stack, data_dir: Path, reporter: Reporter) -> None:
    reporter.step("The stack stays up; Ctrl-C ends it")
    reporter.say(f"  sign in      {stack.sign_in_link}")
    reporter.say(f"  review       {stack.url}/review/{NAME}")
    reporter.say(f"  API          {stack.url}/docs")
    reporter.say(f"  API key      {data_dir / 'api-key'}")
    reporter.say(f"  next time    .venv/bin/likeness up --data-dir {data_dir}")
    await stack.process.wait()


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()
