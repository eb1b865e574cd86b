"""The compact derivation of a model with loops: the body of each once."""
