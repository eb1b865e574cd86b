"""How large a model may be. What is too large is an error before memory or time is spent on it."""

MOST_STEPS = 1_000_000  # equations
MOST_OPERANDS = 1_000  # of one operation
MOST_MEMBERS = 100_000  # of one declared family
MOST_ARRAYS = 2  # times --max-elements: the elements of all arrays of a model
MOST_AXES = 8  # of an array
DEEPEST = 64  # loops, definitions and sums inside each other, and brackets
