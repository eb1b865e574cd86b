# makemore's character model with batch normalisation, in the 26 intermediates of the exercise in backpropagation by hand.
# Karpathy 2022, "Building makemore part 4: becoming a backprop ninja".

dim N = 3, B = 2, V = 4, D = 2, H = 3       # examples, characters before, alphabet, embedding, hidden

index Xb: [N, B] in 0..V-1, Yb: [N] in 0..V-1
param C: [V, D]
param W1: [B*D, H], b1: [1, H], W2: [H, V], b2: [1, V]
param bngain: [1, H], bnbias: [1, H]

emb = C[Xb]                                 # N×B×D
embcat = reshape(emb, [N, B*D])
hprebn = embcat @ W1 + b1
bnmeani = 1/N * sum(hprebn, axis=0)
bndiff = hprebn - bnmeani
bndiff2 = bndiff^2
bnvar = 1/(N-1) * sum(bndiff2, axis=0)      # Bessel's correction
bnvar_inv = (bnvar + 1e-5)^-0.5
bnraw = bndiff * bnvar_inv
hpreact = bngain * bnraw + bnbias
h = tanh(hpreact)
logits = h @ W2 + b2
logit_maxes = max(logits, axis=1)
norm_logits = logits - logit_maxes
counts = exp(norm_logits)
counts_sum = sum(counts, axis=1)
counts_sum_inv = counts_sum^-1
probs = counts * counts_sum_inv
logprobs = log(probs)
loss L = -mean(pick(logprobs, Yb, axis=1))
