"""Questions of sense about the course of conditions: shares that can be kept, names, levers that do nothing."""

from __future__ import annotations

from collections.abc import Collection

from sim.courses import Course
from sim.files.findings import Findings
from sim.scenario import Scenario, courses_of
from sim.system import Place

_LEVERS = ("condition_recognition", "condition_management", "symptom_days")


def check_courses_of_place(found: Findings, place: Place, path: str) -> None:
    """Problems of the courses that a place states."""
    for name, condition in (place.people.conditions if place.people else {}).items():
        if condition.course:
            check_course(found, condition.course, place.stages, f"{path}people.conditions.{name}.course")


def check_course(found: Findings, course: Course, stages: Collection[str], path: str) -> None:
    """Problems of one course; stages are not looked up if there are none."""
    if not 0 < course.recognised_share.value < 1:
        found.bad(
            f"{path}.recognised_share", f"must be more than 0 and less than 1, not {course.recognised_share.value:g}"
        )
    if not course.managed_share.value < 1:
        what = f"must be less than 1, not {course.managed_share.value:g}: some are not managed yet when recognised"
        found.bad(f"{path}.managed_share", what)
    if not any(course.crises.values):
        found.bad(f"{path}.crises", "are relative rates, and not all of them can be 0")
    for name, complication in course.complications.items():
        if complication.stage and stages:
            found.known(f"{path}.complications.{name}.stage", complication.stage, stages, "stage")


def check_courses(found: Findings, scenario: Scenario) -> None:
    """Problems and warnings of the courses that interventions state, and of levers on them."""
    place, courses = scenario.place, courses_of(scenario)
    conditions = tuple(place.people.conditions) if place.people else ()
    stated: dict[str, str] = {}
    for index, intervention in enumerate(scenario.interventions):
        for name, course in intervention.courses.items():
            where = f"interventions.{index}.courses.{name}"
            if found.known(where, name, conditions, "condition"):
                check_course(found, course, place.stages, where)
                if course != courses[name]:
                    said = stated.get(name, "the place")
                    found.warn(where, f"{said} says otherwise how {name} goes, and that counts")
                stated.setdefault(name, f'"{intervention.name}"')
        who = intervention.who.conditions or conditions
        idle = [lever for lever in _LEVERS if lever in intervention.levers]
        if idle and not any(name in courses for name in who):
            what = f"nothing is known of the course of {' or '.join(who) or 'any condition'}, so it moves nothing"
            found.warn(f"interventions.{index}.levers.{idle[0]}", f"{what}: give `courses`, or use a place that has it")
    names = [(condition, name) for condition, course in courses.items() for name in course.complications]
    for k, (condition, name) in enumerate(names):
        if name in [other for _, other in names[:k]]:
            found.bad("interventions", f'two conditions have a complication "{name}": rename that of {condition}')
