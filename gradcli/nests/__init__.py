"""Programs with their loops kept, forward and backward: each equation once."""
