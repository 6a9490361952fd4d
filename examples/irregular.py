"""A model that tensors do not fit: throw a ball so that it bounces through a ring on a far wall.

How often the loop below runs depends on the throw that we are about to learn, so there is no fixed graph to
draw and nothing to stack into a matrix. With Var it is ordinary Python: the code runs, backward() follows it.
"""

from vargrad import Var, math

GRAVITY = 9.81  # m/s²
WALL = 10  # metres away
RING = 1.2  # metres above the floor
lr = 0.05


def fly(across, up):
    """The height at which the ball meets the wall, and how often it has bounced before; speeds in m/s."""
    height, bounces = 2, 0
    time = WALL / across  # until it is at the wall
    fall = (up + math.sqrt(up**2 + 2 * GRAVITY * height)) / GRAVITY  # until it is on the floor
    while fall < time:
        time = time - fall
        up = 0.8 * (GRAVITY * fall - up)  # it comes down that fast, and keeps 80 % of it
        height = 0
        if up < 0.1:
            return height * up, bounces  # it only rolls now
        fall = 2 * up / GRAVITY
        bounces += 1
    return height + up * time - GRAVITY / 2 * time**2, bounces


def miss(across, up):
    """How far from the ring it meets the wall, squared."""
    return (fly(across, up)[0] - RING) ** 2


across, up = parameters = [Var(2, requires_grad=True), Var(4, requires_grad=True)]

# First we check the derivatives the article's way: change a parameter a little bit and look at the loss.
miss(across, up).backward()
eps = 0.000001
for i, p in enumerate(parameters):
    speeds = [across.value, up.value]
    loss = miss(*speeds)
    speeds[i] += eps
    print(f"finite difference {(miss(*speeds) - loss) / eps:.4f}, backward {p.grad:.4f}")
    p.grad = 0

before = None
for step in range(201):
    height, bounces = fly(across, up)
    if bounces != before or step % 50 == 0:
        print(f"step {step}: {across:.2f} m/s across, {up:.2f} up, {bounces} bounces, {height:.3f} m at the wall")
    before = bounces
    loss = (height - RING) ** 2
    loss.backward()

    for p in parameters:
        p.value -= lr * p.grad
        p.grad = 0
