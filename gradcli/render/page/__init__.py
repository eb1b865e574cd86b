"""A derivation as a page: one file that needs nothing else, for reading and for walking through."""
