# Weight tying: the embedding is the classifier too.
dim V=5,D=3,N=4
index t:[N] in 0..V-1
const y:[N,V] ~ onehot(axis=1)
param E:[V,D],W:[D,D]
X=E[t]
H=tanh(X@W)
P=softmax(H@E.T,axis=1)
loss L=-sum(y*log(P))/N
