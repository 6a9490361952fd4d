"""Handwritten digits, scikit-learn's 1797 pictures of 8 by 8 pixels, learned in a fraction of a second."""

import sys

from vargrad import NN, data

epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 60

X, y = data.digits()
X, X_test, y, y_test = data.train_test_split(X, y, test_size=0.25, seed=0)

# One output for each digit, without activation: cross_entropy makes probabilities of them.
model = NN([64, 32, 10], "tanh", output_activation="identity", init="torch", seed=0)
print(model.summary())

history = model.fit(
    X,
    y,
    loss="cross_entropy",
    momentum=0.9,
    epochs=epochs,
    batch_size=16,
    validation_split=0.1,
    patience=20,
    seed=0,
    progress=False,
)
print(history)
print(f"right: {model.score(X_test, y_test):.1%} of {len(y_test)} pictures that it has never seen")

# Where it is least sure. predict_proba has a column for each digit.
odds = model.predict_proba(X_test)
i = odds.max(axis=1).argmin()
first, second = odds[i].argsort()[:-3:-1]
print(f"the hardest one: a {y_test[i]}; {first} ({odds[i, first]:.0%}) or {second} ({odds[i, second]:.0%})?")
for row in X_test[i].reshape(8, 8):
    print("".join(" .:-=+*#%@"[int(9 * pixel)] * 2 for pixel in row))
