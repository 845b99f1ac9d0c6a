"""The tables of a plan about the course of conditions, and what it takes from the place's other needs."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.courses import STATES, Course
from sim.expected.net_rates import URGENT, NetRates
from sim.quantities import AGES
from sim.scenario import Scenario, courses_of

Floats = npt.NDArray[np.float64]
MONTH_DAYS = 30.4375
_NEWLY_ILL, _LAPSED, _MANAGED, _RECOGNISED = -4, -3, -2, -1
"""Steps of a course after its complications, counted from the end; see rules.step_of_course."""
_ACUTE = "acute"


class Followed(NamedTuple):
    """A condition whose course is followed."""

    name: str
    number: int
    """Its number among the place's conditions."""
    course: Course


def followed(scenario: Scenario) -> list[Followed]:
    """The conditions whose course is known, in the place's order."""
    people, courses = scenario.place.people, courses_of(scenario)
    number = {name: i for i, name in enumerate(people.conditions if people else ())}
    return [Followed(name, number[name], course) for name, course in courses.items()]


def complication_names(scenario: Scenario) -> tuple[str, ...]:
    """Names of all complications, each condition's together."""
    return tuple(name for each in followed(scenario) for name in each.course.complications)


def course_tables(scenario: Scenario, net: NetRates | None, stages: dict[str, int]) -> dict[str, Any]:
    """The course of the conditions followed; tables of no rows if there is none.

    Raises ValueError where a condition's complications are more needs than it causes.
    """
    courses = followed(scenario)
    every = [each for condition in courses for each in condition.course.complications.values()]
    people = scenario.place.people
    residents = np.array(people.residents.values) if people else np.zeros(len(AGES))
    finding = _case_finding(scenario)
    return {
        "course_condition": np.array([each.number for each in courses], dtype=np.int64),
        "course_shares": _rows([_shares(each.course) for each in courses], 2),
        "course_rates": np.array([_rates(courses, f) for f in range(len(courses))], dtype=float).reshape(
            len(courses), len(STATES), len(every) + 4
        ),
        "course_crises": np.array([_crises(scenario, net, each) for each in courses], dtype=float).reshape(
            len(courses), len(URGENT), len(AGES), len(STATES)
        ),
        "course_referred": _rows([_referred(c.course) for c in courses], 2) * finding,
        "course_gp_minutes": np.array(
            [c.course.gp_minutes_per_month.value / MONTH_DAYS * finding for c in courses]
        ),
        "course_reference": np.array(
            [
                (np.array(_prevalence(scenario, c)) * residents).sum() * scenario.run.scale
                * c.course.recognised_share.value
                for c in courses
            ]
        ),
        "complication_need": np.array(
            [URGENT.index(each.need or _ACUTE) if each.need or each.stage else -1 for each in every], dtype=np.int64
        ),
        "complication_stage": np.array([stages[each.stage] if each.stage else -1 for each in every], dtype=np.int64),
    }  # fmt: skip


def usual_referrals(scenario: Scenario) -> Floats:
    """Planned referrals a person-year that usual care makes when it recognises or manages a condition, by age."""
    made = np.zeros(len(AGES))
    for each in followed(scenario):
        rates = _rates([each], 0)
        managed, recognised = _referred(each.course)
        steps = rates[:, _MANAGED] * managed + rates[:, _RECOGNISED] * recognised
        made += np.array(_prevalence(scenario, each)) * float(state_shares(each.course) @ steps)
    return made * _case_finding(scenario)


def _case_finding(scenario: Scenario) -> float:
    """Strength of the loop by which recognising people makes work."""
    return scenario.place.loops.case_finding if scenario.place.loops else 0.0


def _rows(rows: list[Any], width: int) -> Floats:
    return np.array(rows, dtype=float).reshape(-1, width)


def _prevalence(scenario: Scenario, each: Followed) -> tuple[float, float, float, float]:
    assert scenario.place.people is not None
    return scenario.place.people.conditions[each.name].prevalence.values


def _shares(course: Course) -> tuple[float, float]:
    return course.recognised_share.value, course.managed_share.value


def _referred(course: Course) -> tuple[float, float]:
    return course.referred_when_managed_share.value, course.referred_share.value


def state_shares(course: Course) -> Floats:
    """Shares of those who have the condition in each state, without a programme."""
    recognised, managed = _shares(course)
    return np.array([1 - recognised, recognised * (1 - managed), recognised * managed])


def _rates(courses: list[Followed], f: int) -> Floats:
    """Steps a year from each state, [state, step]; they leave the shares of the states as they are.

    With share s recognised at rate a, those newly ill in their place come at rate c = a (1 - s) / s; with share m of
    them managed, lapsing at rate l, management starts at rate (l + c) m / (1 - m).
    """
    course = courses[f].course
    s, m = _shares(course)
    a, lapses = course.recognised_per_year.value, course.lapses_per_year.value
    newly_ill = a * (1 - s) / s
    before, every = (sum(len(each.course.complications) for each in some) for some in (courses[:f], courses))
    rates = np.zeros((len(STATES), every + 4))
    for k, complication in enumerate(course.complications.values()):
        rates[:, before + k] = complication.per_year.values
    rates[0, _RECOGNISED] = a
    rates[1:, _NEWLY_ILL] = newly_ill
    rates[1, _MANAGED] = (lapses + newly_ill) * m / (1 - m)
    rates[2, _LAPSED] = lapses
    return rates


def _crises(scenario: Scenario, net: NetRates | None, each: Followed) -> Floats:
    """Relative rate of the needs a condition causes, [severity, age, state].

    Its mean over those who have the condition is 1, less the share that its complications are of these needs.
    """
    course, shares = each.course, state_shares(each.course)
    relative = np.array(course.crises.values)
    relative = relative / (relative @ shares)
    left = np.ones((len(URGENT), len(AGES)))
    if net is not None:
        for name, complication in course.complications.items():
            if complication.need or complication.stage:
                severity = complication.need or _ACUTE
                caused = _caused(scenario, net, each, severity)
                taken = float(np.array(complication.per_year.values) @ shares)
                left[URGENT.index(severity)] -= taken / np.maximum(caused, 1e-12)
                _refuse_more(each.name, name, severity, taken, caused, left[URGENT.index(severity)])
    return np.asarray(left[:, :, None] * relative)


def _caused(scenario: Scenario, net: NetRates, each: Followed, severity: str) -> Floats:
    """Urgent needs of a severity a year that the condition causes in somebody who has it, by age."""
    people = scenario.place.people
    assert people is not None
    happening = sum(net.entries[severity].values(), np.zeros(len(AGES))) / np.array(people.residents.values)
    mean = np.ones(len(AGES))
    for condition in people.conditions.values():
        mean += (condition.urgent_needs_ratio.value - 1) * np.array(condition.prevalence.values)
    extra = people.conditions[each.name].urgent_needs_ratio.value - 1
    return np.asarray(happening * extra / mean)


def _refuse_more(condition: str, name: str, severity: str, taken: float, caused: Floats, left: Floats) -> None:
    for age, most, rest in zip(AGES, caused, left, strict=True):
        if rest < 0:
            raise ValueError(
                f"course of {condition}: its complications, {name} among them, are more {severity} needs than it "
                f"causes at {age}: {name} {1000 * taken:.3g} of {1000 * most:.3g} per 1,000 a year; lower them, raise "
                f"the condition's urgent_needs_ratio, or only count them"
            )
