"""What is decided about a stay in the compiled engine: the look-ups and draws around each rule; see ``care.py``."""

from __future__ import annotations

import numpy as np

from sim import decisions, rules
from sim.compiled import part
from sim.draws import Purpose, entity_key, uniform
from sim.engines.fast_courses import course_minutes
from sim.engines.fast_levers import with_levers
from sim.engines.fast_programmes import gp_minutes, ratio
from sim.engines.fast_state import FastState
from sim.engines.fast_tables import LEVER, FastTables
from sim.log import FLAGS, NEVER
from sim.plans.plan import ACUTE, DECIDES, DECONDITIONS, EMERGENCY, NO_OUTLET, OVERNIGHT, PRESSED

_DAY = rules.DAY
_MOST_DAYS_AT_THE_DOOR = 60
_REQUEST, _OTHER = 6, 7
_NEAR_END, _WITH_CARE, _IN_CARE_HOME, _HAS_PLAN, _PRESSED, _THRESHOLD = (
    FLAGS[name]
    for name in ("end_of_life", "residence_home_with_care", "residence_care_home", "care_plan", "pressed", "threshold")
)
_DIES, _ROUTE = Purpose.DIES, Purpose.ROUTE
_EARLY, _FIRST_STAGE, _LEVER_ADMITTED = Purpose.EARLY, Purpose.FIRST_STAGE, Purpose.LEVER_ADMITTED
_KEEPS_PLACE, _POOL = Purpose.KEEPS_PLACE, Purpose.POOL
_LENGTH_LEVER, _MORTALITY, _PROCESS_LEVER, _SOURCING_LEVER, _GAPS, _ADMISSION, _DECONDITIONING, _READMISSION = (
    LEVER[name]
    for name in (
        "length_of_stay", "mortality", "process_delay", "sourcing_delay", "gaps", "admission_given_a_and_e",
        "deconditioning", "readmission",
    )
)  # fmt: skip


@part
def routes(t: FastTables, stage: int, severity: int, now: int) -> tuple[int, int]:
    """First row, and number, of the routes out of a stage in force now; none if it leads home only."""
    first, number = t.route_index[stage, severity, 0], t.route_index[stage, severity, 1]
    for k in range(first + number - 1, first - 1, -1):
        if t.route_sets[k, 0] <= now:
            return t.route_sets[k, 1], t.route_sets[k, 2]
    return 0, 0


@part
def pool_of(t: FastTables, stage: int, locality: int, key: int) -> int:
    """Pool that serves a person at a stage, fixed for the person."""
    pools = t.stage_pools[stage, locality]
    if pools.size == 1 or pools[1] < 0:
        return pools[0]
    shares = t.stage_pool_shares[stage, locality]
    return pools[rules.choice(uniform(key, 0, _POOL, 0), shares[: shares.size - 1])]


@part
def open_at(t: FastTables, pool: int, now: int) -> bool:
    """True if stays may start in a pool at a minute."""
    day = now // _DAY
    of_day = now - day * _DAY
    return t.opens[pool, day] <= of_day < t.closes[pool, day]


@part
def free_places(t: FastTables, s: FastState, pool: int, now: int) -> int:
    """Places (or slots) free in a pool; many if it has no limit."""
    if t.pools[pool].slots > 0:
        return s.slots_left[pool]
    capacity = t.capacity[pool, now // _DAY]
    return 1 << 30 if capacity < 0 else capacity - s.occupied[pool]


@part
def kept_for_others(t: FastTables, pool: int, came_from: int) -> int:
    """Places somebody from this stage may not take because they are reserved for people from elsewhere."""
    if t.pools[pool].reserves == 0:
        return 0
    kept = t.reserved[pool]
    return kept.sum() - kept[came_from if came_from >= 0 else kept.size - 1]


@part
def has_room(t: FastTables, s: FastState, slot: int, stage: int, now: int) -> bool:
    """True if a person could start a stage at once."""
    j = s.journeys[slot]
    pool = pool_of(t, stage, j.locality, j.pool_key)
    if not open_at(t, pool, now):
        return False
    return rules.has_room(free_places(t, s, pool, now), kept_for_others(t, pool, j.stage), s.asking[pool])


@part
def occupancy(t: FastTables, s: FastState, pool: int, now: int) -> float:
    """Share of a pool's places taken, 1 if it has none."""
    capacity = t.capacity[pool, now // _DAY]
    return s.occupied[pool] / capacity if capacity > 0 else 1.0


@part
def slots(t: FastTables, s: FastState, pool: int, day: int) -> int:
    """Slots of a pool on a day: in general practice, what routine work and programmes leave for urgent needs."""
    place, share = t.place[0], t.pools[pool].gp_share
    if share <= 0.0 or place.gp_minutes <= 0.0:
        return t.capacity[pool, day]
    taken = place.programme_time * gp_minutes(t, s, day) + course_minutes(t, s)
    left = rules.minutes_for_urgent(place.gp_minutes, place.gp_routine, s.clock[0].gp_more, taken)
    if left < 0.0:
        s.clock[0].gp_backlog -= left * share
    places = rules.urgent_places(left, share, place.gp_urgent, t.gp_added[pool, day], s.gp_fraction[pool])
    s.gp_fraction[pool] = places - int(places)
    return int(places)


@part
def ask_for(t: FastTables, s: FastState, slot: int, stage: int, came_from: int, flags: int, now: int) -> None:
    """Set down the wait for a stage, at the pool that serves the person."""
    j = s.journeys[slot]
    frailty = 0
    if j.row >= 0:
        p = s.people[j.row]
        frailty = p.frailty
        flags |= _HAS_PLAN * p.care_plan | _NEAR_END * p.end_of_life
        if p.residence == rules.CARE_HOME:
            flags |= _IN_CARE_HOME
        elif p.residence > 0:
            flags |= _WITH_CARE
    j.wait_stage, j.wait_pool, j.wait_asked = stage, pool_of(t, stage, j.locality, j.pool_key), now
    j.wait_came_from, j.wait_frailty, j.wait_flags = came_from, frailty, flags


@part
def work_out(t: FastTables, s: FastState, slot: int, now: int, given: float) -> None:
    """Work out everything about a stay that does not depend on what happens meanwhile.

    Its length (``given`` minutes for a stay met in progress, drawn if negative), whether the person dies, the route
    taken afterwards and its drawn delay.
    """
    j, place = s.journeys[slot], t.place[0]
    stage = t.stages[j.stage]
    visit: int = s.visits[slot, j.stage]
    s.visits[slot, j.stage] = min(visit + 1, 63)
    j.key = decisions.visit_key(j.need, j.chain, j.stage, visit)
    if stage.flags & PRESSED:
        full = occupancy(t, s, j.pool, now)
        j.stay_ratio = rules.pressure(full, place.reference_occupancy, place.pressure_discharges, place.pressure)
        if j.stay_ratio < 1.0:
            j.flags |= _PRESSED
    if given < 0.0:
        moved = ratio(t, s, _LENGTH_LEVER, j.row, now) if stage.flags & ACUTE else 1.0
        mean = t.stay_minutes[j.stage, j.age] * j.stay_ratio * moved
        length = decisions.length_of_stay(j.key, stage.kind, mean, stage.sigma)
    else:
        length = rules.whole_minutes(given)
    if stage.may_die > 0:
        near_end = 1 if j.flags & _NEAR_END else 0
        dying = t.dies[j.stage, j.age, j.frailty, near_end] * ratio(t, s, _MORTALITY, j.row, now)
        if decisions.happens(j.key, _DIES, dying):
            j.dies = 1
            j.ready = j.onward = now + length
            return
    j.ready = now + length if stage.always_open > 0 else _leaving(t, j.stage, j.key, now + length)
    _choose_route(t, s, slot, now)
    j.onward = j.ready + j.process + j.sourcing
    if (
        stage.early_to >= 0
        and now >= stage.early_from
        and decisions.happens(j.key, _EARLY, t.early_share[j.stage, j.age])
    ):
        minute = now + int(length * stage.early_at)
        j.early = minute if now < minute < j.onward else NEVER


@part
def _leaving(t: FastTables, s: int, key: int, minute: int) -> int:
    """First minute from which the door is open for the person."""
    stage, day = t.stages[s], minute // _DAY
    for attempt in range(_MOST_DAYS_AT_THE_DOOR):
        chance = t.leaves_chance[s, min(day + attempt, t.leaves_chance.shape[1] - 1)]
        today = minute if attempt == 0 else (day + attempt) * _DAY
        leaves = decisions.leaves_on(key, attempt, today, stage.leaves_from, stage.leaves_to, chance)
        if leaves >= 0:
            return leaves
    return (day + _MOST_DAYS_AT_THE_DOOR) * _DAY + stage.leaves_from * 60


@part
def _choose_route(t: FastTables, s: FastState, slot: int, now: int) -> None:
    j = s.journeys[slot]
    first, number = routes(t, j.stage, j.severity, now)
    if number == 0:
        return
    shares = t.route_shares[j.age, j.frailty, first : first + number]
    chosen = 0 if shares[0] >= 1.0 else rules.choice(uniform(j.key, 0, _ROUTE, 0), shares)
    if t.place[0].any_programme > 0:
        chosen = with_levers(t, s, slot, first, shares, chosen, now)
    if chosen >= number:
        return
    row = first + chosen
    if j.flags & _IN_CARE_HOME and t.routes[row].pathway > 0:
        row = first + number - 1  # returning to one's own care home is pathway 0
    j.route = row
    route = t.routes[row]
    if route.process + route.sourcing <= 0.0:
        return
    process = route.process * ratio(t, s, _PROCESS_LEVER, j.row, now) * ratio(t, s, _GAPS, j.row, now)
    sourcing = route.sourcing * ratio(t, s, _SOURCING_LEVER, j.row, now)
    j.process, j.sourcing = decisions.drawn_delay(j.key, process, sourcing, route.delayed, route.sigma)


@part
def only_leaves(t: FastTables, s: FastState, slot: int) -> bool:
    """True if a stay that is over frees its place whatever the rest of the place looks like: these go first."""
    j = s.journeys[slot]
    if j.dies > 0:
        return True
    home = j.route < 0 or (t.routes[j.route].to < 0 and t.routes[j.route].if_room == 0)
    return home and t.stages[j.stage].flags & DECIDES == 0


@part
def next_stage(t: FastTables, s: FastState, slot: int, now: int) -> tuple[int, bool]:
    """Stage to ask for, -1 home, and whether that is a cancellation; asked when the stay is over."""
    j = s.journeys[slot]
    if t.stages[j.stage].flags & DECIDES:
        decided, admitted = _admission(t, s, slot, now)
        if decided:
            return admitted, False
    return (-1, False) if j.route < 0 else _by_route(t, s, slot, j.route, now)


@part
def _admission(t: FastTables, s: FastState, slot: int, now: int) -> tuple[bool, int]:
    """A&E's decision where it differs from the route: admitted because beds are free, or kept out by a lever."""
    j, place = s.journeys[slot], t.place[0]
    if j.severity == rules.MINOR and place.threshold_slope > 0.0:
        bed = pool_of(t, place.overnight_stage, j.locality, person_key(s, slot))
        free, usual = 1.0 - occupancy(t, s, bed, now), 1.0 - place.reference_occupancy
        if decisions.admitted_on_threshold(j.key, place.threshold_slope, free, usual):
            return True, place.overnight_stage
    admitted = ratio(t, s, _ADMISSION, j.row, now)
    if admitted == 1.0:
        return False, -1
    u = uniform(j.key, 0, _LEVER_ADMITTED, 0)
    if rules.let_in(u, admitted, j.severity, t.admitted_for_each_minor[j.age]):
        return True, place.overnight_stage
    return rules.kept_out(u, admitted, j.severity), -1


@part
def person_key(s: FastState, slot: int) -> int:
    """Key of the person of a journey (of a plain arrival its stream's)."""
    j = s.journeys[slot]
    return s.people[j.row].key if j.row >= 0 else entity_key(s.clock[0].people_key, np.uint64(j.person))


@part
def first_stage(t: FastTables, s: FastState, slot: int, usual: int, now: int) -> int:
    """Stage somebody with a new need asks for: the usual door, or one that an intervention has opened."""
    j = s.journeys[slot]
    first, number = routes(t, t.stages.size, j.severity, now)
    if number == 0:
        return usual
    frailty = s.people[j.row].frailty if j.row >= 0 else 0
    shares = t.route_shares[j.age, frailty, first : first + number]
    chosen = rules.choice(uniform(j.need, j.chain, _FIRST_STAGE, 0), shares)
    return usual if chosen == number else _by_route(t, s, slot, first + chosen, now)[0]


@part
def _by_route(t: FastTables, s: FastState, slot: int, row: int, now: int) -> tuple[int, bool]:
    """Where a route leads now: on to its alternatives while there is no room."""
    j = s.journeys[slot]
    while t.routes[row].if_room > 0:
        route = t.routes[row]
        blocked = route.cancels > 0 and j.row >= 0 and s.people[j.row].busy > 0
        if not blocked and has_room(t, s, slot, route.to, now):
            break
        if route.cancels > 0:
            return route.otherwise_to, True
        if route.otherwise < 0:
            return _unless_at_home(t, s, slot, route.otherwise_to), False
        row = route.otherwise
    return _unless_at_home(t, s, slot, t.routes[row].to), False


@part
def _unless_at_home(t: FastTables, s: FastState, slot: int, stage: int) -> int:
    return -1 if lives_there(t, s, slot, stage) else stage


@part
def lives_there(t: FastTables, s: FastState, slot: int, stage: int) -> bool:
    """True if a stage would give a residence the person has, or has more than."""
    if stage < 0:
        return False
    gives, row = t.stages[stage].residence, s.journeys[slot].row
    return gives > 0 and row >= 0 and s.people[row].residence >= gives


@part
def threshold_flag(t: FastTables, s: FastState, slot: int) -> int:
    """Flag of a minor need that is admitted."""
    j = s.journeys[slot]
    return _THRESHOLD if j.severity == rules.MINOR and t.stages[j.stage].flags & DECIDES else 0


@part
def keeps_place(t: FastTables, s: FastState, slot: int, stage: int) -> bool:
    """True if the old place is kept until the next stage starts (loop `exit_block`)."""
    if t.stages[stage].keeps_place == 0:
        return False
    return decisions.happens(s.journeys[slot].key, _KEEPS_PLACE, t.place[0].exit_block)


@part
def deconditioned(t: FastTables, s: FastState, slot: int, now: int) -> bool:
    """Moves frailty by the delay beyond (or short of) the route's mean; True if it moved."""
    j, place = s.journeys[slot], t.place[0]
    if t.stages[j.stage].flags & DECONDITIONS == 0 or j.route < 0:
        return False
    steps = place.frailty_steps * place.deconditioning * ratio(t, s, _DECONDITIONING, j.row, now)
    step = decisions.frailty_step(j.key, (now - j.ready) / _DAY, t.routes[j.route].mean_days, steps)
    p = s.people[j.row]
    before = p.frailty
    p.frailty = min(3, max(0, before + step))
    return p.frailty != before


@part
def readmitted_after(t: FastTables, s: FastState, slot: int, now: int) -> int:
    """Minutes to the drawn readmission after a live overnight emergency stay, -1 if there is none."""
    j, both = s.journeys[slot], EMERGENCY | OVERNIGHT
    if t.stages[j.stage].flags & both != both or rules.is_planned(j.severity):
        return -1
    moved = ratio(t, s, _READMISSION, j.row, now)
    chance = rules.readmission_with_lever(t.readmission[j.age], t.own_readmission[j.age], moved)
    return decisions.readmitted_after(
        j.key, chance, j.stay_ratio, t.place[0].pressure_readmissions, t.place[0].readmission_minutes
    )


@part
def keep_busy(t: FastTables, s: FastState, slot: int) -> None:
    """Keep the count of journeys that put a person in a bed or in unfinished urgent care."""
    j = s.journeys[slot]
    if j.row < 0:
        return
    here = j.stage if j.stage >= 0 else j.wait_stage
    busy = 1 if j.over == 0 and here >= 0 and t.stages[here].at_home == 0 and j.severity != _OTHER else 0
    if j.stage < 0 and (j.severity == _REQUEST or rules.is_planned(j.severity)):
        busy = 0  # waiting at home for planned care or for support
    if busy != j.busy:
        s.people[j.row].busy += busy - j.busy
        j.busy = busy
    if j.stage >= 0 and j.started >= 0 and j.severity < rules.PLANNED and t.stages[j.stage].flags & EMERGENCY:
        _admitted(s, j.row, j.started)


@part
def _admitted(s: FastState, row: int, minute: int) -> None:
    p, c = s.people[row], s.clock[0]
    if p.last_admission != minute:
        p.last_admission = minute
        a = s.admissions[c.admissions]
        a.row, a.generation, a.minute = row, p.generation, minute
        c.admissions += 1


@part
def ends_at_home(t: FastTables, s: FastState, other: int) -> bool:
    """True if a journey of somebody (a virtual ward, reablement) comes to an end by an overnight stay of theirs."""
    j = s.journeys[other]
    return not rules.is_planned(j.severity) and j.stage >= 0 and t.stages[j.stage].at_home > 0


@part
def is_acute(t: FastTables, s: FastState, slot: int) -> bool:
    """True if the stay in progress is in an acute stage."""
    return t.stages[s.journeys[slot].stage].flags & ACUTE != 0


@part
def unseen(t: FastTables, s: FastState, slot: int, share: float, now: int) -> int:
    """What somebody not seen by closing does; a serious need turns to A&E rather than dropping out."""
    j = s.journeys[slot]
    stage = t.stages[j.wait_stage]
    return decisions.unseen(
        j.need, j.chain, now // _DAY, j.severity, stage.unseen_wait, stage.unseen_divert, stage.unseen_reference,
        share, t.place[0].gp_access,
    )  # fmt: skip


@part
def escalates(t: FastTables, s: FastState, slot: int, now: int) -> bool:
    """True if somebody who waits goes another way today."""
    j = s.journeys[slot]
    stage = t.stages[j.wait_stage]
    if stage.escalate_to == NO_OUTLET:
        return False
    waited = (now - j.wait_asked) // _DAY
    return decisions.escalates(j.need, j.chain, now // _DAY, stage.escalate_per_day, waited, stage.escalate_after_days)


@part
def place_of_death(t: FastTables, s: FastState, row: int, slot: int) -> int:
    """0 at home, 1 in a care home, 2 in an acute hospital, 3 in another bed."""
    stage = s.journeys[slot].stage if slot >= 0 else -1
    is_in_bed = stage >= 0 and t.stages[stage].at_home == 0
    return rules.place_of_death(is_in_bed, stage >= 0 and is_acute(t, s, slot), s.people[row].residence)
