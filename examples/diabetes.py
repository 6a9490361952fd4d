"""A regression: how diabetes progresses within a year, by ten measurements of 442 patients.

A few hundred noisy patients are soon learned by heart. So some of them are held back to judge by, training stops when
the loss on these has not been lower for a while (patience), and the parameters go back to where it was lowest.
"""

import numpy as np

from vargrad import NN, data

X, y = data.diabetes()  # comes with scikit-learn, nothing is downloaded
X_train, X_test, y_train, y_test = data.train_test_split(X, y, seed=0)
X_train, X_test = data.standardize(X_train, X_test)
target = data.standardize(y_train)  # networks like numbers around 1; predictions are scaled back

model = NN([10, 8, 1], "tanh", output_activation="identity", init="xavier_uniform", seed=0)
history = model.fit(
    X_train, target, optimizer="adam", lr=0.003, l2=0.02, epochs=500, validation_split=0.2, patience=20, seed=0
)

print("epoch  training loss  validation loss")
for epoch in range(0, history.epochs, 10):
    print(f"{epoch:5}  {history.losses[epoch]:13.4f}  {history.validation_losses[epoch]:15.4f}")
print(f"stopped after {history.epochs} epochs, and went back to epoch {history.best_epoch}\n")

predicted = model.predict(X_test) * y_train.std() + y_train.mean()
print("progression  predicted")
for true, guess in zip(y_test[:8], predicted, strict=False):
    print(f"{true:11.0f}  {guess:9.0f}")

# R**2: 1 is perfect, 0 is as good as to predict the mean. The line is what least squares finds.
(*slopes, height), *_ = np.linalg.lstsq(np.column_stack([X_train, np.ones(len(X_train))]), y_train)
for name, guess in ("network", predicted), ("straight line", X_test @ slopes + height), ("mean", y_train.mean()):
    error = y_test - guess
    print(f"{name:13} R**2 {1 - (error**2).sum() / ((y_test - y_test.mean()) ** 2).sum():.3f}, ", end="")
    print(f"off by {np.abs(error).mean():.0f} on average")
