"""A care system turned into plain arrays, which is all an engine reads."""
