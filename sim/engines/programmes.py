"""Programmes in a run: what they do to a person now, and who is enrolled when people are ranked each quarter."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim import rules
from sim.draws import Purpose, Stream, entity_key, run_key, uniform
from sim.engines.state import State
from sim.engines.tables import Tables
from sim.normal import normal_quantile
from sim.plans.plan import QUARTER_DAYS, Plan

YEAR_MINUTES = 365 * rules.DAY
STRENGTH_OF = {
    "unmet_need": "case_finding", "simple_referrals": "new_clinic_referrals", "deskilling": "deskilling",
    "duplication": "unclear_roles", "gaps": "unclear_roles",
}  # fmt: skip
"""Loop whose strength multiplies the effect of what a programme may do wrong."""


class Programmes:
    """Levers and enrolment of one run."""

    def __init__(self, state: State, tables: Tables) -> None:
        self.state, self.tables = state, tables
        self.active = [i for i, on in enumerate(tables.programme_active) if on and tables.ratio[i]]
        self._moving = {lever for i in self.active for lever in tables.ratio[i]}
        self._part: dict[tuple[int, int], bool] = {}
        self._key = run_key(state.seed, state.replication, Stream.INTERVENTIONS)

    def ratio(self, lever: str, row: int, now: int) -> float:
        """Product of a lever's effects of every programme that covers a person now; exactly 1 if none does."""
        if lever not in self._moving or row < 0:
            return 1.0
        product = strongest = 1.0
        for i in self.active:
            stated = self.tables.ratio[i].get(lever)
            if stated is not None:
                share = self._share(i, row, now)
                if share > 0.0:
                    strength = self.tables.loop[STRENGTH_OF[lever]] if lever in STRENGTH_OF else 1.0
                    effect = rules.effect(stated, share * self._grown(i, lever, now) * strength)
                    product, strongest = product * effect, min(strongest, effect)
        cap = self.tables.overlap.get(lever)
        return product if cap is None else rules.overlapping(product, strongest, cap)

    def moves(self, *levers: str) -> bool:
        """True if an active programme moves one of some levers."""
        return not self._moving.isdisjoint(levers)

    def _grown(self, i: int, lever: str, now: int) -> float:
        """Share of an effect that comes slowly that is there by now."""
        half_time = self.tables.growth[i].get(lever, 0.0)
        return rules.ramp((now - self.tables.programme_start[i]) / rules.DAY, half_time, 1.0, -1.0, 0.0)

    def highest(self, *levers: str) -> float:
        """Upper bound of the product of some levers over everybody and all time."""
        bound = 1.0
        for i in self.active:
            strength = self.tables.programme_who[i][5]
            for lever in levers:
                bound *= max(1.0, self.tables.ratio[i].get(lever, 1.0) ** max(1.0, strength))
        return bound

    def highest_by_cause(self) -> float:
        """Upper bound of the product of the levers on needs of one cause."""
        causes = range(1, 1 + len(self.tables.condition_extra))
        return max((self.highest(f"caused_by_{cause}") for cause in causes), default=1.0)

    def _share(self, i: int, row: int, now: int) -> float:
        """Share of the full effect of programme i on a person: strength and ramp of the day, lag, caseload."""
        t = self.tables
        share: float = t.programme_share[i][now // rules.DAY]
        if share <= 0.0:
            return 0.0
        if t.programme_caseload[i] < 0.0:
            return share if self.covers(i, row) else 0.0
        enrolled = self.state.members[i].get(row)
        if enrolled is None or now < enrolled + t.programme_ramp[i][3] * rules.DAY:
            return 0.0
        return share * rules.dilution(len(self.state.members[i]), t.programme_caseload[i])

    def covers(self, i: int, row: int) -> bool:
        """True if a person is among those a programme can reach, and takes part."""
        people = self.state.persons
        of_person = people.age[row], people.frailty[row], people.locality[row], people.conditions[row]
        lives_so = self.tables.programme_residences[i][people.residence[row]] > 0
        return lives_so and bool(_is_for(self.tables, i, *of_person)) and self._takes_part(i, row)

    def _takes_part(self, i: int, row: int) -> bool:
        """True for the stated share of people, the same ones for the whole run."""
        reach: float = self.tables.programme_who[i][1]
        if reach >= 1.0:
            return True
        known = self._part.get((i, row))
        if known is None:
            u = uniform(entity_key(self._key, self.state.persons.person[row]), i, Purpose.REACHED, 0)
            known = self._part[i, row] = u < reach
        return known

    def gp_minutes(self, now: int) -> float:
        """Doctors' minutes a day that programmes take for their members while they are funded."""
        t, taken = self.tables, 0.0
        for i, members in enumerate(self.state.members):
            if t.programme_active[i] and now < t.programme_end[i]:
                taken += t.programme_gp_minutes[i] * len(members)
        return taken

    def is_ranking_day(self, i: int, day: int) -> bool:
        """True if people are ranked for programme i on this day.

        That is its first day, each quarter after, and the day on which its funding and fading are over.
        """
        t = self.tables
        first_day, end, fade_days = t.programme_start[i] // rules.DAY, t.programme_end[i], t.programme_ramp[i][2]
        is_day = rules.is_ranking_day(day, first_day, QUARTER_DAYS, end, fade_days)
        return bool(t.programme_followed[i] and is_day)

    def leaving(self, i: int, now: int) -> list[int]:
        """Rows of members whose term, or the programme's funding and fading, is over, or who live as it is not for."""
        t = self.tables
        term, end, fade_days = t.programme_who[i][4], t.programme_end[i], t.programme_ramp[i][2]
        people, lives_so = self.state.persons, t.programme_residences[i]
        return [
            row
            for row, enrolled in self.state.members[i].items()
            if rules.leaves_programme(now, enrolled, term, end, fade_days, lives_so[people.residence[row]] == 1)
        ]

    def joining(self, i: int, now: int) -> list[int]:
        """Rows of people who take the free places: those with the highest risk score first."""
        t = self.tables
        if now >= t.programme_end[i]:
            return []
        members, eligible = self.state.members[i], self._eligible(i)
        top, _, noise, insight, _, _ = t.programme_who[i]
        free = len(eligible) if t.programme_caseload[i] < 0 else int(t.programme_caseload[i]) - len(members)
        if top < 100.0 or free < len(eligible):
            scores = np.array([self._score(row, now, noise, insight, i) for row in eligible])
            person = np.array(self.state.persons.person)[eligible]
            highest = np.lexsort((person, -scores))[: round(len(eligible) * top / 100.0)]
            eligible = [eligible[k] for k in highest.tolist()]
        chosen: list[int] = []
        for row in eligible:
            if len(chosen) >= free:
                break
            if row not in members and self._takes_part(i, row):
                chosen.append(row)
        return chosen

    def _eligible(self, i: int) -> list[int]:
        """Rows of people a programme may pick."""
        people = self.state.persons
        age, frailty, locality, conditions, residence = (
            np.array(numbers, dtype=np.int64)
            for numbers in (people.age, people.frailty, people.locality, people.conditions, people.residence)
        )
        is_for = _is_for(self.tables.plan, i, age, frailty, locality, conditions)
        may_be_picked = self.tables.plan.programme_residences[i][residence] == 1
        rows: list[int] = np.flatnonzero(is_for & may_be_picked).tolist()
        return rows

    def _score(self, row: int, now: int, noise: float, insight: float, i: int) -> float:
        """Expected emergency admissions of a person, from what a general practice system holds."""
        t, people = self.tables, self.state.persons
        age = people.age[row]
        rate = t.life_rates[0][age][people.frailty[row]][people.residence[row]][0]
        minor = t.severity_shares[age][0]
        expected = rules.expected_admissions(rate, minor, people.multiplier[row], people.lasting[row])
        recent = sum(minute > now - YEAR_MINUTES for minute in self.state.admissions.get(row, ()))
        blur = 0.0
        if noise > 0.0:
            key = entity_key(self._key, people.person[row])
            blur = noise * normal_quantile(uniform(key, now // rules.DAY, Purpose.RISK_NOISE, i))
        return rules.risk_score(expected, t.propensity_shape[age], recent, blur, insight, people.propensity[row])


def _is_for(t: Plan | Tables, i: int, age: Any, frailty: Any, locality: Any, conditions: Any) -> Any:
    """Whether programme i is for one person (asked with the tables) or for each of many (asked with the plan)."""
    fits = (t.programme_frailty[i][frailty] > 0) & (t.programme_localities[i][locality] > 0)
    wanted, either = t.programme_conditions[i]
    return rules.is_for(t.programme_ages[i][age] > 0, fits, conditions, wanted, either)
