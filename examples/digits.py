"""Handwritten digits of 8 times 8 pixels: a classifier, how often it is right, and what it mistakes for what."""

from collections import Counter

from vargrad import NN, data

X, y = data.digits()  # comes with scikit-learn, nothing is downloaded
X_train, X_test, y_train, y_test = data.train_test_split(X, y, seed=0)

# 64 pixels in, one number for each digit out. cross_entropy makes probabilities of them: no activation at the end.
model = NN([64, 32, 10], "tanh", output_activation="identity", init="xavier_normal", seed=0)
history = model.fit(X_train, y_train, loss="cross_entropy", lr=0.05, momentum=0.9, l2=3e-4, epochs=60, seed=0)

print(history)
print(f"test accuracy: {model.score(X_test, y_test):.2%} of {len(X_test)} digits that it has never seen\n")

guesses = model.predict(X_test)
wrong = (guesses != y_test).nonzero()[0]
pairs = zip(y_test[wrong].tolist(), guesses[wrong].tolist(), strict=True)
print("digit  taken for  times")
for (digit, guess), times in Counter(pairs).most_common(5):
    print(f"{digit:5}  {guess:9}  {times:5}")

# The three mistakes of which it was the surest, as it saw them.
sure = model.predict_proba(X_test)
for i in sorted(wrong, key=lambda i: -sure[i].max())[:3]:
    print(f"\nto it {sure[i].max():.0%} a {guesses[i]}, but written as a {y_test[i]}:")
    for row in X_test[i].reshape(8, 8):
        print("  " + "".join(" .:-=+*#@"[round(8 * pixel)] * 2 for pixel in row))
