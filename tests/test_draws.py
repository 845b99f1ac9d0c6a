"""Every random number: the published test vectors, scalars equal arrays, and one more of anything disturbs nobody."""

from __future__ import annotations

import numpy as np
import pytest

from sim import draws
from sim.errors import RunError
from sim.experiments.verify import HASH_VECTORS


@pytest.mark.parametrize("vector", HASH_VECTORS)
def test_the_hash_gives_its_test_vectors(vector: tuple[int, ...]) -> None:
    seed, replication, stream, entity, chain, purpose, draw, run, key, bits, u = vector
    assert draws.run_key(seed, replication, stream) == run
    assert draws.entity_key(run, entity) == key
    assert draws.word(key, chain, purpose, draw) == bits
    assert draws.uniform(key, chain, purpose, draw) == u


def test_arrays_equal_scalars_to_the_bit() -> None:
    run = draws.run_key(7, 3, 0)
    entities = np.arange(2000)
    keys = draws.entity_keys(run, entities)
    for purpose in (1, 48, 65535):
        expected = [draws.uniform(draws.entity_key(run, i), 5, purpose, i % 9) for i in range(2000)]
        assert draws.uniforms(keys, 5, purpose, (entities % 9).astype(np.uint64)).tolist() == expected


def test_purposes_never_share_a_number() -> None:
    numbers = [number for name, number in vars(draws.Purpose).items() if name.isupper()]
    assert len(numbers) == len(set(numbers)) > 40


def _points(people: int, rate: float, cell: int = 4) -> draws.Scatter:
    keys = draws.entity_keys(draws.run_key(1, 0, 0), np.arange(people))
    return draws.scatter(keys, cell, 0, np.zeros(people), np.full(people, rate), 0.25)


def test_points_have_the_rate_asked_for() -> None:
    people, rate = 40_000, 3.3
    points = _points(people, rate)
    expected = people * rate * 0.25
    assert abs(points.entity.size - expected) < 4 * expected**0.5
    assert abs(np.mean(points.position) - 0.5) < 4 * (1 / 12 / expected) ** 0.5
    assert np.all(points.height < rate)


def test_a_higher_rate_adds_points_and_moves_none() -> None:
    few, many = _points(500, 0.7), _points(500, 5.0)
    assert set(few.key.tolist()) < set(many.key.tolist())
    below = many.key[many.height < 0.7]
    assert sorted(below.tolist()) == sorted(few.key.tolist())


def test_one_more_person_disturbs_nobody() -> None:
    before, after = _points(500, 2.0), _points(501, 2.0)
    same = after.entity < 500
    assert np.array_equal(np.sort(after.key[same]), np.sort(before.key))


def test_points_between_two_heights_complete_those_below() -> None:
    keys = draws.entity_keys(draws.run_key(1, 0, 0), np.arange(300))
    whole = draws.scatter(keys, 2, 1, np.zeros(300), np.full(300, 6.0), 0.25)
    lower = draws.scatter(keys, 2, 1, np.zeros(300), np.full(300, 1.3), 0.25)
    upper = draws.scatter(keys, 2, 1, np.full(300, 1.3), np.full(300, 6.0), 0.25)
    assert sorted(whole.key.tolist()) == sorted(lower.key.tolist() + upper.key.tolist())


def test_kinds_and_cells_are_independent() -> None:
    assert not set(_points(500, 4.0, cell=1).key.tolist()) & set(_points(500, 4.0, cell=2).key.tolist())


def test_a_rate_too_high_for_a_cell_is_refused() -> None:
    with pytest.raises(RunError, match="more than 2,047 points"):
        draws.poisson_counts(np.array([0.5]), 3000.0)


def test_points_of_one_entity_are_its_points_among_many() -> None:
    keys = draws.entity_keys(draws.run_key(3, 1, 0), np.arange(200))
    cells = np.arange(200) % 5
    found = draws.scatter(keys, cells, 1, np.full(200, 0.3), np.full(200, 6.0), 0.25)
    assert found.key.size > 100
    for i in range(200):
        mine = found.entity == i
        points = (found.key[mine].tolist(), found.position[mine].tolist(), found.height[mine].tolist())
        alone = draws.points_of_one(int(keys[i]), int(cells[i]), 1, 0.3, 6.0, 0.25)
        assert list(alone) == list(zip(*points, strict=True))
