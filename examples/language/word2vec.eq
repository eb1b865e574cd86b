# Skip-grams with negative sampling: a word predicts the ones around it, against K words drawn at random.
# Mikolov et al. 2013, "Distributed representations of words and phrases and their compositionality", equation 4.

dim N = 4, K = 2, V = 6, D = 3

index word: [N] in 0..V-1, around: [N] in 0..V-1, drawn: [N, K] in 0..V-1
param W: [V, D], U: [V, D]                  # vectors of words, and of words as surroundings

v = W[word]
near = sum(v * U[around], axis=1)                       # N×1
far = einsum("nd,nkd->nk", v, U[drawn])
loss L = -(sum(log_sigmoid(near)) + sum(log_sigmoid(-far))) / N
