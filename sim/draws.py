"""Every random number of a run, addressed by what it decides and never by the order of events.

A draw is a hash of (seed, replication, stream, entity, chain, purpose, draw), so two scenarios share their luck and
one more patient disturbs nobody. Scalar functions are for one decision in an engine; array functions give the same
numbers, to the bit, for many people at once. Inverse distributions are in ``rules.py`` and ``normal.py``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.compiled import compiled
from sim.errors import RunError

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_12, _27, _30, _31 = (np.uint64(bits) for bits in (12, 27, 30, 31))
_TWO_TO_MINUS_52 = 2.0**-52

Words = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Word = Any
"""64 bits: an int in Python, uint64 in compiled code."""


class Stream:
    """Which family of entities a draw belongs to."""

    PEOPLE = 0
    ARRIVALS = 1
    """Plain arrivals: stream 1 + its number (at most 63 of them)."""
    PREFILL = 64
    INTERVENTIONS = 66


class Purpose:
    """What a draw decides. Append only: a number is never reused or changed."""

    AGE_PLACE = 1
    FRAILTY = 2
    DEPRIVATION = 3
    PROPENSITY = 4
    RESIDENCE = 5
    END_OF_LIFE = 6
    CONDITION = 7
    LOCALITY = 8
    RECOGNISED = 10
    MANAGED = 11
    POINT_COUNT = 16
    POINT_KEY = 24
    NEED_MINUTE = 32
    NEED_HEIGHT = 33
    CAUSE = 34
    SEVERITY = 35
    DOOR = 36
    WEEKDAY_HOUR = 37
    COURSE_OF = 38
    REFERRED = 39
    LENGTH_OF_STAY = 48
    ROUTE = 49
    DIES = 50
    DIES_WHEN = 51
    LEAVES_TODAY = 52
    LEAVES_HOUR = 53
    PROCESS_DELAY = 54
    SOURCING_DELAY = 55
    IS_DELAYED = 56
    POOL = 57
    READMITTED = 58
    READMITTED_WHEN = 59
    GIVES_UP = 60
    ESCALATES = 61
    EARLY = 62
    THRESHOLD = 63
    FRAILTY_STEP = 64
    LEVER_ADMITTED = 65
    LEVER_SUPPORT = 66
    LEVER_READMITTED = 67
    PRESSURE_READMITTED = 68
    SUPPORT_ENDS = 69
    ARRIVAL_AGE = 72
    ARRIVAL_LOCALITY = 73
    REFERRAL_CONVERTS = 74
    WOULD_BENEFIT = 75
    COUNTED_BY_PILOT = 76
    PREFILL_PERSON = 80
    PREFILL_ELAPSED = 81
    RISK_NOISE = 96
    REACHED = 97
    VISIT = 112
    KEEPS_PLACE = 113
    CARE_HOME_LEVER = 114
    FIRST_STAGE = 115
    LEVER_TO_BEDS = 140
    LEVER_CONVERTS = 141


@compiled("uint64(uint64)")
def mix(z: Word) -> Word:
    """The 64-bit finaliser of splitmix64 (Steele, Lea and Flood 2014)."""
    z = np.uint64(z)
    z = (z ^ (z >> _30)) * _FIRST
    z = (z ^ (z >> _27)) * _SECOND
    return z ^ (z >> _31)


@compiled("uint64(uint64, uint64, uint64)")
def run_key(seed: Word, replication: Word, stream: int) -> Word:
    """Key of one stream of one replication."""
    key = mix(np.uint64(seed) + _GOLDEN) ^ np.uint64(replication)
    key = mix(key + _GOLDEN) ^ np.uint64(stream)
    return mix(key + _GOLDEN)


@compiled("uint64(uint64, uint64)")
def entity_key(key: Word, entity: Word) -> Word:
    """Key of one person, need or unit within a stream."""
    return mix((np.uint64(key) ^ np.uint64(entity)) + _GOLDEN)


@compiled("uint64(uint64, int64, int64, int64)")
def word(entity: Word, chain: int, purpose: int, draw: int) -> Word:
    """The 64 random bits of one decision of the entity with this key."""
    return mix((np.uint64(entity) ^ np.uint64(chain << 32 | purpose << 16 | draw)) + _GOLDEN)


@compiled("float64(uint64, int64, int64, int64)")
def uniform(entity: Word, chain: int, purpose: int, draw: int) -> float:
    """A number strictly between 0 and 1 for one decision, with 52 bits."""
    return (float(word(entity, chain, purpose, draw) >> _12) + 0.5) * _TWO_TO_MINUS_52


def mix_array(z: Words) -> Words:
    """``mix`` for an array of uint64."""
    z = (z ^ (z >> _30)) * _FIRST
    z = (z ^ (z >> _27)) * _SECOND
    return z ^ (z >> _31)


def entity_keys(key: int, entities: Ints | Words) -> Words:
    """``entity_key`` for an array of entities."""
    return mix_array((np.uint64(key) ^ entities.astype(np.uint64)) + _GOLDEN)


def words(entities: Words, chain: int | Words, purpose: int, draw: int | Words = 0) -> Words:
    """``word`` for an array of entity keys; chain and draw may be arrays too."""
    address = np.uint64(purpose << 16) | _as_words(draw) | (_as_words(chain) << np.uint64(32))
    return mix_array((entities ^ address) + _GOLDEN)


def uniforms(entities: Words, chain: int | Words, purpose: int, draw: int | Words = 0) -> Floats:
    """``uniform`` for an array of entity keys, equal to the bit."""
    bits = words(entities, chain, purpose, draw) >> _12
    return (bits.astype(np.float64) + 0.5) * _TWO_TO_MINUS_52


def _as_words(number: Any) -> Any:
    return number if isinstance(number, np.ndarray) else np.uint64(number)


BANDS = 24
"""Height bands of a scatter: 0 to 0.5, 0.5 to 1, 1 to 2, 2 to 4 and so on, in needs per unit of time."""
EDGES = (0.0, *(0.5 * 2.0**band for band in range(BANDS)))
MOST_POINTS = 2048
TOO_MANY_POINTS = (
    "a rate of need, or of plain arrivals, is so high that a quarter (or day) would hold more than "
    f"{MOST_POINTS - 1:,} points: lower the rates, or the ratios that multiply them"
)
"""Why a run with such a rate stops, whichever engine it meets."""


class Scatter(NamedTuple):
    """Points of need of some entities in one cell of time: three arrays of equal length, and whose they are."""

    entity: Ints
    """Index into the arrays given to ``scatter``."""
    key: Words
    """Entity key of the need (the random address of its journey)."""
    position: Floats
    """Position within the cell of time, 0 to 1."""
    height: Floats
    """Height, in needs per unit of time."""


def scatter(keys: Words, cell: int | Ints, kind: int, above: Floats, below: Floats, cell_length: float) -> Scatter:
    """Points with ``above <= height < below`` of a unit-rate Poisson scatter, in one cell of time.

    Parameters
    ----------
    keys: entity keys, one for each person (or stream).
    cell: number of the cell of time (a quarter, or a day): one for all, or one for each entity.
    kind: which scatter of the entity (0 to 7).
    above, below: heights between which points are wanted, one for each entity.
    cell_length: length of the cell in the unit of time of the heights.

    Each cell of time and band is generated from its own address, so asking for more height adds points and moves
    none. Raises RunError where a rate is so high that a cell would hold more than 2,047 points.
    """
    cells, edges = np.broadcast_to(np.asarray(cell, dtype=np.uint64), keys.shape), EDGES
    found: list[Scatter] = []
    for band in range(BANDS):
        low, high = edges[band], edges[band + 1]
        chosen = np.flatnonzero((below > low) & (above < high))
        if chosen.size:
            found.append(_band(keys, chosen, cells, kind, band, low, high, cell_length))
        elif not (below > high).any():
            break
    if not found:
        empty = np.zeros(0)
        return Scatter(empty.astype(np.int64), empty.astype(np.uint64), empty, empty)
    points = Scatter(
        np.concatenate([part.entity for part in found]),
        np.concatenate([part.key for part in found]),
        np.concatenate([part.position for part in found]),
        np.concatenate([part.height for part in found]),
    )
    kept = (points.height >= above[points.entity]) & (points.height < below[points.entity])
    return Scatter(points.entity[kept], points.key[kept], points.position[kept], points.height[kept])


def points_of_one(
    key: Word, cell: int, kind: int, above: float, below: float, cell_length: float
) -> Iterator[tuple[Word, float, float]]:
    """``scatter`` for one entity: key, position and height of each of its points."""
    for band in range(BANDS):
        low, high = EDGES[band], EDGES[band + 1]
        if low >= below:
            return
        if high <= above:
            continue
        u = uniform(key, cell, Purpose.POINT_COUNT + kind, band)
        for number in range(bisect_right(poisson_cumulative((high - low) * cell_length), u)):
            need = word(key, cell, Purpose.POINT_KEY + kind, band * MOST_POINTS + number)
            height = low + (high - low) * uniform(need, 0, Purpose.NEED_HEIGHT, 0)
            if above <= height < below:
                yield need, uniform(need, 0, Purpose.NEED_MINUTE, 0), height


def _band(
    keys: Words, chosen: Ints, cells: Words, kind: int, band: int, low: float, high: float, cell_length: float
) -> Scatter:
    u = uniforms(keys[chosen], cells[chosen], Purpose.POINT_COUNT + kind, band)
    counts = poisson_counts(u, (high - low) * cell_length)
    entity = np.repeat(chosen, counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    number = (np.arange(entity.size) - first).astype(np.uint64)
    key = words(keys[entity], cells[entity], Purpose.POINT_KEY + kind, np.uint64(band * MOST_POINTS) + number)
    position = uniforms(key, 0, Purpose.NEED_MINUTE)
    height = low + (high - low) * uniforms(key, 0, Purpose.NEED_HEIGHT)
    return Scatter(entity, key, position, height)


def poisson_counts(u: Floats, mean: float) -> Ints:
    """Poisson numbers with this mean, by inversion of uniforms."""
    return np.searchsorted(poisson_cumulative(mean), u, side="right").astype(np.int64)


@cache
def poisson_cumulative(mean: float) -> Floats:
    """Chance of at most 0, 1, 2 and so on points; raises RunError where a cell cannot hold so many."""
    most = int(mean + 12 * mean**0.5 + 20)
    if most >= MOST_POINTS:
        raise RunError(TOO_MANY_POINTS)
    number = np.arange(1, most)
    log_probability = -mean + np.concatenate([[0.0], np.cumsum(np.log(mean) - np.log(number))])
    return np.asarray(np.cumsum(np.exp(log_probability)))
