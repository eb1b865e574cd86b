# Pictures and their captions, drawn together in one space; in a batch each is the other's only partner.
# Radford et al. 2021, "Learning transferable visual models from natural language supervision", figure 3.

dim N = 3, I = 4, T = 5, E = 2

const images: [N, I], texts: [N, T]         # features of the two encoders
param W_i: [I, E], W_t: [T, E], t           # t: the logarithm of the temperature's inverse

I_e = normalize(images @ W_i, axis=1)
T_e = normalize(texts @ W_t, axis=1)
logits = I_e @ T_e.T * exp(t)
by_image = trace(log_softmax(logits, axis=1))
by_text = trace(log_softmax(logits, axis=0))
loss L = -(by_image + by_text) / (2 * N)
