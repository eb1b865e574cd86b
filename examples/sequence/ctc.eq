# Connectionist temporal classification: the probability of a labelling, over all its alignments, by the forward variables.
# Graves et al. 2006, "Connectionist temporal classification", equations 5 to 8; label 0 is the blank.

dim T = 4, K = 3, S = 5

input logits: [T, K]
index label: [S] in 0..K-1 = [0, 1, 0, 2, 0]        # the labelling 1 2 with blanks around
const skip: [S] = [0, 0, 0, 1, 0]                   # where a blank may be left out
const begin: [S] = [1, 1, 0, 0, 0]

y = softmax(logits, axis=1).T                       # K×T
p = y[label]                                        # S×T

alpha[1] = begin ∘ p[:, 0]
for t in 2..T:
    reach = alpha[t-1] + shift(alpha[t-1]) + skip ∘ shift(alpha[t-1], by=2)
    alpha[t] = p[:, t-1] ∘ reach
last = alpha[T]
loss L = -log(last[S-1] + last[S-2])
