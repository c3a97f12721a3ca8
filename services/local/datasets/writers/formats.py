"""The formats that are written, by name."""

from services.common.errors import InvalidArgumentError
from services.local.datasets.writer_types import Format
from services.local.datasets.writers.coco import write_coco
from services.local.datasets.writers.cvat import write_cvat
from services.local.datasets.writers.fiftyone import write_fiftyone
from services.local.datasets.writers.folder import write_folder, write_yolo
from services.local.datasets.writers.label_studio import write_label_studio
from services.local.datasets.writers.parquet import write_parquet
from services.local.datasets.writers.tables import write_csv, write_jsonl
from services.local.datasets.writers.webdataset import write_webdataset

FORMATS = (
    Format(name="folder", what="a folder per label", write=write_folder, one=True),
    Format(name="csv", what="a table with the files beside it", write=write_csv),
    Format(name="jsonl", what="a JSON object a line, with the files beside it", write=write_jsonl),
    Format(name="parquet", what="Parquet as Hugging Face's datasets has it", write=write_parquet),
    Format(name="coco", what="COCO, a box around each picture", write=write_coco, pictures=True),
    Format(
        name="yolo",
        what="YOLO classification: train/<label>/<file>, val/<label>/<file>",
        write=write_yolo,
        one=True,
        labelled=True,
        pictures=True,
        splits="train=0.8,val=0.2",
    ),
    Format(name="label-studio", what="Label Studio's JSON", write=write_label_studio),
    Format(name="cvat", what="CVAT for images, labels as tags", write=write_cvat, pictures=True),
    Format(name="webdataset", what="tar shards", write=write_webdataset),
    Format(name="fiftyone", what="a folder of FiftyOne", write=write_fiftyone, pictures=True),
)
BY_NAME = {each.name: each for each in FORMATS}


def writer_of(name: str) -> Format:
    """The format of this name; InvalidArgumentError names those that there are."""
    if name in BY_NAME:
        return BY_NAME[name]
    told = "; ".join(f"{each.name}: {each.what}" for each in FORMATS)
    raise InvalidArgumentError(f"There is no format '{name}'. Known are {told}.", path="--as")
