# The smallest computational graph with two paths: b reaches e through c and through d, so that
# de/db = de/dc + de/dd = 3 + 5 = 8, and de/da = 3.
# From the lecture slides on computational graphs: e = (a + b)(b + 1) at a = 3, b = 2.

input a = 3, b = 2

c = a + b
d = b + 1
loss e = c * d
