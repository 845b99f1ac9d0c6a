"""Deaths taken apart: who nears the end of life, how often they need care, and where they die.

People who need more die in hospital sooner, so those met near the end are the ones who need less than others. The
shares are solved with that, by quadrature over people's lasting multiplier of need; nothing is simulated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import roots_genlaguerre

from sim.system import Place

Floats = npt.NDArray[np.float64]
OWN_HOME, HOME_WITH_CARE, CARE_HOME = 0, 1, 2
_NODES = 32
_HALVINGS = 60
_MOST_DIE_IN_A_STAY = 0.45
_MOST_NEAR_THE_END = 0.6


@dataclass(frozen=True)
class Dying:
    """The end of life of each age, [age, frailty, residence]; [.., end of life] where both states are told apart."""

    near_end: Floats
    """Share of people nearing the end of life."""
    entering: Floats
    """Entering that state a person-year, for people not in it."""
    relative: Floats
    """Urgent need of one and the same person, fit and not near the end being 1, [.., end of life]."""
    density: Floats
    """Share of people at each node of the multiplier, [.., end of life, node]; sums to 1."""
    nodes: Floats
    """Lasting multiplier of need, [age, node], mean 1 over everybody."""
    in_hospital: Floats
    """Chance to die in an overnight stay, [age, frailty, end of life]."""
    outside: Floats
    """Deaths a person-year outside acute hospital, [.., end of life]."""

    @property
    def multiplier(self) -> Floats:
        """Mean multiplier of the people met in each state, [.., end of life]."""
        return np.asarray(np.einsum("afreq,aq->afre", self.density, self.nodes))


def dying(place: Place, share: Floats, died: Floats, overnight: Floats, spread: Floats) -> Dying:
    """The end of life that gives the published deaths and places of death.

    Parameters
    ----------
    place
        A place with people and deaths.
    share
        Shares of each age band by frailty and residence, [age, frailty, residence].
    died
        Deaths a person-year, [age, frailty, residence].
    overnight
        Overnight emergency stays a person-year, by age.
    spread
        Mean square of the lasting multiplier of need, by age.
    """
    people, deaths = place.people, place.deaths
    assert people is not None
    assert deaths is not None
    foreseen = people.end_of_life.share_of_deaths.value
    by_frailty = np.array(people.frailty_urgent_ratio.values)
    in_hospital_share = _hospital_shares(place, share, died)
    nodes, weights = _multiplier_nodes(spread)
    flow = foreseen * share * died
    years = people.end_of_life.median_months.value / 12 / np.log(2)

    # Near the end, people of multiplier m die in hospital at rate g x odds x frailty ratio x m, elsewhere at rate g.
    need = by_frailty[None, :, None, None] * nodes[:, None, None, :]
    odds = _odds(flow, need, weights, in_hospital_share)
    left = 1 / (1 + odds[:, None, :, None] * need)
    mean_left = np.einsum("afrq,aq->afr", left, weights)
    elsewhere = _by_kind(flow * mean_left) / np.maximum(_by_kind(flow), 1e-12) / years
    stock = flow * mean_left / elsewhere[:, None, :]
    near_end = np.minimum(_over(stock, share), _MOST_NEAR_THE_END)
    before_and_near = (np.broadcast_to(weights[:, None, None, :], left.shape), left * weights[:, None, None, :])
    density = np.stack(before_and_near, axis=-2)
    density = density / density.sum(axis=-1, keepdims=True)
    not_near = share * (1 - near_end)
    near = share * near_end * np.einsum("afrq,aq->afr", density[..., 1, :], nodes) * by_frailty[None, :, None]
    before = (not_near * by_frailty[None, :, None]).sum(axis=(1, 2))
    stated = people.end_of_life.urgent_needs_ratio.value
    rise, per_need, chance = _need_near_the_end(before, near.sum(axis=1), odds * elsewhere, overnight, stated)
    sudden_in_stay, suddenly = _sudden_deaths(
        place, (1 - foreseen) * share * died, in_hospital_share, not_near, per_need
    )
    at_need = np.stack([np.ones_like(rise), rise], axis=-1)
    return Dying(
        near_end=near_end,
        entering=_over(flow, not_near),
        relative=by_frailty[None, :, None, None] * at_need[:, None],
        density=density,
        nodes=nodes,
        in_hospital=np.stack([sudden_in_stay, np.broadcast_to(chance[:, None], sudden_in_stay.shape)], axis=-1),
        outside=np.stack([suddenly, np.broadcast_to(elsewhere[:, None, :], share.shape)], axis=-1),
    )


def _multiplier_nodes(spread: Floats) -> tuple[Floats, Floats]:
    """Values and weights, [age, node], of gamma distributions with mean 1 and this mean square (Gauss-Laguerre)."""
    excess = np.maximum(spread - 1, 1e-3)
    found = [roots_genlaguerre(_NODES, 1 / e - 1) for e in excess]
    return np.array([x * e for (x, _), e in zip(found, excess, strict=True)]), np.array([w / w.sum() for _, w in found])


def _hospital_shares(place: Place, share: Floats, died: Floats) -> Floats:
    """Share of deaths that are in acute hospital, by residence: care-home residents' is stated, the rest follows."""
    people, deaths = place.people, place.deaths
    assert people is not None
    assert deaths is not None
    number = share * died * np.array(people.residents.values)[:, None, None]
    of_residents = number[..., CARE_HOME].sum()
    own = deaths.care_home_residents_hospital_share.value
    others = (deaths.hospital_share.value * number.sum() - own * of_residents) / (number.sum() - of_residents)
    if not 0 <= others < 1:
        raise ValueError(
            f"deaths.hospital_share: with {own:.0%} of care-home residents' deaths in hospital, {others:.0%} of all "
            "other deaths would have to be; it must lie between 0 and 100%"
        )
    return np.array([others, others, own])


def _by_kind(values: Floats) -> Floats:
    """Sums over everybody outside care homes, and over their residents, as [age, residence]."""
    living = values.sum(axis=1)
    at_home = living[:, :CARE_HOME].sum(axis=1)
    return np.stack([at_home, at_home, living[:, CARE_HOME]], axis=1)


def _odds(flow: Floats, need: Floats, weights: Floats, wanted: Floats) -> Floats:
    """Hospital deaths over deaths elsewhere for somebody fit of multiplier 1, [age, residence]: found by halving."""
    low, high = np.full((len(flow), 3), -12.0), np.full((len(flow), 3), 12.0)
    total = np.maximum(_by_kind(flow), 1e-12)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        hospital = np.exp(middle)[:, None, :, None] * need
        reached = _by_kind(flow * np.einsum("afrq,aq->afr", hospital / (1 + hospital), weights)) / total
        low, high = np.where(reached < wanted, middle, low), np.where(reached < wanted, high, middle)
    return np.asarray(np.exp((low + high) / 2))


def _need_near_the_end(
    before: Floats, near: Floats, to_hospital: Floats, overnight: Floats, stated: float
) -> tuple[Floats, Floats, Floats]:
    """Rise of need [age, residence], overnight stays for each unit of relative need, and the chance to die in a stay.

    At home need rises by the stated ratio, or by as much more as it takes that no more than 45% of the stays end in
    death; in care homes in proportion to how much less often residents die in hospital. ``before`` and ``near`` are
    relative needs before the rise; ``to_hospital`` deaths in hospital a year for each unit of it.
    """
    at_home = to_hospital[:, :1]
    per_need = overnight / (before + stated * (near * to_hospital / at_home).sum(axis=1))
    chance = np.minimum(at_home[:, 0] / (stated * per_need), _MOST_DIE_IN_A_STAY)
    stays = to_hospital / chance[:, None]
    per_need = (overnight - (stays * near).sum(axis=1)) / before
    if np.any(per_need <= 0):
        raise ValueError(
            "deaths.hospital_share: the deaths in hospital of people nearing the end of life take more overnight "
            "admissions than there are"
        )
    return stays / per_need[:, None], per_need, chance


def _sudden_deaths(
    place: Place, unforeseen: Floats, hospital_share: Floats, share: Floats, per_need: Floats
) -> tuple[Floats, Floats]:
    """Unforeseen deaths in and outside hospital.

    Returns the chance to die in a stay [age, frailty], in proportion to the hazard of death by frailty, and deaths
    elsewhere a person-year [age, frailty, residence], which are what is left.
    """
    people = place.people
    assert people is not None
    ratio, need = np.array(people.frailty_death_ratio.values), np.array(people.frailty_urgent_ratio.values)
    in_hospital = (unforeseen * hospital_share).sum(axis=(1, 2))
    stays = share.sum(axis=2) * need * per_need[:, None]
    chance = np.minimum(in_hospital[:, None] * ratio / (stays * ratio).sum(axis=1, keepdims=True), 0.9)
    elsewhere = np.maximum(unforeseen - share * (chance * need * per_need[:, None])[:, :, None], 0.0)
    wanted = unforeseen.sum(axis=(1, 2)) - in_hospital
    elsewhere *= (wanted / elsewhere.sum(axis=(1, 2)))[:, None, None]
    return chance, _over(elsewhere, share)


def _over(values: Floats, share: Floats) -> Floats:
    """Values a person; 0 where nobody lives."""
    return np.divide(values, share, out=np.zeros_like(values), where=share > 0)
