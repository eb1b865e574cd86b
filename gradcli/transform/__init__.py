"""Programs to programs: reverse mode, forward mode, a derivation as a program."""
