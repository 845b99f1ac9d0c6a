"""What ``carepath check --scale`` adds: the headline measures at that scale beside those at full size."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sim.command import Asked, settings_of, spread_of

if TYPE_CHECKING:
    import pandas as pd

    from sim.expected import ExpectedFlows
    from sim.system import Place

USUAL = {"years": "1", "replications": "8"}
"""How it is run unless asked for otherwise."""


def scaled(asked: Asked, place: Place, flows: ExpectedFlows) -> pd.DataFrame:
    """Today's place run at the scale asked for, beside full size."""
    from sim.experiments.baseline import settings
    from sim.experiments.runner import simulated
    from sim.experiments.scale import scale_effect, scale_table, today
    from sim.flow_tables import expected_headlines

    run = settings(USUAL | settings_of(asked))
    print(f"{place.name}, today: {simulated(today(place, run))}", file=sys.stderr, flush=True)
    return scale_table(scale_effect(place, run, spread_of(asked)), expected_headlines(place, flows))
