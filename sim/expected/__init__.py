"""What a place's figures lead to without a run: net rates and times, and the flows to expect of them."""
