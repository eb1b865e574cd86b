"""The check of a derivation: numeric verdicts, a person's own steps, gradients from elsewhere."""
