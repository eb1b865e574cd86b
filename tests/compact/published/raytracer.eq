# A ray tracer for 4×3 pixels: one sphere under one point light, and the derivative of the picture's
# squared error by the whole scene. From the eye, at the origin, a ray leaves through each pixel; it
# hits the sphere where |t·ray - centre|² = radius², a quadratic equation in t; the surface is shaded
# by Lambert's cosine law. Where a ray misses, 1 stands under the root, and the pixel stays black.
# After the ray tracer in the slides "Proof by Examples: Computing Derivatives Can be Trivial".

dim P = 12     # the pixels, row by row

const pixel: [P, 3] = [
    [-1.5,  1, 4], [-0.5,  1, 4], [0.5,  1, 4], [1.5,  1, 4],
    [-1.5,  0, 4], [-0.5,  0, 4], [0.5,  0, 4], [1.5,  0, 4],
    [-1.5, -1, 4], [-0.5, -1, 4], [0.5, -1, 4], [1.5, -1, 4]]
const photo: [P, 3] ~ uniform(0, 1)

input centre = [0.25, 0, 6], radius = 2, colour = [0.9, 0.6, 0.2]
input light = [3, 4, 0]

ray = pixel / norm(pixel, axis=1)

half_b = ray @ centre                                   # t² - 2 half_b t + |centre|² - radius² = 0
discriminant = half_b^2 - dot(centre, centre) + radius^2
hit = discriminant > 0
t = half_b - sqrt(where(hit, discriminant, 1))          # the nearer of the two points

point = t * ray
normal = (point - centre.T) / radius
to_light = light.T - point
cosine = sum(normal * to_light, axis=1) / norm(to_light, axis=1)

image = hit * maximum(cosine, 0) @ colour.T
loss L = sum(square(image - photo))
