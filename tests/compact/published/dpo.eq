# Direct preference optimisation (Rafailov et al. 2023).
dim N = 4
input a: [N], b: [N]
const a_ref: [N], b_ref: [N], β = 0.1
u = β * ((a - a_ref) - (b - b_ref))
loss L = -sum(log(sigmoid(u))) / N
