"""A small set that every format can write: colours as labels, two of one picture, one set by each of the three."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from services.local.datasets.row import Content, Label, Row
from services.local.datasets.writer_types import DataSet

COLOURS = {"red": (200, 0, 0), "green & <blue>": (0, 120, 200), "ünï": (90, 90, 90)}


def picture(path: Path, seed: int, colour: tuple[int, int, int]) -> Path:
    """A PNG of its own, mostly of one colour."""
    noise = np.random.default_rng(seed).integers(0, 40, (24, 32, 3))
    Image.fromarray(np.clip(noise + np.array(colour), 0, 255).astype(np.uint8)).save(path)
    return path


def labels_for(number: int, name: str) -> tuple[Label, ...]:
    """A label of a person, of an import and of a machine in turn."""
    if number % 3 < 2:
        return (Label(path=(name,), set_by="human" if number % 3 else "import", set_at="2026-11-30T00:00:00+00:00"),)
    machine = {"score": 0.625, "example": "doc_0", "model": "efficientnet_lite2", "taxonomy": "tax_1"}
    return (Label(path=(name,), set_by="auto", taxonomy_version=3, **machine),)  # type: ignore[arg-type]


def pictures(folder: Path, splits: Sequence[str] = (), *, several: bool = False) -> DataSet:
    """Nine pictures of three labels, in splits in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    names = list(COLOURS)
    rows = []
    for number in range(9):
        name = names[number // 3]
        path = folder / f"kept{number}.png"
        picture(path, number, COLOURS[name])
        labels = labels_for(number, name)
        if several and number == 0:
            labels = (*labels, Label(path=(names[1],), set_by="human"))
        rows.append(
            Row(
                id=f"doc_{number}",
                name=f"photo {number}.png",
                content=Content(path=path),
                labels=labels,
                fields={"note": f"=note {number}", "size": {"eu": number}},
                split=splits[number % len(splits)] if splits else None,
            )
        )
    return data_of(rows, splits, several=several)


def texts() -> DataSet:
    """Four texts of two labels."""
    rows = [
        Row(
            id=f"doc_{number}",
            name=f"doc_{number}.txt",
            content=Content(text=f'words, "number" {number}\nof two lines'),
            labels=labels_for(number, "even" if number % 2 == 0 else "odd"),
        )
        for number in range(4)
    ]
    return data_of(rows, kind="text")


def data_of(rows: Sequence[Row], splits: Sequence[str] = (), *, several: bool = False, kind: str = "image") -> DataSet:
    """The set of these rows."""
    labels = sorted({label.text("/") for row in rows for label in row.labels})
    return DataSet(
        name="colours",
        kind="text" if kind == "text" else "image",
        labels=tuple(labels),
        separator="/",
        splits=tuple(splits),
        columns=tuple(dict.fromkeys(name for row in rows for name in row.fields)),
        several=several,
        with_files=True,
        rows=lambda: iter(rows),
    )
