"""Two moons told apart by a small network, and a picture of the plane as the network sees it.

The picture is text; `python moons.py moons.svg` draws it in colours as well, for any browser.
"""

import sys

import numpy as np

from vargrad import NN, data

X, y = data.moons(200, noise=0.1, seed=0)

model = NN([2, 16, 16, 1], "tanh", output_activation="identity", init="xavier_uniform", seed=0)
history = model.fit(X, y, loss="bce", optimizer="adam", lr=0.01, epochs=200, seed=0)

print(history)
print(f"{model.score(X, y):.1%} of the {len(X)} points are on the right side of the boundary\n")


def plane(columns, rows):
    """The probability of the second moon on a grid, from the upper left, and the columns and rows of the points."""
    low, high = X.min(axis=0) - 0.3, X.max(axis=0) + 0.3
    across, down = np.meshgrid(np.linspace(low[0], high[0], columns), np.linspace(high[1], low[1], rows))
    grid = np.column_stack([across.ravel(), down.ravel()])
    places = (X - [low[0], high[1]]) / [high[0] - low[0], low[1] - high[1]] * [columns - 1, rows - 1]
    return model.predict_proba(grid)[:, 1].reshape(rows, columns), places


# The boundary is where dots begin. o and x are the points of either moon.
probability, places = plane(columns=78, rows=26)
picture = np.where(probability > 0.5, ".", " ")
for (column, row), label in zip(places.round().astype(int), y, strict=True):
    picture[row, column] = "ox"[label]
print("\n".join("".join(row) for row in picture))

if len(sys.argv) > 1:
    probability, places = plane(columns=160, rows=100)
    shapes = [
        f'<rect x="{column - 0.5}" y="{row - 0.5}" width="1" height="1" fill="hsl({220 - 190 * p:.0f} 80% 80%)"/>'
        for (row, column), p in np.ndenumerate(probability)
    ]
    for (column, row), label in zip(places, y, strict=True):
        shapes.append(f'<circle cx="{column:.2f}" cy="{row:.2f}" r="1" fill="{("navy", "firebrick")[label]}"/>')
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-0.5 -0.5 160 100" shape-rendering="crispEdges">'
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write("\n".join([head, *shapes, "</svg>\n"]))
