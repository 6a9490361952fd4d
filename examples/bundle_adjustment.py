"""Bundle adjustment: cameras and points from what the cameras saw, by SciPy's least_squares and a sparse Jacobian.

Eight cameras photograph 300 points. Positions of all of them are unknown, 948 numbers, and each of the 2400
observations depends on a camera's six and a point's three. The model is a function of one observation, compiled and
called for all of them at once; with sparse="values" its results are the entries of the whole Jacobian, row by row.
"""

import numpy as np
from scipy.optimize import least_squares
from scipy.sparse import csr_array

import vargrad
from vargrad import math

CAMERAS, POINTS, NOISE = 8, 300, 0.001


@vargrad.compile(signature="(c),(p)->(two)")
def project(camera, point):
    """Where a point is in a camera's picture; the camera is a rotation about three axes, and a shift."""
    x, y, z = point
    for i, angle in enumerate(camera[:3]):
        c, s = math.cos(angle), math.sin(angle)
        x, y, z = y, c * z - s * x, s * z + c * x  # about one axis, which is the next one after that
        if i == 2:
            x, y, z = x + camera[3], y + camera[4], z + camera[5]
    return [x / z, y / z]


def main() -> None:
    random = np.random.default_rng(0)
    cameras = np.hstack([random.uniform(-0.1, 0.1, (CAMERAS, 5)), np.full((CAMERAS, 1), 5.0)])
    points = random.uniform(-1.0, 1.0, (POINTS, 3))
    camera_of, point_of = np.divmod(np.arange(CAMERAS * POINTS), POINTS)  # each camera sees each point
    seen = project(cameras[camera_of], points[point_of]) + random.normal(0.0, NOISE, (CAMERAS * POINTS, 2))

    # The entries' columns: those of the one observation's pattern, moved to where its camera and its point are.
    _, columns = project.pattern("jacobian", cameras[0], points[0])
    row_length = len(columns) // 2
    camera_start, point_start = 6 * camera_of[:, None], cameras.size + 3 * point_of[:, None]
    indices = np.where(columns < 6, camera_start + columns, point_start + columns - 6).astype(np.int32).reshape(-1)
    starts = np.arange(2 * len(seen) + 1, dtype=np.int32) * row_length

    def unknowns(z):
        return z[: cameras.size].reshape(-1, 6)[camera_of], z[cameras.size :].reshape(-1, 3)[point_of]

    def residuals(z):
        return (project(*unknowns(z)) - seen).reshape(-1)

    def jacobian(z):
        values = project.jacobian(*unknowns(z), sparse="values")
        return csr_array((values.reshape(-1), indices, starts), shape=(seen.size, z.size))

    truth = np.concatenate([cameras.reshape(-1), points.reshape(-1)])
    start = truth + random.normal(0.0, 0.05, truth.size)
    matrix = jacobian(start)
    print(f"Jacobian: {matrix.shape[0]} x {matrix.shape[1]}, {matrix.nnz} entries, {matrix.nnz / seen.size:.0f} a row")
    step = random.normal(size=start.size)
    slope = (residuals(start + 1e-6 * step) - residuals(start - 1e-6 * step)) / 2e-6
    print(f"largest difference from a central difference: {abs(matrix @ step - slope).max():.1e}")
    found = least_squares(residuals, start, jac=jacobian, x_scale="jac", method="trf", max_nfev=50)
    rms = [np.sqrt(np.mean(residuals(z) ** 2)) for z in (start, found.x)]
    print(f"error in the pictures: {rms[0]:.5f} at the start, {rms[1]:.5f} found, {NOISE:.5f} is noise")


if __name__ == "__main__":
    main()
