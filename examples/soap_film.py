"""A soap film in a bent frame: Newton's method with a sparse Hessian and SciPy's sparse solver.

The film's height over a grid is unknown at 900 inner points, and its area is to be least. The Hessian would have
810,000 numbers; 6,000 of them are not 0, since a point feels only its neighbours.
"""

import numpy as np
from scipy.sparse.linalg import spsolve

import vargrad

N = 30  # inner points each way
frame = np.linspace(0.0, 1.0, N + 2)
EDGE = np.sin(np.pi * frame)  # the height of two opposite sides; the others are flat


@vargrad.compile(signature="(n)->()")
def area(inner):
    height = np.zeros((N + 2, N + 2), object)
    height[0], height[-1] = EDGE, EDGE
    height[1:-1, 1:-1] = inner.reshape(N, N)
    h = 1 / (N + 1)
    total = 0.0
    for i in range(N + 1):
        for j in range(N + 1):  # two triangles a cell
            a, b, c, d = height[i, j], height[i + 1, j], height[i, j + 1], height[i + 1, j + 1]
            total = total + h * ((h * h + (b - a) ** 2 + (c - a) ** 2) ** 0.5) / 2
            total = total + h * ((h * h + (b - d) ** 2 + (c - d) ** 2) ** 0.5) / 2
    return total


def main() -> None:
    heights = np.zeros(N * N)
    matrix = area.hessian(heights, sparse=True)
    print(f"Hessian: {matrix.shape[0]} x {matrix.shape[1]}, {matrix.nnz} entries")
    for step in range(10):
        value, slope = area.value_and_grad(heights)
        print(f"step {step}: area {value:.8f}, gradient {abs(slope).max():.1e}")
        if abs(slope).max() < 1e-12:
            break
        area.hessian(heights, sparse=True, out=matrix)
        heights = heights - spsolve(matrix.tocsc(), slope)
    print(f"height in the middle: {heights.reshape(N, N)[N // 2, N // 2]:.4f}")


if __name__ == "__main__":
    main()
