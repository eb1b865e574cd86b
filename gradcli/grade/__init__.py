"""Many derivations marked: the rubric, the points of each submission, and what graders write."""
