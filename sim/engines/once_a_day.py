"""Once a day, while an instant is settled: closing time, outlets of long waits, places given up, ranking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim import rules
from sim.engines.workload import count_workload

if TYPE_CHECKING:
    from sim.engines.simpy_engine import Run


def once_a_day(run: Run) -> None:
    """What noon or midnight has brought, if either is being settled."""
    if run.outlets:
        _outlets(run)
    if run.midnight:
        _give_up_places_of_long_absent(run)
        _rank(run)
        count_workload(run)
    run.outlets = run.midnight = False


def close(run: Run, pool: int, slots_left: int, seen_today: int) -> None:
    """Closing time: people not seen wait for the next day, turn elsewhere or drop out."""
    unseen = [entry[4] for entry in run.queues[pool] if run.tables.unseen_wait[entry[4].waiting.stage] >= 0]
    share = len(unseen) / max(1, len(unseen) + seen_today)
    run.care.work_off_backlog(pool, slots_left, run.now, run.recorder)
    for j in unseen:
        answer = run.care.unseen(j, share, run.now)
        if answer == rules.WAITS:
            continue
        stay = j.waiting
        assert stay is not None
        run.unqueue(j)
        outcome = "diverted" if answer == rules.DIVERTS else "gave_up"
        target = run.tables.unseen_to[stay.stage] if answer == rules.DIVERTS else -1
        run.recorder.ended(j, stay, run.now, outcome, target)
        if target >= 0:
            run.ask(j, target, stay.stage, 0)
        elif j.stay is not None:
            run.go_home(j)
        else:
            run.finish(j)


def _outlets(run: Run) -> None:
    """At noon, people who have waited too long may go another way."""
    has_outlet = run.tables.has_outlet
    for pool in run.tables.outlet_pools:
        queue = run.queues[pool] if pool >= 0 else []
        for j in [entry[4] for entry in queue if has_outlet[entry[4].waiting.stage]]:
            stay = j.waiting
            if not run.care.escalates(j, run.now):
                continue
            target = run.tables.escalate_to[stay.stage]
            run.unqueue(j)
            run.recorder.ended(j, stay, run.now, "escalated", target)
            if target >= 0 and not run.care.lives_there(j, target):
                run.ask(j, target, stay.came_from, 0)
            elif j.stay is not None:
                run.go_home(j)
            else:
                run.finish(j)


def _give_up_places_of_long_absent(run: Run) -> None:
    """A residence place is given up after too long in hospital; the person asks for one when leaving."""
    for row in sorted(run.state.away):
        if run.care.away_too_long(row, run.now):
            run.state.lost_place[row] = run.state.supports[row].stay.stage
            del run.state.away[row]
            run.end_support(row, "lost_place")
            run.state.persons.residence[row] = 0
            run.reread(row)


def _rank(run: Run) -> None:
    """On ranking days people join and leave programmes."""
    day, t = run.now // rules.DAY, run.tables
    for i, members in enumerate(run.state.members):
        if not run.programmes.is_ranking_day(i, day):
            continue
        active = bool(t.programme_active[i])
        for row in run.programmes.leaving(i, run.now):
            del members[row]
            if active:
                run.recorder.event("left_programme", run.now, run.state, row, i)
        for row in run.programmes.joining(i, run.now):
            members[row] = run.now
            run.recorder.event("enrolled" if active else "would_be_enrolled", run.now, run.state, row, i)
            if active and t.programme_care_plan[i]:
                run.state.persons.care_plan[row] = 1
