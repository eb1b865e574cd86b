"""The compact derivation: each gradient in one line, as few and as short as a person's."""
