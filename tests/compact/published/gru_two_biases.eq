# A GRU cell with two biases at its candidate, as libraries have it.
dim H=4,X=3
input x:[X],h0:[H]
param Wr:[H,X],Ur:[H,H],br:[H],Wz:[H,X],Uz:[H,H],bz:[H],Wn:[H,X],Un:[H,H],bn:[H],cn:[H]
r=sigmoid(Wr@x+Ur@h0+br)
z=sigmoid(Wz@x+Uz@h0+bz)
n=tanh(Wn@x+bn+r*(Un@h0+cn))
h=(1-z)*n+z*h0
given dL/dh
