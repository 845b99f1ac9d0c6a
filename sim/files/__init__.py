"""Files people write, to checked values and back: YAML, its faults in plain English, and questions of sense."""
