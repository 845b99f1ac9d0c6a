"""What the command line does: a module for each command, the list of them, and what they have in common."""
