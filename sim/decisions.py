"""Draws put to rules: each decision of an engine that needs a random number, from the keys that address it.

Scalars in, scalars out, compiled: an engine looks up the numbers, and this knows which draws the rule is asked with.
Keys are entity keys (``sim.draws``); ``key`` is that of a visit to a stage.
"""

from __future__ import annotations

from sim import rules
from sim.compiled import compiled
from sim.draws import Purpose, Word, uniform, word

_VISIT, _LENGTH_OF_STAY, _FRAILTY_STEP = Purpose.VISIT, Purpose.LENGTH_OF_STAY, Purpose.FRAILTY_STEP
_IS_DELAYED, _PROCESS, _SOURCING = Purpose.IS_DELAYED, Purpose.PROCESS_DELAY, Purpose.SOURCING_DELAY
_LEAVES_TODAY, _LEAVES_HOUR = Purpose.LEAVES_TODAY, Purpose.LEAVES_HOUR
_READMITTED, _READMITTED_WHEN = Purpose.READMITTED, Purpose.READMITTED_WHEN
_GIVES_UP, _ESCALATES, _THRESHOLD = Purpose.GIVES_UP, Purpose.ESCALATES, Purpose.THRESHOLD
_MOST_VISITS = 64
_DAYS = 1 << 16
_LATEST_READMISSION = 30.0 * rules.DAY - 1


@compiled("uint64(uint64, int64, int64, int64)")
def visit_key(need: Word, chain: int, stage: int, visit: int) -> Word:
    """Key of a visit to a stage; ``visit`` counts earlier ones in the chain of the need."""
    return word(need, chain, _VISIT, stage * _MOST_VISITS + min(visit, _MOST_VISITS - 1))


@compiled("boolean(uint64, int64, float64)")
def happens(key: Word, purpose: int, chance: float) -> bool:
    """True if what has this chance happens, by the draw for this purpose."""
    return rules.happens(uniform(key, 0, purpose, 0), chance)


@compiled("int64(uint64, int64, float64, float64)")
def length_of_stay(key: Word, kind: int, mean_minutes: float, sigma: float) -> int:
    """Whole minutes of a stay."""
    return rules.whole_minutes(rules.duration(kind, mean_minutes, sigma, uniform(key, 0, _LENGTH_OF_STAY, 0)))


@compiled("int64(uint64, int64, int64, int64, int64, float64)")
def leaves_on(key: Word, attempt: int, minute: int, from_hour: int, to_hour: int, chance: float) -> int:
    """Minute at which somebody ready leaves on the day of ``minute``, -1 if not; ``attempt`` 0 on the first day."""
    u_today, u_hour = uniform(key, attempt, _LEAVES_TODAY, 0), uniform(key, attempt, _LEAVES_HOUR, 0)
    return rules.leaving_minute(minute, from_hour, to_hour, chance, u_today, u_hour, attempt == 0)


@compiled("UniTuple(int64, 2)(uint64, float64, float64, float64, float64)")
def drawn_delay(
    key: Word, process_mean: float, sourcing_mean: float, delayed_share: float, sigma: float
) -> tuple[int, int]:
    """Minutes of process and of sourcing delay, from their means in minutes: people have both or neither."""
    u = uniform(key, 0, _IS_DELAYED, 0)
    return (
        rules.delay_minutes(process_mean, delayed_share, sigma, u, uniform(key, 0, _PROCESS, 0)),
        rules.delay_minutes(sourcing_mean, delayed_share, sigma, u, uniform(key, 0, _SOURCING, 0)),
    )


@compiled("boolean(uint64, float64, float64, float64)")
def admitted_on_threshold(key: Word, slope: float, free_share: float, reference_free_share: float) -> bool:
    """True if a minor need is admitted because acute beds are free."""
    return rules.admitted_on_threshold(uniform(key, 0, _THRESHOLD, 0), slope, free_share, reference_free_share)


@compiled("int64(uint64, float64, float64, float64)")
def frailty_step(key: Word, delay_days: float, mean_days: float, steps_per_day: float) -> int:
    """Step of frailty (-1, 0 or 1) after more or less delay than the mean."""
    return rules.frailty_step(uniform(key, 0, _FRAILTY_STEP, 0), delay_days, mean_days, steps_per_day)


@compiled("int64(uint64, float64, float64, float64, float64)")
def readmitted_after(key: Word, chance: float, stay_ratio: float, per_cent: float, mean_minutes: float) -> int:
    """Minutes until the person is back, within 30 days; -1 if there is no readmission."""
    pressed = rules.pressed_readmission(chance, stay_ratio, per_cent)
    if not rules.happens(uniform(key, 0, _READMITTED, 0), pressed):
        return -1
    drawn = rules.duration(rules.EXPONENTIAL, mean_minutes, 0.0, uniform(key, 0, _READMITTED_WHEN, 0))
    return rules.whole_minutes(min(drawn, _LATEST_READMISSION))


@compiled("int64(uint64, int64, int64, int64, float64, float64, float64, float64, float64)")
def unseen(
    need: Word, chain: int, day: int, severity: int, wait: float, divert: float, reference: float, share: float,
    strength: float,
) -> int:  # fmt: skip
    """What somebody not seen by closing time of a day does: rules.WAITS, DIVERTS or DROPS_OUT."""
    u = uniform(need, chain, _GIVES_UP, day % _DAYS)
    return rules.unseen(u, severity, wait, divert, reference, share, strength)


@compiled("boolean(uint64, int64, int64, float64, int64, float64)")
def escalates(need: Word, chain: int, day: int, share_per_day: float, waited_days: int, after_days: float) -> bool:
    """True if somebody who waits goes another way on a day."""
    return rules.escalates(uniform(need, chain, _ESCALATES, day % _DAYS), share_per_day, waited_days, after_days)
