"""The log of a run to numbers: what is counted, what each measure means, and the tidy table of them all."""
