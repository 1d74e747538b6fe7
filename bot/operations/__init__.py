"""Running it: the supervisor of the programs, checks before the start."""
