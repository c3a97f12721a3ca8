"""Ids: the contract's prefixes, and one derived id per part of an object."""

import re

from services.common.ids import document_id, new_id


def test_ids_have_prefix_and_length() -> None:
    assert re.fullmatch(r"bkt_[a-z0-9]{10}", new_id("bkt"))
    assert len({new_id("obj") for _ in range(1000)}) == 1000


def test_the_same_part_always_gives_the_same_document() -> None:
    assert document_id("col_a", "obj_b", 0) == document_id("col_a", "obj_b", 0)
    ids = {document_id(c, o, p) for c in ("col_a", "col_b") for o in ("obj_a", "obj_b") for p in range(3)}
    assert len(ids) == 12
