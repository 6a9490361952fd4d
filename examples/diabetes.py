"""A regression: how diabetes went on after a year, from ten measurements of each of 442 patients."""

import numpy as np

from vargrad import NN, data

X, y = data.diabetes()
X, X_test, y, y_test = data.train_test_split(X, y, test_size=0.25, seed=0)
X, X_test = data.standardize(X, X_test)
center, scale = y.mean(), y.std()

for arch in ([10, 1], [10, 8, 1]):  # a line, and a network
    model = NN(arch, "tanh", output_activation="identity", init="torch", seed=0)
    model.fit(
        X,
        (y - center) / scale,
        "huber",
        "adam",
        lr=0.01,
        epochs=300,
        l2=0.01,
        validation_split=0.2,
        patience=30,
        seed=0,
    )
    missed = np.abs(model.predict(X_test) * scale + center - y_test).mean()
    print(f"{model}: r2 {model.score(X_test, (y_test - center) / scale):.3f}, off by {missed:.1f} on average")
print(f"always the mean: r2 0, off by {np.abs(center - y_test).mean():.1f}")
