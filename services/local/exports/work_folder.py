"""The folder beside an export in which it is made: what is there already is not fetched again."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from services.common.errors import AlreadyExistsError

PLAN = "plan.json"


class Work:
    """`<path>.part`: `plan.json` (what is asked for), `rows.jsonl`, `media/`, and `out/`, which becomes the export."""

    def __init__(self, path: Path) -> None:
        self.target = path.absolute()
        self.folder = self.target.with_name(f"{self.target.name}.part")
        self.rows = self.folder / "rows.jsonl"
        self.media = self.folder / "media"
        self.out = self.folder / "out"

    def begin(self, told: Mapping[str, Any]) -> bool:
        """Makes the folder ready; whether it goes on with an export that was stopped.

        AlreadyExistsError when the target is there, or another export was begun for it.
        """
        if self.target.exists():
            raise AlreadyExistsError(f"{self.target} is there already; name another place with -o, or move it away.")
        plan, before = orjson.dumps(told, option=orjson.OPT_SORT_KEYS), self.folder / PLAN
        if before.is_file() and before.read_bytes() != plan:
            message = (
                f"{self.folder} holds an export that was begun of something else; remove it, or name another place."
            )
            raise AlreadyExistsError(message)
        goes_on = before.is_file()
        self.media.mkdir(parents=True, exist_ok=True)
        before.write_bytes(plan)
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir()
        return goes_on

    def finish(self) -> None:
        """Gives the export its name, all of it at once, and removes the rest."""
        self.out.rename(self.target)
        self.discard()

    def discard(self) -> None:
        """Removes what was begun, where there is nothing to go on with."""
        shutil.rmtree(self.folder, ignore_errors=True)
