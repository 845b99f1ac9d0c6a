"""carepath: would this plan free those beds? A whole health and care place, person by person."""

__version__ = "0.1.0"
