"""A block behaves as a dictionary of vectors that can be searched."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.index.domain import RowKey, unit
from services.index.vectors.exact_block import SMALLEST, Block
from tests.support.index.corpus import unit_vectors

POOL = unit_vectors(64, 8)
Step = tuple[bool, list[tuple[int, int]]]
STEPS = st.lists(
    st.tuples(st.booleans(), st.lists(st.tuples(st.integers(0, 200), st.integers(0, 63)), max_size=100)), max_size=12
)


@given(STEPS)
def test_it_holds_what_a_dictionary_would(steps: list[Step]) -> None:
    block, model = Block(8), dict[RowKey, int]()
    for puts, pairs in steps:
        chosen = {RowKey(key): row for key, row in pairs}
        if puts:
            block.put(list(chosen), POOL[list(chosen.values())].reshape(-1, 8))
            model.update(chosen)
        else:
            block.remove(list(chosen))
            model = {key: row for key, row in model.items() if key not in chosen}
    assert sorted(block.row_keys()) == sorted(model)
    assert len(block) == len(model)
    np.testing.assert_array_equal(block.get(list(model)), POOL[list(model.values())].reshape(-1, 8))
    np.testing.assert_array_equal(block.matrix, POOL[[model[key] for key in block.row_keys()]].reshape(-1, 8))


def test_memory_is_given_back() -> None:
    block = Block(8)
    keys = list(map(RowKey, range(10_000)))
    block.put(keys, unit_vectors(10_000, 8))
    grown = block.capacity
    block.remove(keys[10:])
    assert grown >= 10_000
    assert block.capacity == SMALLEST
    assert sorted(block.row_keys()) == keys[:10]


def test_a_search_names_keys_not_rows() -> None:
    block = Block(8)
    block.put([RowKey(7), RowKey(3), RowKey(9)], POOL[:3])
    block.remove([RowKey(7)])
    [found] = block.search(unit(POOL[2])[None], 1)
    assert found.keys[found.scores.argmax()] == 9
