"""A scenario to the plan of one of its arms: every table of ``plan.py`` filled, nothing run."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.expected.flows import ExpectedFlows, expected_flows
from sim.plans.arm import Arm, with_added
from sim.plans.courses import complication_names, course_tables, followed
from sim.plans.people import people_tables, programme_tables
from sim.plans.plan import Names, Plan
from sim.plans.pools import initial, pool_tables, stream_tables
from sim.plans.routes import route_tables
from sim.plans.stages import stage_tables
from sim.quantities import AGES
from sim.scenario import Scenario
from sim.system import RESIDENCES

Ints = npt.NDArray[np.int64]


def compile_plan(scenario: Scenario, *, with_interventions: bool = True, flows: ExpectedFlows | None = None) -> Plan:
    """The plan of one arm of a scenario; ``flows`` are those of its place, if they have been worked out.

    Without interventions everything they add is left out and their programmes are kept only as what would have been.
    The rows of that plan are a prefix of the other's, so that a state can go on from one to the other. Raises
    ValueError where published figures cannot be taken apart (expected/net_rates.py).
    """
    run = scenario.run
    first_day = run.starts - dt.timedelta(days=run.warm_up_days)
    switched_on = scenario.interventions if with_interventions else ()
    interventions = tuple(each for each in switched_on if each.strength > 0)
    arm = Arm(
        scenario=scenario,
        place=with_added(scenario.place, switched_on),
        interventions=interventions,
        flows=flows or expected_flows(scenario.place),
        first_day=first_day,
        days=run.days,
    )
    pools = pool_tables(arm)
    return Plan(
        names=_names(arm, pools["capacity"]),
        days=arm.days,
        first_weekday=first_day.weekday(),
        **people_tables(scenario, arm.flows.net, interventions, first_day, arm.days),
        **course_tables(scenario, arm.flows.net, arm.stage_index),
        **stage_tables(arm),
        **route_tables(arm),
        **pools,
        **stream_tables(arm),
        initial=initial(arm),
        **programme_tables(scenario, first_day, active=with_interventions),
    )


def _names(arm: Arm, capacity: Ints) -> Names:
    place, run = arm.place, arm.scenario.run
    stages, urgent, planned = place.stages, place.urgent_needs, place.planned_care
    counted = urgent.counted_by_pilot_share if urgent else None
    index = arm.stage_index
    people = np.array(place.people.residents.values) if place.people else np.zeros(len(AGES))
    shares = [locality.share.value for locality in place.localities]
    return Names(
        stages=tuple(stages),
        pools=tuple(place.pools),
        localities=tuple(locality.name for locality in place.localities),
        programmes=tuple(i.name for i in arm.scenario.interventions if i.enrols),
        funded_days=tuple(arm.until(i.ramp.ends) for i in arm.scenario.interventions if i.enrols),
        stage_titles=tuple(stage.title or name.replace("_", " ") for name, stage in stages.items()),
        pool_titles=tuple(pool.title or name.replace("_", " ") for name, pool in place.pools.items()),
        acute=tuple(stage.acute for stage in stages.values()),
        emergency_admission=tuple(stage.emergency_admission for stage in stages.values()),
        overnight=tuple(stage.overnight for stage in stages.values()),
        residence=tuple(RESIDENCES.index(stage.residence or "own_home") for stage in stages.values()),
        a_and_e=index[urgent.a_and_e_stage] if urgent else -1,
        gp=index[urgent.gp_stage] if urgent else -1,
        slots=tuple(pool.kind == "slots" for pool in place.pools.values()),
        capacity=tuple(tuple(row) for row in capacity.tolist()),
        residents=tuple(tuple(round(n * run.scale * share) for share in shares) for n in people),
        first_day=arm.first_day,
        warm_up_minutes=run.warm_up_days * 1440,
        end_minute=arm.days * 1440,
        scale=run.scale,
        first_appointment=index[planned.referral_stage] if planned else -1,
        tells_apart=planned is not None and planned.operation_share.value > 0,
        counted_by_pilot=counted.values if counted else (),
        community_bed=tuple(stage.community_bed for stage in stages.values()),
        **_course_names(arm.scenario),
    )


def _course_names(scenario: Scenario) -> dict[str, Any]:
    """What names and numbers are needed to count the conditions followed."""
    courses = followed(scenario)
    if not courses:
        return {}
    number = {each.name: f for f, each in enumerate(courses)}
    assert scenario.place.people is not None
    days = [each.course.symptom_days_per_month for each in courses]
    return {
        "conditions": tuple(number),
        "causes": (-1, *(number.get(name, -1) for name in scenario.place.people.conditions)),
        "complications": complication_names(scenario),
        "symptom_days": tuple(each.values if each else (math.nan,) * 3 for each in days),
        "invited": tuple(
            (
                tuple(int(age in each.who.age) for age in AGES),
                sum(1 << number[name] for name in each.who.conditions if name in number) if each.capacity else 0,
            )
            for each in scenario.interventions
            if each.enrols
        ),
    }
