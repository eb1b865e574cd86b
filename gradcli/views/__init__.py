"""Views of a program beside the backward listing. None of them has a rule of its own."""
