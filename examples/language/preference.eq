# Direct preference optimisation: of two answers the preferred one becomes likelier than the reference has it.
# Rafailov et al. 2023, "Direct preference optimization: your language model is secretly a reward model", equation 7.

dim T = 3, V = 5, D = 4

const better: [T, D], worse: [T, D]             # the states from which the answers' words are predicted
index y_w: [T] in 0..V-1, y_l: [T] in 0..V-1
const ref_w = -4.2, ref_l = -3.9                # what the reference gives them, in logarithms
param W: [D, V]
const beta = 0.5

def logp(states, answer) = sum(pick(log_softmax(states @ W, axis=1), answer, axis=1))

reward_w = beta * (logp(better, y_w) - ref_w)
reward_l = beta * (logp(worse, y_l) - ref_l)
loss L = -log_sigmoid(reward_w - reward_l)
