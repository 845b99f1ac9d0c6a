"""Activity to money: what a plan costs and is worth, who gains and who pays under a payment scheme."""
