"""Every command, in the order of its help.

The modules load only what they need when they are asked, so that help and checks answer at once.
"""

from __future__ import annotations

from sim.commands.bench import bench, bench_options
from sim.commands.capacity import capacity, capacity_options
from sim.commands.check import check, check_options
from sim.commands.claim import claim, claim_options
from sim.commands.command import Command
from sim.commands.compare import compare, compare_options
from sim.commands.evaluate import evaluate, evaluate_options
from sim.commands.explain import explain, explain_options
from sim.commands.gallery import gallery, gallery_options
from sim.commands.interventions import interventions, interventions_options
from sim.commands.money import money, money_options
from sim.commands.new import new, new_options
from sim.commands.readiness import readiness, readiness_options
from sim.commands.report import report, report_options
from sim.commands.run import run, run_options
from sim.commands.schema import schema, schema_options
from sim.commands.sweep import sweep, sweep_options
from sim.commands.verify import verify, verify_options

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
        explain_options,
        explain,
    ),
    Command(
        "run",
        "Runs the plan and the same years without it, and sets each claim beside what the model finds.",
        "carepath run nwl_pilot --years 1 --set interventions.0.strength=0.5",
        run_options,
        run,
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
        compare_options,
        compare,
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
        report_options,
        report,
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
        schema_options,
        schema,
    ),
    Command(
        "new",
        "Makes a first file for your own place from about a dozen figures you know.",
        "carepath new place my_place --adults 396000 --aged-75 45000 --acute-beds 819 --community-beds 120 "
        "--virtual-ward-beds 100 --emergency-admissions 46000 --attendances 106000 --delayed 109 "
        "--care-home-residents 3200 --home-care-users 4600",
        new_options,
        new,
    ),
)
"""Every command, in the order of its help."""
