"""The name of a run: the same for the same run, another for any other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sim.files.reading import load_scenario, read_template
from sim.identity import ONLY_SAYS, Run, engine_hash, fingerprint, scenario_hash, sources

ROOT = Path(__file__).resolve().parent.parent
RUN = Run(engine="a", scenario="b", row="c", seed=1, replication=2)


def test_a_fingerprint_is_that_of_the_content_not_of_its_order() -> None:
    assert fingerprint({"b": 1, "a": 0.1}) == fingerprint({"a": 0.1, "b": 1}) != fingerprint({"a": 0.1, "b": 2})


def test_each_part_of_a_name_tells_runs_apart() -> None:
    others = [RUN._replace(**{field: 7 if isinstance(value, int) else "z"}) for field, value in RUN._asdict().items()]
    keys = {RUN.key, *(other.key for other in others)}
    assert len(keys) == 1 + len(Run._fields)
    assert RUN.key == Run("a", "b", "c", 1, 2).key


def test_a_scenario_is_the_same_whatever_the_luck_and_another_if_a_number_changes() -> None:
    plain = scenario_hash(load_scenario("stroke_units"))
    assert plain == scenario_hash(load_scenario("stroke_units", {"run.seed": "9", "run.replications": "3"}))
    told = load_scenario("stroke_units").model_copy(update={"what_we_found": "Something."})
    assert plain == scenario_hash(told)
    assert plain != scenario_hash(load_scenario("stroke_units", {"place.pools.rehab_north.capacity": "14"}))
    assert plain != scenario_hash(load_scenario("stroke_units", {"run.scale": "0.5"}))


def test_a_scenario_read_once_is_the_one_read_again() -> None:
    changes = {"run.years": "0.5", "place.pools.rehab_north.capacity": "14"}
    template = read_template("stroke_units", {"run.years": "0.5"})
    assert template.scenario({"place.pools.rehab_north.capacity": "14"}) == load_scenario("stroke_units", changes)
    assert template.scenario() == load_scenario("stroke_units", {"run.years": "0.5"})


def test_the_hash_of_the_code_covers_every_module_a_run_uses() -> None:
    uses = "import sys, sim.plans.compile, sim.measures.tally\nfrom sim.engines import ENGINES, engine\n"
    uses += "[engine(name) for name in ENGINES]\nprint(*(m.__file__ for n, m in sys.modules.items() if n[:3] == 'sim'))"
    done = subprocess.run([sys.executable, "-c", uses], cwd=ROOT, capture_output=True, text=True, check=True)
    used = {Path(file).resolve() for file in done.stdout.split() if ROOT / "sim" in Path(file).resolve().parents}
    assert {"rules.py", "tally.py", "simpy_engine.py"} <= {file.name for file in used}
    assert used - {ROOT / "sim" / "__init__.py"} <= set(sources())


def test_what_is_left_out_of_the_hash_exists() -> None:
    assert [name for name in ONLY_SAYS if not (ROOT / "sim" / name).exists()] == []


def test_every_process_has_the_same_hash_of_the_code() -> None:
    tell = "from sim.identity import engine_hash; print(engine_hash())"
    done = subprocess.run([sys.executable, "-c", tell], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == engine_hash()
