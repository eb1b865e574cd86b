"""Verdicts on gradients: by complex step and finite differences, and on those of other programs."""
