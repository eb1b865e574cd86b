# An MLP whose gate is a SiLU.
dim N=4,D=3,H=5
input X:[N,D]
param W1:[D,H],W3:[D,H],W2:[H,D]
A=X@W1
B=X@W3
G=A*sigmoid(A)
Y=(G*B)@W2
given dL/dY
