"""The commands: what each takes, the one function of the model it calls, and how the answer is printed.

Nothing is worked out here. Each loads only what it needs, so that help and checks answer at once.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands.bench import bench, bench_options
from sim.commands.capacity import capacity, capacity_options
from sim.commands.check import check, check_options
from sim.commands.claim import claim, claim_options
from sim.commands.command import (
    Asked,
    Command,
    as_rows,
    counted,
    print_json,
    print_table,
    scenario_of,
    spread_of,
    takes_changes,
    takes_run,
    takes_settings,
    takes_uncertain,
)
from sim.commands.evaluate import evaluate, evaluate_options
from sim.commands.gallery import gallery, gallery_options
from sim.commands.interventions import interventions, interventions_options
from sim.commands.money import money, money_options
from sim.commands.readiness import readiness, readiness_options
from sim.commands.sweep import sweep, sweep_options
from sim.commands.verify import verify, verify_options
from sim.errors import InputError, Problem

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from sim.results import Results
    from sim.scenario import Scenario


def _explain_options(parser: argparse.ArgumentParser) -> None:
    takes_run(parser)
    parser.add_argument(
        "--loops", action="store_true", help="run it with each feedback switched off, paired (takes a while)"
    )


def _explain(asked: Asked) -> None:
    scenario = scenario_of(asked)
    if asked.loops:
        _explain_loops(asked, scenario)
        return
    from sim.pages.explain import explain

    sentences = explain(scenario)
    if asked.json:
        print_json({"sentences": sentences})
    else:
        print(sentences)


def _explain_loops(asked: Asked, scenario: Scenario) -> None:
    """What each feedback contributes."""
    from sim.experiments.loops import loops
    from sim.experiments.runner import simulated

    if not asked.json:
        print(f"{scenario.name}: {simulated(scenario)}, once as it is and once without each feedback", flush=True)
    table = loops(scenario, spread_of(asked))
    if asked.json:
        print_json({"loops": as_rows(table)})
        return
    shown = table.assign(measure=table["measure"].where(table["of"] == "all", table["measure"] + " " + table["of"]))
    shown = shown.drop(columns=["what", "of", "unit", "replications"])
    print_table(shown, "With each feedback less without it, 95% interval", "{:,.4g}")


def _run_options(parser: argparse.ArgumentParser) -> None:
    takes_run(parser)
    takes_uncertain(parser)
    parser.add_argument(
        "--until-precise",
        action="store_true",
        help="as many replications as run.precision needs, at most run.most_replications",
    )
    parser.add_argument("--out", metavar="FOLDER", type=Path, help="where results go; results/NAME if left out")


def _run(asked: Asked) -> None:
    scenario = scenario_of(asked)
    from sim import results
    from sim.experiments.claims import claims_in_words, included
    from sim.experiments.precision import in_words
    from sim.pages.headline import QUESTIONS, headline
    from sim.pages.terminal import wrapped

    folder = asked.out or Path("results") / Path(asked.file).stem
    results.refuse_unwritable(folder)
    done = _results(asked, scenario, asked.until_precise)
    if cut_short := done.provenance.get("cut_short", ""):
        folder = folder.with_name(f"{folder.name}_interrupted")  # earlier results of more replications stay
    results.save(done, folder)
    about = {name: done.provenance[name] for name in ("uncertain", "precision") if name in done.provenance}
    if asked.json:
        found = {"claims": as_rows(done.claims), "effects": as_rows(results.paired(done))}
        print_json({"folder": str(folder), **found, **about})
        return
    answers = zip(QUESTIONS, headline(done).sentences, strict=True)
    print(wrapped(["", *(f"{question} {told}" for question, told in answers), ""]))
    print(wrapped(claims_in_words(done.claims, included(done.provenance))))
    if "precision" in about:
        print(wrapped(["", *in_words(about["precision"])]))
    print(f"\nKept in {folder}. A page to print or send: carepath report {folder}")
    if cut_short:
        raise KeyboardInterrupt(f"{cut_short}: the answer rests on those; the same command begins again")


def _results(asked: Asked, scenario: Scenario, until_precise: bool = False) -> Results:
    """A scenario run, after a line that says at what scale and for how long."""
    from sim.experiments.runner import run, simulated

    if not asked.json:
        from sim.pages.terminal import wrapped

        print(wrapped([f"{scenario.name}: {simulated(scenario, asked.uncertain, until_precise)}"]), flush=True)
    command = f"carepath {' '.join(sys.argv[1:])}"
    return run(scenario, spread_of(asked), command=command, uncertain=asked.uncertain, until_precise=until_precise)


def _whole(results: Results) -> Results:
    """Results of every replication; what was cut short is not compared."""
    if "cut_short" in results.provenance:
        raise KeyboardInterrupt(f"{results.provenance['cut_short']}; the same command begins again")
    return results


def _compare_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "given", metavar="FOLDER_OR_SCENARIO", nargs="+", help="results kept by carepath run, or scenarios to run now"
    )
    takes_changes(parser)
    takes_settings(parser)
    takes_uncertain(parser)


def _compare(asked: Asked) -> None:
    from sim import results

    if len(set(asked.given)) < 2:
        raise InputError([Problem("FOLDER_OR_SCENARIO", "name two or more: the others are set against the first")])
    folders = {given: results.load(Path(given)) for given in asked.given if Path(given).is_dir()}
    scenarios = {given: scenario_of(asked, given) for given in asked.given if given not in folders}
    from sim.experiments.compare import compare, luck, refuse_unlike

    lucks = {
        given: luck(each.provenance["scenario"], "uncertain" in each.provenance) for given, each in folders.items()
    }
    lucks |= {given: luck(each.model_dump(mode="json"), asked.uncertain) for given, each in scenarios.items()}
    refuse_unlike({given: lucks[given] for given in asked.given})
    found = folders | {given: _whole(_results(asked, scenario)) for given, scenario in scenarios.items()}
    table = compare({given: found[given] for given in asked.given})
    if asked.json:
        print_json(as_rows(table))
        return
    from sim.pages.terminal import compared

    first, others = asked.given[0], len(found) - 1
    together = f" for all {others} differences together" if others > 1 else ""
    print_table(compared(table), f"Each less {first}, 95% interval{together}")
    for row in table[table["caution"] != ""].itertuples():
        print(f"{row.title}, {row.result}: {row.caution}")


def _report_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="a result kept by carepath run")
    parser.add_argument("--out", metavar="PAGE", type=Path, help="the page to write; report.html in FOLDER if left out")


def _report(asked: Asked) -> None:
    from sim import results

    loaded = results.load(asked.folder)
    from sim.pages.report import write_report

    page = asked.out or asked.folder / "report.html"
    write_report(loaded, page)
    if asked.json:
        print_json({"page": str(page)})
    else:
        print(f"Written: {page}. Open it in any browser; it needs no internet.")


def _schema_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=("scenario", "place", "intervention", "readiness"), help="kind of file")


def _schema(asked: Asked) -> None:
    from sim.files.schema import schema

    print_json(schema(asked.kind))


def _new_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("place",), help="what to make")
    parser.add_argument("name", metavar="NAME", help="name of the file, without .yaml")
    for field, what in NEW_PLACE.items():
        parser.add_argument(
            f"--{field.replace('_', '-')}", metavar="N", type=_number, required=field != "deaths", help=what
        )
    parser.add_argument(
        "--locality",
        metavar="NAME=ADULTS",
        action="append",
        default=[],
        help="a part of the place with its own council, and its adults; may be repeated",
    )
    parser.add_argument("--out", metavar="FILE", type=Path, help="file to write; NAME.yaml here if left out")


NEW_PLACE = {
    "adults": "residents aged 18 and over",
    "aged_75": "residents aged 75 and over",
    "acute_beds": "adult general and acute beds open, the residents' share",
    "community_beds": "community hospital and intermediate care beds",
    "virtual_ward_beds": "virtual ward places",
    "emergency_admissions": "emergency admissions of adults a year, zero-day included",
    "attendances": "type 1 A&E attendances of adults a year",
    "delayed": "people ready to leave who stay overnight in acute beds, mean of a day",
    "care_home_residents": "adults living in care homes",
    "home_care_users": "people aged 65 and over with home care, all funding",
    "deaths": "deaths of adults a year; rates by age of the reference place if left out",
}
"""Figures a new place is made from, as in ``figures.Figures``."""


def _number(text: str) -> float:
    """A figure as people write it, thousands separated or not."""
    try:
        return float(text.replace(",", ""))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number, such as 396000") from None


def _new(asked: Asked) -> None:
    from pydantic import ValidationError

    from sim.files.reading import load_place
    from sim.files.writing import dump
    from sim.new_place import new_place
    from sim.new_place_figures import Figures

    page = asked.out or Path(f"{asked.name}.yaml")
    if page.exists():
        raise InputError([Problem("", "is there already: give another name, or --out FILE", str(page))])
    given = {field: getattr(asked, field) for field in NEW_PLACE if getattr(asked, field) is not None}
    if asked.locality:
        given["localities"] = _localities(asked.locality)
    try:
        figures = Figures(name=asked.name.replace("_", " "), **given)
    except ValidationError as error:
        raise InputError([_refused(fault) for fault in error.errors()]) from None
    place, doubts = new_place(figures, load_place("england_500k"))
    dump(place, page)
    if asked.json:
        print_json({"file": str(page), "does_not_add_up": doubts})
        return
    print(f"Written: {page}. Numbers it borrowed are marked `borrowed_from`. Next: carepath check {page}")
    print("\n  ".join([f"{counted(len(doubts), 'figure')} to look at again:", *doubts]) if doubts else "It adds up.")


def _localities(given: list[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for text in given:
        name, _, adults = text.rpartition("=")
        if not name or not adults.replace(".", "", 1).isdecimal():
            raise InputError([Problem("--locality", f"{text!r} is not NAME=ADULTS, for example Brent=270000")])
        found[name] = float(adults)
    return found


def _refused(fault: ErrorDetails) -> Problem:
    where = f"--{str(fault['loc'][0]).replace('_', '-')}" if fault["loc"] else ""
    if fault["type"] == "greater_than":
        return Problem(
            where, f"must be more than 0, not {fault['input']:g}; give 1 for a service the place has none of"
        )
    return Problem(where, fault["msg"].removeprefix("Value error, ").replace("Input should be", "must be"))


COMMANDS = (
    Command(
        "check",
        "Is a file right and complete, and what load does it put on each bed? Nothing is simulated.",
        "carepath check north_west_london",
        check_options,
        check,
    ),
    Command(
        "explain",
        "What a scenario says, in English, and what each feedback contributes.",
        "carepath explain loops --loops",
        _explain_options,
        _explain,
    ),
    Command(
        "run",
        "Runs the plan and the same years without it, and sets each claim beside what the model finds.",
        "carepath run nwl_pilot --years 1 --set interventions.0.strength=0.5",
        _run_options,
        _run,
    ),
    Command(
        "claim",
        "In how many futures does each claim hold, what decides it, and what would be enough? Takes minutes.",
        "carepath claim stroke_units --claim 1 --futures 200",
        claim_options,
        claim,
    ),
    Command(
        "compare",
        "Where scenarios differ from the first one, and whether it is more than luck.",
        "carepath compare step_up_beds step_down_beds --years 1",
        _compare_options,
        _compare,
    ),
    Command(
        "sweep",
        "Runs the plan at many points and keeps a table for pandas or DuckDB; once stopped, it goes on where it was.",
        "carepath sweep stroke_units --grid place.pools.rehab_north.capacity=13,15,17 --years 0.5",
        sweep_options,
        sweep,
    ),
    Command(
        "capacity",
        "How much of a bed, package or slot is enough for a standard, and how much of one makes up for another?",
        'carepath capacity stroke_units rehab_* --standard "delays < 2 beds" --years 1',
        capacity_options,
        capacity,
    ),
    Command(
        "evaluate",
        "What would a before-and-after study, matched controls or a trial have reported of a programme, and how often?",
        "carepath evaluate nwl_pilot --programme case_management --years 2 --replications 40",
        evaluate_options,
        evaluate,
    ),
    Command(
        "money",
        "What does the plan cost and save, three ways; who gains and who pays under each payment scheme; does it pay?",
        "carepath money nwl_pilot --years 1 --html money.html",
        money_options,
        money,
    ),
    Command(
        "gallery",
        "Puts every claim of the questions that come with carepath to the test, into one page; resumable.",
        "carepath gallery --only stroke_units --futures 20",
        gallery_options,
        gallery,
    ),
    Command(
        "verify",
        "Does the model compute what it says, on this machine? Equal engines, exact answers; takes a minute or two.",
        "carepath verify stroke_units",
        verify_options,
        verify,
    ),
    Command(
        "bench",
        "How fast is carepath on this machine, where does the time go, and what do others take? Takes minutes.",
        "carepath bench --quick",
        bench_options,
        bench,
    ),
    Command(
        "report",
        "Writes one page to print or send: the answer, tables, charts, assumptions and sources.",
        "carepath report results/nwl_pilot --out answer.html",
        _report_options,
        _report,
    ),
    Command(
        "interventions",
        "What can be switched on, what each does on what evidence, and how sure anybody can be.",
        "carepath interventions case_management",
        interventions_options,
        interventions,
    ),
    Command(
        "readiness",
        "How ready is the place for a programme? A questionnaire, and what its answers are taken to mean.",
        "carepath readiness --new my_place.yaml",
        readiness_options,
        readiness,
    ),
    Command(
        "schema",
        "Prints the JSON Schema of a kind of file, for editors that check as you type.",
        "carepath schema place > place.schema.json",
        _schema_options,
        _schema,
    ),
    Command(
        "new",
        "Makes a first file for your own place from about a dozen figures you know.",
        "carepath new place my_place --adults 396000 --aged-75 45000 --acute-beds 819 --community-beds 120 "
        "--virtual-ward-beds 100 --emergency-admissions 46000 --attendances 106000 --delayed 109 "
        "--care-home-residents 3200 --home-care-users 4600",
        _new_options,
        _new,
    ),
)
"""Every command, in the order of its help."""
