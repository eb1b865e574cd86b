# A residual block.
dim N=4,D=3,H=5
input X:[N,D]
param W1:[D,H],W2:[H,D],b1:[1,H],b2:[1,D]
Y=X+relu(X@W1+b1)@W2+b2
given dL/dY
