"""The formats that are read: their names, how a path is recognised, and their readers."""

from collections.abc import Callable
from pathlib import Path

from services.common.errors import InvalidArgumentError, NotFoundError
from services.local.datasets.reader_types import Format, Reading, Rows
from services.local.datasets.readers.coco import is_coco, read_coco
from services.local.datasets.readers.cvat import read_cvat, source_of
from services.local.datasets.readers.fiftyone import is_fiftyone, read_fiftyone
from services.local.datasets.readers.folders import read_folder, read_splits, splits_of
from services.local.datasets.readers.label_studio import read_label_studio, tasks_of
from services.local.datasets.readers.parquet import files_of, read_parquet
from services.local.datasets.readers.shards import read_shards, shards_of
from services.local.datasets.readers.tables import DELIMITERS, LINES, read_table, table_at


def _has_table(*suffixes: str) -> Callable[[Path], bool]:
    return lambda path: table_at(path, suffixes) is not None


def _only_shards(path: Path) -> bool:
    found = shards_of(path)
    return bool(found) and (path.is_file() or not any(each.is_dir() for each in path.iterdir()))


def _holds_parquet(path: Path) -> bool:
    return path.suffix == ".parquet" if path.is_file() else bool(files_of(path))


# In the order in which they are looked for: what is sure comes first, any folder last.
FORMATS = (
    Format("label-studio", "Label Studio's JSON", lambda path: tasks_of(path) is not None, read_label_studio),
    Format("coco", "COCO's JSON, or its folder", is_coco, read_coco),
    Format("cvat", "CVAT for images (annotations.xml)", lambda path: source_of(path) is not None, read_cvat),
    Format("fiftyone", "a folder of FiftyOne (samples.json)", is_fiftyone, read_fiftyone),
    Format("parquet", "Parquet files, also Hugging Face's", _holds_parquet, read_parquet),
    Format("webdataset", "tar shards (.tar)", _only_shards, read_shards),
    Format("yolo", "train/<label>/<file>, val/<label>/<file>", lambda path: bool(splits_of(path)), read_splits),
    Format("csv", "a table with a row per file (.csv, .tsv)", _has_table(*DELIMITERS), read_table),
    Format("jsonl", "a JSON object a line, one per file (.jsonl)", _has_table(*LINES), read_table),
    Format("folder", "a folder per label, or one without labels", lambda path: path.is_dir(), read_folder),
)
BY_NAME = {each.name: each for each in FORMATS}


def format_of(path: Path, name: str | None = None) -> Format:
    """The format that is named, else the one that the path looks like.

    NotFoundError where there is no such path, InvalidArgumentError names the formats that there are.
    """
    if not path.exists():
        raise NotFoundError(f"{path} is not there.", resource="path", id=str(path))
    if name is not None:
        if name not in BY_NAME:
            raise InvalidArgumentError(f"There is no format '{name}'. {told()}", path="format")
        return BY_NAME[name]
    found = next((each for each in FORMATS if each.is_at(path)), None)
    if found is None:
        raise InvalidArgumentError(f"{path} is in no format that is known. {told()}", path=str(path))
    return found


def told() -> str:
    """A sentence with all formats."""
    return "Known are " + "; ".join(f"{each.name}: {each.what}" for each in FORMATS) + "."


def rows_of(path: Path, reading: Reading, name: str | None = None) -> Rows:
    """The rows of the set at a path. InvalidArgumentError for a file that breaks the rules of its format."""
    found = format_of(path, name)
    try:
        yield from found.read(path, reading)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        message = f"{path} is not as '{found.name}' has it: {type(error).__name__}, {error}."
        raise InvalidArgumentError(message, path=str(path)) from error
    except OSError as error:
        raise InvalidArgumentError(
            f"{error.filename or path} cannot be read: {error.strerror}.", path=str(path)
        ) from error
