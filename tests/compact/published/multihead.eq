# Multi-head self-attention, its heads by einsum.
dim H=2,T=3,D=2,E=4
input X:[T,E]
param Wq:[H,E,D],Wk:[H,E,D],Wv:[H,E,D]
Q=einsum("te,hed->htd",X,Wq)
K=einsum("te,hed->htd",X,Wk)
V=einsum("te,hed->htd",X,Wv)
S=einsum("htd,hsd->hts",Q,K)/sqrt(D)
P=softmax(S,axis=2)
O=einsum("hts,hsd->htd",P,V)
given dL/dO
