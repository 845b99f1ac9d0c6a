"""Everything that runs a scenario more than once: replications, pairs of arms, comparisons."""
