"""Counting what happened, piece by piece of a run, into daily counts by age band and locality.

Memory is bounded by days and parts, not by stays. What needs a person's past is in ``histories.py``; turning
counts into numbers is ``tables.py``.

Each piece is complete for its own stretch of time: an event counts in the piece in which it happens, an interval
counts with the part of it inside the piece, whether the stay has ended or is in the census of open ones. So stays that
straddle the start of measuring or the border of two pieces need no special care.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from sim.daily import PATHWAYS, YEAR_DAYS, DailyCounts
from sim.errors import RunError
from sim.histories import Histories
from sim.log import EVENTS, NEVER, StayLog
from sim.piece import DAY, OUTCOME, Bools, Piece
from sim.plan import Names
from sim.quantities import AGES
from sim.system import SEVERITIES
from sim.tables import tidy_table

EVENT = {name: code for code, name in enumerate(EVENTS)}


class Tally:
    """Counts of a run, built up piece by piece in order; see the module's docstring.

    Parameters
    ----------
    names
        Words and calendar of the plan that was run.
    groups
        Further groups for the table, several age bands joined by commas, such as ``75-84,85+``.
    """

    def __init__(self, names: Names, groups: tuple[str, ...] = ()) -> None:
        self.names = names
        self.groups = groups
        self._daily = DailyCounts(names)
        self._histories = Histories(len(AGES), len(names.localities))
        self._last: Piece | None = None

    def add(self, log: StayLog) -> None:
        """Count one piece; pieces must come in order."""
        piece = Piece(self.names, log)
        for count in _COUNTS:
            count(self._daily, piece)
        _count_events(self._daily, log)
        _count_histories(self._daily, self._histories, piece)
        self._daily.add_snapshot(log)
        self._last = piece

    def table(self) -> pd.DataFrame:
        """The tidy table: measure, period, group, locality, of, value; no row where there is nothing to measure."""
        if not self._daily.days:
            raise RunError(
                f"nothing to measure: the run ends on day {self.names.end_minute / DAY:g} and the warm-up on day "
                f"{self.names.warm_up_minutes / DAY:g}; measure at least one whole day after the warm-up"
            )
        daily = self._daily.copy()
        if self._last is not None:
            piece = self._last
            _count_waits(daily, piece, ~piece.ended & (piece["started"] == NEVER) & piece.known)
            acute_overnight = piece.of_stage(_both(self.names.acute, self.names.overnight))
            _count_delayed_by_pathway(daily, piece, acute_overnight & piece.ready & ~piece.ended)
        years = daily.days // YEAR_DAYS
        return tidy_table(daily, self._histories.repeated(daily.warm_up, years), self.groups)


def _count_admissions(daily: DailyCounts, piece: Piece) -> None:
    names, admissions = piece.names, piece.admissions
    acs = piece["severity"] == SEVERITIES.index("ambulatory_care_sensitive")
    for_planned_care = piece["severity"] == SEVERITIES.index("planned")
    planned = for_planned_care & piece.now("started")
    acute_overnight = piece.of_stage(_both(names.acute, names.overnight))
    cancelled = (piece["outcome"] == OUTCOME["cancelled"]) & piece.ended
    daily.count("admissions", piece.column, "started", admissions)
    daily.count("ambulatory_care_sensitive", piece.column, "started", admissions & acs)
    if names.a_and_e >= 0:
        through = admissions & (piece["came_from"] == names.a_and_e)
        daily.count("admissions_through_a_and_e", piece.column, "started", through)
    referred = for_planned_care & piece.now("asked") & (piece["came_from"] < 0)
    daily.count("referrals", piece.column, "asked", referred)
    daily.count("planned", piece.column, "started", planned & acute_overnight)
    daily.count("cancelled", piece.column, "left", cancelled)


def _count_residences(daily: DailyCounts, piece: Piece) -> None:
    residence = np.array(piece.names.residence)[piece["stage"]]
    began = piece.now("started")
    daily.count("home_care_starts", piece.column, "started", began & (residence == 1))
    daily.count("care_home_entries", piece.column, "started", began & (residence == 2))
    held = (residence > 0) & (piece["started"] != NEVER)
    daily.census("residents", piece, held, piece["started"], part=residence)


def _count_a_and_e(daily: DailyCounts, piece: Piece) -> None:
    names = piece.names
    here = piece["stage"] == names.a_and_e
    left = here & piece.ended & piece.known
    stayed = piece["left"] - piece["asked"]
    admitted = piece.of_stage(_either(names.acute, names.emergency_admission), "goes_to") & (piece["ready"] != NEVER)
    daily.count("attendances", piece.column, "asked", here & piece.now("asked"))
    daily.count("a_and_e_left", piece.column, "left", left)
    daily.count("within_four_hours", piece.column, "left", left & (stayed <= 240))
    daily.count("twelve_hours", piece.column, "left", left & admitted & (piece["left"] - piece["ready"] > 720))


def _count_general_practice(daily: DailyCounts, piece: Piece) -> None:
    here = (piece["stage"] == piece.names.gp) & piece.known
    never_seen = here & piece.ended & (piece["started"] == NEVER)
    daily.count("gp_requests", piece.column, "started", here & piece.now("started"))
    daily.count("gp_requests", piece.column, "left", never_seen)
    for part, outcome in enumerate(("gave_up", "diverted")):
        daily.count("gp_unseen", piece.column, "left", never_seen & (piece["outcome"] == OUTCOME[outcome]), part)


def _count_beds(daily: DailyCounts, piece: Piece) -> None:
    names, inside = piece.names, piece["started"] != NEVER
    acute = piece.of_stage(names.acute) & inside
    community = piece.of_stage(names.community_bed) & inside
    emergency = acute & piece.of_stage(names.emergency_admission) & piece.urgent
    daily.census("acute_hours", piece, acute, piece["started"], every=60)
    daily.census("community_at_midnight", piece, community, piece["started"])
    daily.census("emergency_nights", piece, emergency, piece["started"])
    daily.census("pool_hours", piece, inside, piece["started"], part=piece["pool"], every=60)
    daily.acute_pools[piece["pool"][piece.of_stage(_both(names.acute, names.overnight))]] = True
    daily.community_pools[piece["pool"][piece.of_stage(names.community_bed)]] = True
    used = inside & piece.now("started") & np.array(names.slots)[piece["pool"]]
    daily.count("slots_used", piece.column, "started", used, piece["pool"])


def _count_stays(daily: DailyCounts, piece: Piece) -> None:
    """Nights are those in acute stages: same-day emergency care, which is none, has no nights."""
    names = piece.names
    emergency = names.emergency_admission
    ended = piece.of_stage(emergency) & piece.urgent & piece.ended & piece.known & (piece["started"] != NEVER)
    nights = np.where(piece.of_stage(names.acute), -(-piece["left"] // DAY) - -(-piece["started"] // DAY), 0)
    daily.count("nights_of_stays_ended", piece.column, "left", ended, weight=nights)
    daily.count("emergency_stays_ended", piece.column, "left", ended & ~piece.of_stage(emergency, "goes_to"))


def _count_delayed(daily: DailyCounts, piece: Piece) -> None:
    delayed = piece.of_stage(_both(piece.names.acute, piece.names.overnight)) & piece.ready
    _count_delayed_by_pathway(daily, piece, delayed & piece.ended)
    daily.census("delayed_now", piece, delayed, piece["ready"])
    daily.census("delayed_since", piece, delayed, piece["ready"], weight=piece["ready"])
    in_community = piece.of_stage(piece.names.community_bed) & piece.ready
    daily.census("community_delayed", piece, in_community, piece["ready"])


def _count_delayed_by_pathway(daily: DailyCounts, piece: Piece, chosen: Bools) -> None:
    """Count whole delays at once, also their nights in earlier pieces: the pathway is known when the stay ends."""
    pathway = np.where(piece["pathway"] < 0, len(PATHWAYS), piece["pathway"])
    daily.census("delayed", piece, chosen, piece["ready"], part=pathway, past=True)


def _count_discharges(daily: DailyCounts, piece: Piece) -> None:
    names, pathway = piece.names, np.maximum(piece["pathway"], 0)
    daily.count("discharges", piece.column, "left", piece.live_overnight_discharges, pathway)
    acute = _both(names.acute, names.overnight)
    delays = piece.live_overnight_discharges & piece.of_stage(acute) & piece.ready & piece.known
    delay = np.maximum(piece["left"] - piece["ready"], 0)
    daily.count("delays", piece.column, "left", delays, pathway)
    daily.count("delay_minutes", piece.column, "left", delays, pathway, delay)
    process = np.minimum(piece["process"], delay)
    sourcing = np.minimum(piece["sourcing"], delay - process)
    capacity = np.where(pathway > 0, delay - process - sourcing, 0)
    for reason, minutes in enumerate((process, sourcing, capacity)):
        daily.count("delay_parts", piece.column, "left", delays, 3 * pathway + reason, minutes)


def _count_waiting(daily: DailyCounts, piece: Piece) -> None:
    asked = piece["asked"]
    everybody = np.ones(len(asked), dtype=bool)
    from_a_stage = piece["came_from"] >= 0
    daily.time("waiting_minutes", piece, everybody, asked, piece.wait_ended, piece["pool"])
    daily.time("waiting_after_minutes", piece, from_a_stage, asked, piece.wait_ended, piece["pool"])
    started = piece.now("started")
    _count_waits(daily, piece, started | (piece.ended & (piece["started"] == NEVER) & piece.known))


def _count_waits(daily: DailyCounts, piece: Piece, chosen: Bools) -> None:
    """Count whole waits on the day they were asked for."""
    wait = np.maximum(piece.wait_ended - piece["asked"], 0)
    daily.count("waits", piece.column, "asked", chosen, piece["stage"])
    daily.count("wait_minutes", piece.column, "asked", chosen, piece["stage"], wait)
    daily.wait_histogram(piece.column, chosen, wait)


_COUNTS: tuple[Callable[[DailyCounts, Piece], None], ...] = (
    _count_admissions, _count_residences, _count_a_and_e, _count_general_practice, _count_beds, _count_stays,
    _count_delayed, _count_discharges, _count_waiting,
)  # fmt: skip


def _count_events(daily: DailyCounts, log: StayLog) -> None:
    events, kind = log.events, log.events["kind"]
    by_detail = {
        "deaths": "death",
        "enrolled": "enrolled",
        "would_be_enrolled": "would_be_enrolled",
        "needs_avoided": "need_avoided",
        "dropped_needs": "dropped_need",
    }
    for tally, event in by_detail.items():
        daily.count(tally, events, "minute", kind == EVENT[event], events["detail"])
    daily.joined(events, kind == EVENT["enrolled"], 1)
    daily.joined(events, kind == EVENT["left_programme"], -1)
    daily.count("gp_minutes_shed", events, "minute", kind == EVENT["gp_shed"], weight=events["detail"])


def _count_histories(daily: DailyCounts, histories: Histories, piece: Piece) -> None:
    """Readmissions, and admissions before death."""
    log, column = piece.log, piece.column
    histories.admitted(column, piece.admissions)
    resident = piece["severity"] < SEVERITIES.index("other")
    histories.discharged(column, piece.live_overnight_discharges & resident & piece.known)
    discharges, readmitted = histories.followed_up(log.until_minute)
    everyone = np.ones(len(readmitted), dtype=bool)
    daily.count("discharges_followed", discharges, "minute", everyone)
    daily.count("readmitted", discharges, "minute", readmitted)
    deaths = log.events["kind"] == EVENT["death"]
    everyone = np.ones(int(deaths.sum()), dtype=bool)
    died = {name: values[deaths] for name, values in log.events.items()}
    last_90, last_100 = histories.before_death(died, 90), histories.before_death(died, 100)
    daily.count("deaths_after_three", died, "minute", last_90 >= 3)
    daily.count("admissions_before_death", died, "minute", everyone, weight=last_100)
    histories.forget_before(log.until_minute)


def _both(first: tuple[bool, ...], second: tuple[bool, ...]) -> tuple[bool, ...]:
    return tuple(a and b for a, b in zip(first, second, strict=True))


def _either(first: tuple[bool, ...], second: tuple[bool, ...]) -> tuple[bool, ...]:
    return tuple(a or b for a, b in zip(first, second, strict=True))
