from pathlib import Path

import pytest

from services.common.errors import InvalidArgumentError, NotFoundError
from services.local.datasets.formats import FORMATS, format_of, rows_of
from services.local.datasets.reader_types import Reading
from services.local.datasets.row import Content


def test_an_unknown_format_names_those_that_are_known(tmp_path: Path) -> None:
    (tmp_path / "set.xyz").write_text("?")
    for name in (None, "voc"):
        with pytest.raises(InvalidArgumentError) as raised:
            format_of(tmp_path / "set.xyz", name)
        assert all(each.name in raised.value.message for each in FORMATS)


def test_a_path_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="is not there"):
        format_of(tmp_path / "gone")


def test_content_is_one_thing() -> None:
    with pytest.raises(ValueError, match="2 were given"):
        Content(url="https://example.com/a.jpg", text="x")


@pytest.mark.parametrize(
    "content",
    [
        '{"images": [{"id": 1}], "categories": [7], "annotations": []}',
        '{"images": [7], "categories": [{"name": "no id"}]}',
        '[{"data": 7, "annotations": 8}]',
        '[7, {"data": {}, "annotations": []}]',
    ],
)
def test_a_file_that_breaks_the_rules_of_its_format_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "set.json").write_text(content)
    with pytest.raises(InvalidArgumentError, match=r"set\.json is not as"):
        list(rows_of(tmp_path / "set.json", Reading()))
