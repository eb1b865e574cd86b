"""Verdicts on a person's own derivation, line by line, and what is wrong with a wrong line."""
