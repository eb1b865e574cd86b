# Gumbel-softmax sample's linear readout (Jang et al. 2017).
dim K = 5
input z: [K]
const g: [K], τ = 0.5, w: [K]
y = softmax((z + g) / τ)
loss L = dot(w, y)
