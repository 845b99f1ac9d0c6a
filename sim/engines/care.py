"""What is decided about a stay: the look-ups and draws around each rule. No clock, no queue is changed here."""

from __future__ import annotations

from sim import decisions, rules
from sim.draws import Purpose, Stream, entity_key, run_key, uniform
from sim.engines.courses import gp_minutes
from sim.engines.levers import with_levers
from sim.engines.programmes import Programmes
from sim.engines.record import Recorder
from sim.engines.state import Journey, State, Stay, Support
from sim.engines.tables import Tables
from sim.log import FLAGS, NEVER
from sim.plans.plan import ACUTE, DECIDES, DECONDITIONS, EMERGENCY, OVERNIGHT, PRESSED

_DAY = rules.DAY
_MOST_DAYS_AT_THE_DOOR = 60
_NEED = -1
_REQUEST = 6
_EMERGENCY_STAY = EMERGENCY | OVERNIGHT
_NEAR_END, _WITH_CARE, _IN_CARE_HOME, _HAS_PLAN = (
    FLAGS[name] for name in ("end_of_life", "residence_home_with_care", "residence_care_home", "care_plan")
)
_RESIDENCE_FLAG = (0, _WITH_CARE, _IN_CARE_HOME)


class Care:
    """Decisions about stays in one run."""

    def __init__(self, state: State, tables: Tables, programmes: Programmes) -> None:
        self.state, self.tables, self.programmes = state, tables, programmes
        self._people_key = run_key(state.seed, state.replication, Stream.PEOPLE)

    # -- who comes, and to which door -------------------------------------------------------------------------------

    def severity(self, row: int, u: float) -> int:
        """Severity of an urgent need, from the person's baseline shares and the need's own draw."""
        return rules.choice(u, self.tables.severity_shares[self.state.persons.age[row]][:-1])

    def cause(self, row: int, u: float) -> int:
        """Cause of an urgent need: general, or one of the person's conditions."""
        return rules.choice(u, self.tables.causes(self.state.persons.conditions[row]))

    def journey(self, row: int, need: int, now: int, severity: int, cause: int = 0, chain: int = 0) -> Journey:
        """A new journey of a person."""
        people = self.state.persons
        return Journey(
            row, people.person[row], people.generation[row], now, need, chain, severity, cause, people.age[row],
            people.locality[row],
        )  # fmt: skip

    def referral(self, row: int, need: int, height: float, moved: float, now: int) -> int:
        """Severity of a planned referral that lies below the rate ``moved``, of all levers together."""
        share = self.tables.operation_share
        if share <= 0.0:
            return rules.PLANNED
        drawn = self._ratio("simple_referrals", row, now) * self._ratio("deskilling", row, now)
        return rules.referred_for(uniform(need, 0, Purpose.WOULD_BENEFIT, 0), share, height, moved, drawn)

    def door(self, row: int, severity: int, u: float, now: int) -> int:
        """Stage somebody with an urgent need turns to: A&E or general practice."""
        t = self.tables
        share = t.door_a_and_e[self.state.persons.age[row]][severity] * self._ratio("a_and_e_share", row, now)
        names = t.plan.names
        return names.a_and_e if rules.happens(u, share) else names.gp

    # -- places -----------------------------------------------------------------------------------------------------

    def asked(self, j: Journey, stage: int, came_from: int, flags: int, now: int) -> Stay:
        """The wait for a stage, at the pool that serves the person."""
        row, frailty = j.row, 0
        if row >= 0:
            people = self.state.persons
            frailty = people.frailty[row]
            flags |= _HAS_PLAN * people.care_plan[row] | _NEAR_END * people.end_of_life[row]
            flags |= _RESIDENCE_FLAG[people.residence[row]]
        return Stay(stage, self._pool(j, stage), now, came_from, frailty, flags)

    def _pool(self, j: Journey, stage: int) -> int:
        """Pool that serves a person at a stage, fixed for the person."""
        pools: list[int] = self.tables.pools_of[stage][j.locality]
        if len(pools) == 1:
            return pools[0]
        if j.u_pool is None:
            j.u_pool = uniform(j.need if j.row < 0 else entity_key(self._people_key, j.person), 0, Purpose.POOL, 0)
        return pools[rules.choice(j.u_pool, self.tables.pool_shares[stage][j.locality])]

    def free(self, pool: int, now: int) -> int:
        """Places (or slots) free in a pool; many if it has no limit."""
        if self.tables.slots[pool]:
            return self.state.slots_left[pool]
        capacity: int = self.tables.capacity[pool][now // _DAY]
        return 1 << 30 if capacity < 0 else capacity - self.state.occupied[pool]

    def kept_for_others(self, pool: int, came_from: int) -> int:
        """Places somebody from this stage may not take because they are reserved for people from elsewhere."""
        if not self.tables.reserves[pool]:
            return 0
        kept = self.tables.reserved[pool]
        own = kept[came_from] if came_from >= 0 else kept[-1]
        return int(sum(kept) - own)

    def has_room(self, j: Journey, stage: int, asking: list[int], now: int) -> bool:
        """True if a person could start a stage at once; ``asking`` is how many wait for each pool."""
        pool = self._pool(j, stage)
        if not self.tables.open_at(pool, now):
            return False
        came_from = j.stay.stage if j.stay is not None else -1
        return rules.has_room(self.free(pool, now), self.kept_for_others(pool, came_from), asking[pool])

    def slots(self, pool: int, day: int) -> int:
        """Slots of a pool on a day: in general practice, what routine work and programmes leave for urgent needs."""
        t = self.tables
        if t.gp_share[pool] <= 0.0 or t.gp_minutes <= 0.0:
            return int(t.capacity[pool][day])
        taken = t.loop["programme_time"] * self.programmes.gp_minutes(day * _DAY) + gp_minutes(t, self.state.recognised)
        left = rules.minutes_for_urgent(t.gp_minutes, t.gp_routine_minutes, self.state.gp_more, taken)
        if left < 0.0:
            self.state.gp_backlog -= left * t.gp_share[pool]
        carried = self.state.gp_fraction.get(pool, 0.0)
        places = rules.urgent_places(left, t.gp_share[pool], t.gp_urgent_minutes, t.gp_added[pool][day], carried)
        self.state.gp_fraction[pool] = places - int(places)
        return int(places)

    def work_off_backlog(self, pool: int, slots_left: int, now: int, recorder: Recorder) -> None:
        """At closing, unused urgent slots work off deferred routine work; what exceeds the backlog allowed is shed."""
        t, state = self.tables, self.state
        if t.gp_share[pool] <= 0.0:
            return
        state.gp_backlog = rules.backlog_left(state.gp_backlog, slots_left, t.gp_urgent_minutes)
        most = t.gp_backlog_days * t.gp_routine_minutes
        if state.gp_backlog > most:
            recorder.count("gp_shed", now, round(state.gp_backlog - most))
            state.gp_backlog = most

    # -- a stay that starts -------------------------------------------------------------------------------------------

    def work_out(self, j: Journey, now: int, minutes: float | None = None) -> None:
        """Work out everything about a stay that does not depend on what happens meanwhile.

        That is its length, whether the person dies, the route taken afterwards and its drawn delay. ``minutes`` is
        given for a stay met in progress.
        """
        stay, t = j.stay, self.tables
        assert stay is not None
        s = stay.stage
        visit = j.visits.get(s, 0)
        j.visits[s] = visit + 1
        stay.key = decisions.visit_key(j.need, j.chain, s, visit)
        if t.stage_flags[s] & PRESSED:
            self._press(stay, now)
        if minutes is None:
            moved = self._ratio("length_of_stay", j.row, now) if t.stage_flags[s] & ACUTE else 1.0
            mean = t.stay_minutes[s][j.age] * stay.stay_ratio * moved
            length = decisions.length_of_stay(stay.key, t.stay_kind[s], mean, t.stay_sigma[s])
        else:
            length = rules.whole_minutes(minutes)
        if t.may_die[s]:
            near_end = bool(stay.flags & _NEAR_END)
            dying = t.dies[s][j.age][stay.frailty][near_end] * self._ratio("mortality", j.row, now)
            stay.dies = decisions.happens(stay.key, Purpose.DIES, dying)
            if stay.dies:
                stay.ready = stay.onward = now + length
                return
        stay.ready = now + length if t.always_open[s] else self._leaving(s, stay.key, now + length)
        self._choose_route(j, stay, now)
        stay.onward = stay.ready + stay.process + stay.sourcing
        if t.early_to[s] >= 0:
            self._early(j, stay, now, length)

    def _press(self, stay: Stay, now: int) -> None:
        """Loop `pressure`: a stay is shorter the fuller the beds are."""
        loop = self.tables.loop
        stay.stay_ratio = rules.pressure(
            self._occupancy(stay.pool, now), loop["reference_occupancy"], loop["pressure_discharges"], loop["pressure"]
        )
        if stay.stay_ratio < 1.0:
            stay.flags |= FLAGS["pressed"]

    def _leaving(self, s: int, key: int, minute: int) -> int:
        """First minute from which the door is open for the person."""
        t, day = self.tables, minute // _DAY
        opens, closes = t.leaves_from[s], t.leaves_to[s]
        for attempt in range(_MOST_DAYS_AT_THE_DOOR):
            chance = t.leaves_chance[s][min(day + attempt, t.days - 1)]
            today = minute if attempt == 0 else (day + attempt) * _DAY
            leaves = decisions.leaves_on(key, attempt, today, opens, closes, chance)
            if leaves >= 0:
                return leaves
        return int((day + _MOST_DAYS_AT_THE_DOOR) * _DAY + opens * 60)

    def _choose_route(self, j: Journey, stay: Stay, now: int) -> None:
        t = self.tables
        rows = t.routes(stay.stage, j.severity, now)
        if not rows:
            return
        shares = t.shares(rows, j.age, stay.frailty)
        chosen = 0 if shares[0] >= 1.0 else rules.choice(uniform(stay.key, 0, Purpose.ROUTE, 0), shares)
        if self.programmes.active:
            chosen = with_levers(self.programmes, j, stay, rows, shares, chosen, now)
        if chosen >= len(rows):
            return
        row = rows[chosen]
        if stay.flags & _IN_CARE_HOME and t.route_pathway[row] > 0:
            row = rows[-1]  # returning to one's own care home is pathway 0
        stay.route = row
        if not t.drawn_delay[row]:
            return
        stay.process, stay.sourcing = decisions.drawn_delay(
            stay.key,
            t.route_process[row] * self._ratio("process_delay", j.row, now) * self._ratio("gaps", j.row, now),
            t.route_sourcing[row] * self._ratio("sourcing_delay", j.row, now), t.route_delayed[row], t.route_sigma[row],
        )  # fmt: skip

    def _early(self, j: Journey, stay: Stay, now: int, length: int) -> None:
        t, s = self.tables, stay.stage
        if now >= t.early_from[s] and decisions.happens(stay.key, Purpose.EARLY, t.early_share[s][j.age]):
            minute = now + int(length * t.early_at[s])
            stay.early = minute if now < minute < stay.onward else NEVER

    def _ratio(self, lever: str, row: int, now: int) -> float:
        """What programmes do to a person's chance or time now."""
        return self.programmes.ratio(lever, row, now) if self.programmes.active else 1.0

    def _occupancy(self, pool: int, now: int) -> float:
        capacity = self.tables.capacity[pool][now // _DAY]
        return self.state.occupied[pool] / capacity if capacity > 0 else 1.0

    # -- a stay that is over -------------------------------------------------------------------------------------------

    def only_leaves(self, j: Journey) -> bool:
        """True if a stay that is over frees its place whatever the rest of the place looks like: these go first."""
        stay, t = j.stay, self.tables
        if stay is None or stay.dies:
            return True
        home = stay.route < 0 or (t.route_to[stay.route] < 0 and not t.route_if_room[stay.route])
        return home and not t.stage_flags[stay.stage] & DECIDES

    def next_stage(self, j: Journey, asking: list[int], now: int) -> tuple[int, bool]:
        """Stage to ask for, -1 home, and whether that is a cancellation; asked when the stay is over."""
        stay = j.stay
        assert stay is not None
        if self.tables.stage_flags[stay.stage] & DECIDES:
            admitted = self._admission(j, stay, now)
            if admitted is not None:
                return admitted, False
        return (-1, False) if stay.route < 0 else self._by_route(j, stay.route, asking, now)

    def first_stage(self, j: Journey, usual: int, asking: list[int], now: int) -> int:
        """Stage somebody with a new need asks for: the usual door, or one that an intervention has opened."""
        t = self.tables
        rows = t.routes(_NEED, j.severity, now)
        if not rows:
            return usual
        frailty = self.state.persons.frailty[j.row] if j.row >= 0 else 0
        chosen = rules.choice(uniform(j.need, j.chain, Purpose.FIRST_STAGE, 0), t.shares(rows, j.age, frailty))
        return usual if chosen == len(rows) else self._by_route(j, rows[chosen], asking, now)[0]

    def _by_route(self, j: Journey, row: int, asking: list[int], now: int) -> tuple[int, bool]:
        """Where a route leads now: on to its alternatives while there is no room."""
        t = self.tables
        while t.route_if_room[row]:
            blocked = t.route_cancels[row] and j.row >= 0 and self.state.persons.busy[j.row] > 0
            if not blocked and self.has_room(j, t.route_to[row], asking, now):
                break
            if t.route_cancels[row]:
                return t.route_otherwise_to[row], True
            if t.route_otherwise[row] < 0:
                return self._unless_at_home(j, t.route_otherwise_to[row]), False
            row = t.route_otherwise[row]
        return self._unless_at_home(j, t.route_to[row]), False

    def _admission(self, j: Journey, stay: Stay, now: int) -> int | None:
        """A&E's decision where it differs from the route: admitted because beds are free, or kept out by a lever."""
        t = self.tables
        if j.severity == rules.MINOR and t.loop["threshold_slope"] > 0.0:
            bed = self._pool(j, t.overnight_stage)
            free, usual = 1.0 - self._occupancy(bed, now), 1.0 - t.loop["reference_occupancy"]
            if decisions.admitted_on_threshold(stay.key, t.loop["threshold_slope"], free, usual):
                return int(t.overnight_stage)
        ratio = self._ratio("admission_given_a_and_e", j.row, now)
        if ratio == 1.0:
            return None
        u = uniform(stay.key, 0, Purpose.LEVER_ADMITTED, 0)
        if rules.let_in(u, ratio, j.severity, t.admitted_for_each_minor[j.age]):
            return int(t.overnight_stage)
        return -1 if rules.kept_out(u, ratio, j.severity) else None

    def threshold_flag(self, j: Journey) -> int:
        """Flag of a minor need that is admitted."""
        decides = j.stay is not None and self.tables.stage_flags[j.stay.stage] & DECIDES
        return FLAGS["threshold"] if decides and j.severity == rules.MINOR else 0

    def _unless_at_home(self, j: Journey, stage: int) -> int:
        return -1 if self.lives_there(j, stage) else stage

    def lives_there(self, j: Journey, stage: int) -> bool:
        """True if a stage would give a residence the person has, or has more than."""
        if stage < 0:
            return False
        gives = self.tables.residence[stage]
        return bool(gives and j.row >= 0 and self.state.persons.residence[j.row] >= gives)

    def keeps_place(self, stay: Stay, stage: int) -> bool:
        """True if the old place is kept until the next stage starts (loop `exit_block`)."""
        if not self.tables.keeps_place[stage]:
            return False
        return decisions.happens(stay.key, Purpose.KEEPS_PLACE, self.tables.loop["exit_block"])

    def deconditioned(self, j: Journey, stay: Stay, now: int) -> bool:
        """Moves frailty by the delay beyond (or short of) the route's mean; True if it moved."""
        t, people = self.tables, self.state.persons
        if not t.stage_flags[stay.stage] & DECONDITIONS or stay.route < 0:
            return False
        steps = t.loop["frailty_steps"] * t.loop["deconditioning"] * self._ratio("deconditioning", j.row, now)
        delay = (now - stay.ready) / _DAY
        step = decisions.frailty_step(stay.key, delay, t.route_mean_days[stay.route], steps)
        before = people.frailty[j.row]
        people.frailty[j.row] = min(3, max(0, before + step))
        return people.frailty[j.row] != before

    def readmission(self, j: Journey, stay: Stay, now: int) -> Journey | None:
        """The drawn readmission after a live overnight emergency stay, if there is one."""
        t = self.tables
        if t.stage_flags[stay.stage] & _EMERGENCY_STAY != _EMERGENCY_STAY or rules.is_planned(j.severity):
            return None
        moved = self._ratio("readmission", j.row, now)
        chance = rules.readmission_with_lever(t.readmission[j.age], t.own_readmission[j.age], moved)
        per_cent = t.loop["pressure_readmissions"]
        wait = decisions.readmitted_after(stay.key, chance, stay.stay_ratio, per_cent, t.readmission_minutes)
        if wait < 0:
            return None
        return self.journey(j.row, j.need, now + wait, rules.SEVERE, j.cause, j.chain + 1)

    # -- the person -------------------------------------------------------------------------------------------------

    def keep_busy(self, j: Journey) -> None:
        """Keep the count of journeys that put a person in a bed or in unfinished urgent care."""
        if j.row < 0:
            return
        stay, busy = j.stay, False
        if not j.over:
            if stay is not None:
                busy = not self.tables.at_home[stay.stage]
            elif j.waiting is not None and j.severity != _REQUEST and not rules.is_planned(j.severity):
                busy = not self.tables.at_home[j.waiting.stage]
        if busy != j.busy:
            self.state.persons.busy[j.row] += 1 if busy else -1
            j.busy = busy
        if stay is not None and stay.started >= 0 and self.tables.stage_flags[stay.stage] & EMERGENCY:
            self._admitted(j, stay)

    def _admitted(self, j: Journey, stay: Stay) -> None:
        minutes = self.state.admissions.setdefault(j.row, [])
        if j.severity < rules.PLANNED and (not minutes or minutes[-1] != stay.started):
            minutes.append(stay.started)
            del minutes[: -rules.MOST_ADMISSIONS]

    def ended_by_admission(self, j: Journey) -> list[Journey]:
        """Journeys of the person at home (a virtual ward, reablement) that an overnight stay brings to an end."""
        stay, t = j.stay, self.tables
        if j.row < 0 or stay is None or not t.stage_flags[stay.stage] & ACUTE:
            return []
        if j.row in self.state.supports:
            self.state.away.setdefault(j.row, stay.started)
        return [
            other
            for other in self.state.of_person.get(j.row, ())
            if other is not j and not rules.is_planned(other.severity) and other.stay and t.at_home[other.stay.stage]
        ]

    def support_started(self, j: Journey, stay: Stay) -> None:
        """Hold a residence support beside journeys from now on."""
        self.state.supports[j.row] = Support(j, stay)

    def away_too_long(self, row: int, now: int) -> bool:
        """True if a resident has been in hospital longer than the place is kept; forgets those who are back."""
        if not self.state.persons.busy[row] or row not in self.state.supports:
            del self.state.away[row]
            return False
        kept: int = self.tables.place_kept[self.state.supports[row].stay.stage]
        return now - self.state.away[row] >= kept

    def unseen(self, j: Journey, share: float, now: int) -> int:
        """What somebody not seen by closing does; a serious need turns to A&E rather than dropping out."""
        t, stay = self.tables, j.waiting
        assert stay is not None
        s = stay.stage
        reference, strength = t.unseen_reference[s], t.loop["gp_access"]
        return decisions.unseen(
            j.need, j.chain, now // _DAY, j.severity, t.unseen_wait[s], t.unseen_divert[s], reference, share, strength
        )

    def escalates(self, j: Journey, now: int) -> bool:
        """True if somebody who waits goes another way today."""
        t, stay = self.tables, j.waiting
        assert stay is not None
        s, waited = stay.stage, (now - stay.asked) // _DAY
        after = t.escalate_after_days[s]
        return decisions.escalates(j.need, j.chain, now // _DAY, t.escalate_per_day[s], waited, after)

    def place_of_death(self, row: int, j: Journey | None) -> int:
        """0 at home, 1 in a care home, 2 in an acute hospital, 3 in another bed."""
        stage = -1 if j is None or j.stay is None else j.stay.stage
        is_in_bed = stage >= 0 and not self.tables.at_home[stage]
        is_acute = stage >= 0 and self.tables.stage_flags[stage] & ACUTE != 0
        return rules.place_of_death(is_in_bed, is_acute, self.state.persons.residence[row])
