"""What queueing theory says exactly about simple places: Erlang's formulas, and two stages with blocking."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve

MOST_PEOPLE = 80
"""People in or waiting for the first of two stages at which its Markov chain is cut off."""


def erlang_b(places: int, load: float) -> float:
    """Share turned away from so many places offered a load (in places), whatever the lengths of stay."""
    blocked = 1.0
    for n in range(1, places + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(places: int, load: float) -> float:
    """Share who wait for so many places offered a load (in places), with Poisson arrivals and exponential stays."""
    blocked = erlang_b(places, load)
    return blocked / (1 - load / places * (1 - blocked))


def returning(load: float, share: float) -> float:
    """Mean number in places without limit when a share comes back after each stay, and a load comes anew.

    The number is Poisson, whatever the lengths of stay and of the time between.
    """
    return load / (1 - share)


def two_stages(arrivals: float, first: int, second: int, share: float, second_stay: float) -> dict[str, float]:
    """A ward some of whose patients keep their bed until a rehabilitation bed is free: its Markov chain, solved.

    Parameters
    ----------
    arrivals
        People who come in a mean stay in the ward; the unit of time below too.
    first, second
        Beds in the ward, and in rehabilitation.
    share
        Share of the ward's patients who go on to rehabilitation.
    second_stay
        Mean stay there.

    Returns
    -------
    The share who wait for the ward, the mean number of its beds that are blocked, and of people in rehabilitation. All
    times are exponential. MOST_PEOPLE cuts the chain off where it practically never comes.
    """
    states = [
        (people, blocked, after)
        for people in range(MOST_PEOPLE + 1)
        for blocked in range(min(people, first) + 1)
        for after in range(second + 1)
        if blocked == 0 or after == second
    ]
    number = {state: i for i, state in enumerate(states)}
    moves = [
        (i, number[to], rate)
        for (people, blocked, after), i in number.items()
        for to, rate in (
            ((people + 1, blocked, after), arrivals),
            ((people - 1, blocked, after), (min(people, first) - blocked) * (1 - share)),
            (
                (people - 1, blocked, after + 1) if after < second else (people, blocked + 1, after),
                (min(people, first) - blocked) * share,
            ),
            ((people - 1, blocked - 1, after) if blocked else (people, blocked, after - 1), after / second_stay),
        )
        if rate > 0 and to in number
    ]
    people, blocked, after = np.array(states).T
    probability = _steady(moves, len(states))
    return {
        "wait": float(probability @ (people >= first)),
        "blocked": float(probability @ blocked),
        "rehabilitation": float(probability @ after),
    }


def _steady(moves: list[tuple[int, int, float]], states: int) -> np.ndarray:
    """Share of time a Markov chain spends in each state; moves are (from, to, rate)."""
    origin, target, rate = (np.array(column) for column in zip(*moves, strict=True))
    balance = coo_array(
        (np.concatenate([rate, -rate]), (np.concatenate([target, origin]), np.concatenate([origin, origin]))),
        shape=(states, states),
    ).tolil()
    balance[0] = 1.0  # one equation follows from the others; shares of time add up to one
    share: np.ndarray = spsolve(balance.tocsc(), np.eye(states)[0])
    return share
