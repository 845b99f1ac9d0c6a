"""What the benchmark found, beside what was aimed at, as tables to print and as the section of the README."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from sim.experiments.bench_queues import PRECISION
from sim.experiments.bench_replication import Found

START_MARK, END_MARK = "<!-- bench:start -->", "<!-- bench:end -->"


class Section(NamedTuple):
    """A table with what is to be said about it."""

    title: str
    said: str
    table: pd.DataFrame


def sections(found: Found) -> list[Section]:
    """Everything that was found, for reading."""
    return [
        _aims(found),
        _against_simpy(found["simpy"]),
        _parts(found["replication"]),
        _growth(found),
        _queues(found["queues"]),
    ]


def machine_in_words(found: Found) -> str:
    """The machine, in a sentence."""
    m = found["machine"]
    return (
        f"Measured on {m['processor']}, {m['cores']} cores, {m['platform']}; Python {m['python']}, Numba {m['numba']}, "
        f"NumPy {m['numpy']}, SimPy {m['simpy']}, carepath {m['carepath']}. Times of one thread are processor time; "
        f"those of threads and whole commands are as a clock on the wall shows them.{_busy(m)}"
    )


def _busy(machine: Found) -> str:
    """A warning if others used the machine meanwhile."""
    if machine["load_before"] is None or machine["load_before"] < machine["cores"] / 2:
        return ""
    return (
        f" **The machine was busy**: {machine['load_before']:.1f} processes on its {machine['cores']} cores before "
        "this began, so everything took longer than it need, threads and commands most."
    )


def summary(found: Found) -> str:
    """What a replication takes, in a paragraph."""
    r = found["replication"]
    held = f"It {_memory(_whole(found))} for Python, libraries, compiled code and the plan."
    threads = "; ".join(
        f"{t['replications']} replications in {_threads(t['threads'])}: {t['seconds']:.2f} s" for t in found["threads"]
    )
    return (
        f"One replication (the faster of two) of one arm of `nwl_pilot` with all its programmes, {_simulated(r)}: "
        f"{r['stays']:,} stays in **{r['seconds']:.2f} s**, of which the compiled engine {r['engine_seconds']:.2f} s "
        f"({1000 * r['engine_microseconds_a_stay']:,.0f} ns a stay) and counting the rest. {held} {_cap(threads)} "
        f"({found['threads'][-1]['times_faster']:.2f} times as fast). {_starts(found['starts'])}"
    )


def _whole(found: Found) -> Found:
    """The same replication alone in a process, as one of the rows of growth."""
    r = found["replication"]
    return next(row for row in found["growth"] if (row["people"], row["years"]) == (r["people"], r["years"]))


def _memory(row: Found) -> str:
    if row["peak_megabytes"] is None:
        return "took memory that this system does not tell, some of it"
    return f"took at most {row['peak_megabytes']:,.0f} MB, {row['before_megabytes']:,.0f} MB of it"


def _megabytes(row: Found) -> dict[str, str]:
    """Columns of the most memory held: before a replication began, when all was counted, in all."""
    titles = {"memory before": "before_megabytes", "counted": "counted_megabytes", "most memory": "peak_megabytes"}
    given = {title: row[name] for title, name in titles.items() if name in row}
    return {title: "not told" if held is None else f"{held:,.0f} MB" for title, held in given.items()}


def _simulated(row: Found) -> str:
    return f"{row['people']:,} adults, {row['warm_up_days']} days of warm-up and {_years(row['years'])} measured"


def _years(years: float) -> str:
    return f"{years:g} year" + "s" * (years != 1)


def _threads(threads: int) -> str:
    return f"{threads} thread" + "s" * (threads != 1)


def _cap(text: str) -> str:
    return text[:1].upper() + text[1:]


def _starts(starts: Found) -> str:
    later = f"`carepath run` of a tiny run answers after {starts['later_seconds']:.1f} s (the faster of two)"
    first = (
        "; the first start ever, which compiles, was left out"
        if starts["first_seconds"] is None
        else f", and after {starts['first_seconds']:.0f} s when nothing has ever been compiled"
    )
    return f"{later}{first}; `{starts['main_job']}`, whole, after {starts['main_seconds']:.0f} s."


class Aim(NamedTuple):
    """A figure that was aimed at, for a place of 500,000 residents with five measured years."""

    what: str
    limit: float
    unit: str
    found: float | None
    """None if it was not measured."""
    at_least: bool = False
    """True if more is better."""

    @property
    def is_met(self) -> bool:
        """True if it was measured and is as it should be."""
        return self.found is not None and (self.found >= self.limit if self.at_least else self.found <= self.limit)

    @property
    def verdict(self) -> str:
        """Whether it is met, and by how much it is missed."""
        if self.found is None:
            return "not measured"
        if self.is_met:
            return "met"
        times = _three_digits(self.found / self.limit)
        return f"missed: only {times} times that" if self.at_least else f"missed: {times} times as much"


def aims(found: Found) -> list[Aim]:
    """What was aimed at, in the order of telling."""
    r, simpy, starts = found["replication"], found["simpy"], found["starts"]
    of_two = next((row["times_faster"] for row in found["threads"] if row["threads"] == 2), None)
    return [
        Aim("a replication, with counting (1 s hoped for)", 1.5, " s", r["seconds"]),
        Aim("its memory", 1000, " MB", _whole(found)["peak_megabytes"]),
        Aim("a stay, compiled engine", 400, " ns", 1000 * r["engine_microseconds_a_stay"]),
        Aim("a stay, SimPy engine", 100, " µs", simpy["simpy"]["microseconds_a_stay"]),
        Aim("compiled engine, times SimPy engine", 50, "", simpy["times_faster"], at_least=True),
        Aim("of the speed of a bare heap", 20, "%", 100 * r["floor"]["heaps"][0]["share_of_engine"], at_least=True),
        Aim("2 threads, times 1 thread", 1.7, "", of_two, at_least=True),
        Aim("first start ever", 60, " s", starts["first_seconds"]),
        Aim("later start", 3, " s", starts["later_seconds"]),
        Aim(f"`{starts['main_job']}`", 60, " s", starts["main_seconds"]),
    ]


def _aims(found: Found) -> Section:
    told = aims(found)
    rows = [
        {
            "figure": aim.what,
            "aimed at": f"{'at least' if aim.at_least else 'at most'} {aim.limit:,g}{aim.unit}",
            "found": "" if aim.found is None else f"{_three_digits(aim.found)}{aim.unit}",
            "verdict": aim.verdict,
        }
        for aim in told
    ]
    missed = sum(aim.found is not None and not aim.is_met for aim in told)
    smaller = "" if found["replication"]["scale"] == 1 else " This run was smaller: its verdicts say nothing of that."
    said = f"For half a million residents and five years; {missed} of {len(told)} missed.{smaller}"
    return Section("What was aimed at", said, pd.DataFrame(rows))


def _three_digits(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _against_simpy(found: Found) -> Section:
    rows = [
        {
            "engine": title,
            "seconds": f"{found[name]['seconds']:.2f} s",
            "its start among them": f"{found[name]['start_seconds']:.2f} s",
            "a stay": f"{found[name]['microseconds_a_stay']:,.2f} µs",
            **_megabytes(found[name]),
        }
        for name, title in (("compiled", "compiled"), ("simpy", "SimPy"))
    ]
    same = "the stays are the same" if found["same_stays"] else "THE STAYS DIFFER"
    said = (
        f"One whole replication each with all programmes, {_simulated(found)}, each alone in a process and without "
        f"counting: {found['simpy']['stays']:,} stays end; {same}. The compiled engine is "
        f"{found['times_faster']:.0f} times as fast. A stay takes the SimPy engine as long as "
        f"{found['bare_events_a_stay']:.0f} bare SimPy events of {found['bare_event_microseconds']:.1f} µs."
    )
    return Section("Both engines", said, pd.DataFrame(rows))


def _parts(r: Found) -> Section:
    rows = [
        {"part": name, "seconds": f"{part['seconds']:.2f}", "share": f"{part['share']:.0%}"}
        for name, part in sorted(r["parts"].items(), key=lambda each: -each[1]["seconds"])
    ]
    few, many = r["floor"]["heaps"]
    said = (
        f"The floor: a bare compiled heap takes {few['seconds']:.2f} s to put and take {r['floor']['events']:,} events "
        f"(every point of a life read, and every stay) with {few['held']:,} in it, {few['share_of_engine']:.0%} of the "
        f"engine's time; with {many['held']:,} in it, as a heap that held the points of a quarter too, "
        f"{many['seconds']:.2f} s ({many['share_of_engine']:.0%}). “From instant to instant” is one line "
        "because it is one compiled loop, into which keeping the time, queues, beds and rules are inlined: a clock "
        "read round each of them would change what it times."
    )
    return Section("Where a replication's time goes", said, pd.DataFrame(rows))


def _growth(found: Found) -> Section:
    rows = [
        {
            "adults": f"{row['people']:,}",
            "years measured": f"{row['years']:g}",
            "stays": f"{row['stays']:,}",
            "seconds": f"{row['seconds']:.2f}",
            "a stay": f"{row['microseconds_a_stay']:.2f} µs",
            **_megabytes(row),
        }
        for row in found["growth"]
    ]
    said = (
        "One replication with its counting, after the same warm-up, alone in a process. Half a million residents are "
        "about 400,000 adults. Memory is the most held until then: before it began (Python, libraries, compiled code "
        "and the plan), when all was simulated and counted, and when the table of measures was made. Counts and table "
        "have a place for each year, month and week, and so grow with years."
    )
    return Section("More people, more years", said, pd.DataFrame(rows))


def _queues(found: Found) -> Section:
    rows: list[dict[str, Any]] = [
        {
            "queue": row["queue"],
            "program": row["program"],
            "people": f"{row['people']:,.0f}",
            "mean wait (standard error)": f"{row['wait_minutes']:.0f} ({row['standard_error']:.0f}) min",
            "seconds": f"{row['seconds']:.3f}",
            "events a second": f"{row['events_a_second']:,.0f}",
            f"to {PRECISION:.0%}": f"{row['seconds_to_precision']:.1f} s",
        }
        for row in found["rows"]
    ]
    said = (
        f"Two queues that all can do, the same {found['days']} days after 20 of warm-up, {found['replications']} "
        "replications each; seconds are for one. An event is somebody coming, or a stay beginning or ending. The last "
        f"column is the time until the standard error of the mean wait is {PRECISION:.0%} of it. carepath does more "
        "for each event than these queues need: keyed random numbers, reasons of delay, a log."
    )
    return Section("Plain queues", " ".join([said, *found["not_run"]]), pd.DataFrame(rows))


def markdown(found: Found) -> str:
    """The section of the README, between its marks."""
    parts = [START_MARK, machine_in_words(found), summary(found)]
    for section in sections(found):
        parts += [f"**{section.title}.** {section.said}", _table(section.table)]
    return "\n\n".join(parts) + f"\n{END_MARK}"


def _table(table: pd.DataFrame) -> str:
    head = f"| {' | '.join(table.columns)} |\n|{'---|' * len(table.columns)}"
    return "\n".join([head, *("| " + " | ".join(map(str, line)) + " |" for line in table.itertuples(index=False))])


def put_into(text: str, section: str) -> str:
    """A text with what stands between the marks replaced by a new section; ValueError if they are not there."""
    before, start, rest = text.partition(START_MARK)
    _, end, after = rest.partition(END_MARK)
    if not (start and end):
        raise ValueError(f"the marks {START_MARK} and {END_MARK} are not in it")
    return before + section + after
