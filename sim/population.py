"""The people of a place at minute 0, each by their own draws, and who follows somebody who dies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, gammainccinv, gammaincinv

from sim.draws import Purpose, Stream, entity_keys, run_key, uniform, uniforms
from sim.plans.plan import Plan

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
GENERATION_BITS = 40
"""A life's entity is the person id with the generation above these bits."""


@dataclass(frozen=True)
class Population:
    """One row a person, ordered by id: whole numbers but for the two multipliers."""

    person: Ints
    """Id: 4 x number within the age band + age band, so that one more person renumbers nobody."""
    age: Ints
    locality: Ints
    frailty: Ints
    deprivation: Ints
    """0 most deprived to 4 least."""
    residence: Ints
    end_of_life: Ints
    conditions: Ints
    """Bit c is set for condition c."""
    propensity: Floats
    """Lasting multiplier of need, mean 1 within the age band: what no record shows."""
    multiplier: Floats
    """Propensity x deprivation x conditions, mean 1 within the age band."""


def population(plan: Plan, seed: int, replication: int) -> Population:
    """The people alive at minute 0 of one replication."""
    age = np.concatenate([np.full(n, a) for a, n in enumerate(plan.people)]).astype(np.int64)
    number = np.concatenate([np.arange(n) for n in plan.people]).astype(np.int64)
    order = np.argsort(number * 4 + age, kind="stable")
    age, person = age[order], (number * 4 + age)[order]
    keys = entity_keys(run_key(seed, replication, Stream.PEOPLE), person)
    frailty = _choose(uniforms(keys, 0, Purpose.FRAILTY), plan.frailty_shares, age)
    deprivation = (uniforms(keys, 0, Purpose.DEPRIVATION) * 5).astype(np.int64)
    residence = _choose(uniforms(keys, 0, Purpose.RESIDENCE), plan.residence_shares, (age, frailty))
    propensity = _propensity(plan, age, uniforms(keys, 0, Purpose.PROPENSITY))
    conditions = conditions_of(plan, seed, replication, person, age, np.zeros_like(person))
    near_end = uniforms(keys, 0, Purpose.END_OF_LIFE) < plan.end_of_life_share[age, frailty, residence]
    return Population(
        person=person,
        age=age,
        locality=_choose(uniforms(keys, 0, Purpose.LOCALITY), plan.locality_shares),
        frailty=frailty,
        deprivation=deprivation,
        residence=residence,
        end_of_life=near_end.astype(np.int64),
        conditions=conditions,
        propensity=propensity,
        multiplier=propensity * plan.deprivation[deprivation] * condition_factor(plan, age, conditions),
    )


def conditions_of(plan: Plan, seed: int, replication: int, person: Ints, age: Ints, generation: Ints) -> Ints:
    """Conditions of lives, as bits: drawn from the age band's prevalence."""
    keys = entity_keys(run_key(seed, replication, Stream.PEOPLE), person | generation << GENERATION_BITS)
    bits = np.zeros_like(person)
    for c, prevalence in enumerate(plan.condition_prevalence):
        bits |= (uniforms(keys, 0, Purpose.CONDITION, c) < prevalence[age]).astype(np.int64) << c
    return bits


def conditions_of_one(key: int, prevalence: Sequence[Sequence[float]], age: int) -> int:
    """``conditions_of`` for the life with this entity key."""
    drawn = (uniform(key, 0, Purpose.CONDITION, c) < by_age[age] for c, by_age in enumerate(prevalence))
    return sum(has << c for c, has in enumerate(drawn))


def condition_factor(plan: Plan, age: Ints, conditions: Ints) -> Floats:
    """Relative need by conditions: 1 plus what each adds, over the age band's mean."""
    factor, mean = np.ones(age.size), np.ones(age.size)
    for c, extra in enumerate(plan.condition_extra):
        factor += extra * (conditions >> c & 1)
        mean += extra * plan.condition_prevalence[c][age]
    return np.asarray(factor / mean)


def _propensity(plan: Plan, age: Ints, u: Floats) -> Floats:
    """Gamma quantiles of mean 1 with each age band's shape, read off a table of 8,193 points."""
    logit, found = np.log(u / (1.0 - u)), np.empty(u.size)
    for band, shape in enumerate(plan.propensity_shape.tolist()):
        mine = age == band
        found[mine] = np.interp(logit[mine], _LOGITS, _gamma_quantiles(shape))
    return found


_LOGITS = np.linspace(-36.0, 36.0, 8193)
"""Logarithms of odds between which quantiles are interpolated: all that a uniform of 52 bits can be."""


@lru_cache(maxsize=16)
def _gamma_quantiles(shape: float) -> Floats:
    """Quantiles of a gamma distribution of mean 1 at each of ``_LOGITS``, from the nearer tail."""
    below, above = _LOGITS[_LOGITS < 0.0], _LOGITS[_LOGITS >= 0.0]
    return np.concatenate([gammaincinv(shape, expit(below)), gammainccinv(shape, expit(-above))]) / shape


def _choose(u: Floats, cumulative: Floats, group: Any = ()) -> Ints:
    """Which of several each is, by ``cumulative[.., which]`` shares in everybody's group."""
    found = np.zeros(u.size, dtype=np.int64)
    for share in np.moveaxis(cumulative, -1, 0)[:-1]:
        found += u >= share[group]
    return found
