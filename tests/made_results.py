"""Results made by hand for the tests of sentences, charts and pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from sim.experiments.claims import claims_table
from sim.results import BASELINE, PLAN, Results, provenance
from sim.scenario import Scenario

Values = Mapping[tuple[str, str], tuple[Sequence[float], Sequence[float]]]
"""By measure and part: values without the plan and with it, one for each replication."""


def made(scenario: Scenario, values: Values, periods: Sequence[str] = ("all",)) -> Results:
    """Results with the same values in every period."""
    rows = [
        (measure, period, "all", "all", of, value, arm, replication)
        for (measure, of), both in values.items()
        for arm, found in zip((BASELINE, PLAN), both, strict=True)
        for replication, value in enumerate(found)
        for period in periods
    ]
    columns = ["measure", "period", "group", "locality", "of", "value", "arm", "replication"]
    measures = pd.DataFrame(rows, columns=columns)
    replications = int(measures["replication"].max()) + 1
    made_by = provenance(scenario, "by hand", scenario.run.seed, replications, "carepath run by_hand")
    return Results(measures, claims_table(scenario, measures), made_by)
