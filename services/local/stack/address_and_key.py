"""Address and key of the server that a command speaks to: as they are named, else of the stack on the data folder."""

import os
from pathlib import Path

from services.common.errors import NotFoundError
from services.local.stack.data_folder import DataFolder

DEFAULT_URL = "http://127.0.0.1:8000"


def server_of(data_dir: Path, url: str | None, key: str | None) -> tuple[str, str]:
    """Address and API key; NotFoundError says where a key may come from."""
    folder = DataFolder(data_dir)
    found = url or folder.endpoints().get("url") or DEFAULT_URL
    return found.rstrip("/").removesuffix("/v1"), key or _key_in(folder)


def _key_in(folder: DataFolder) -> str:
    if not os.access(folder.api_key_file, os.R_OK):
        message = (
            f"There is no API key in {folder.path}. Name the folder of `likeness up` with --data-dir, "
            "or a key with --api-key or LIKENESS_API_KEY."
        )
        raise NotFoundError(message)
    return folder.api_key_file.read_text().strip()
