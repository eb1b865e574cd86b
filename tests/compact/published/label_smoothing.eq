# Cross-entropy with smoothed labels.
dim N=4,K=5
input Z:[N,K]
const Y:[N,K] ~ onehot(axis=1)
const e=0.1
P=softmax(Z,axis=1)
T=(1-e)*Y+e/K
loss L=-sum(T*log(P))/N
