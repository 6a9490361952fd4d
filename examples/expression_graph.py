"""The article's expression (x**2 + 3)**2 + y: its value, its computation graph and its derivatives."""

from vargrad import Var


def show(v, depth=0):
    """Print the graph from the output down to the leaves."""
    # Every Var remembers the two Vars and the operation it was computed from. A leaf was computed from nothing.
    grad = f"   grad {v.grad:g}" if v.requires_grad else ""
    print(f"{'    ' * depth}{v.prev_op or 'leaf'}: {v.value:g}{grad}")
    for operand in (v.prev_var1, v.prev_var2):
        if operand is not None:
            show(operand, depth + 1)


x = Var(53, requires_grad=True)
y = Var(-17, requires_grad=True)

z = (x**2 + 3) ** 2 + y
z.backward()

show(z)

# Multiply the derivatives along the edges from the output to x, and you get 4x(x**2 + 3). For y it is simply 1.
print(f"dz/dx = {x.grad}, by hand {4 * x.value * (x.value**2 + 3)}")
print(f"dz/dy = {y.grad}, by hand 1.0")

# If x is fed into the graph twice, there are two paths to it, and their derivatives are added.
x.grad = 0
z = (x**2 + 3) ** 2 + x
z.backward()
print(f"with x instead of y: dz/dx = {x.grad}")
