"""The article's two methods beside each other: the same steps, the same losses, and what each of them costs.

Finite differences compute the loss once for where we are, and once more for each parameter. Backpropagation computes
it once and goes back once, however many parameters there are.
"""

import sys

from vargrad import NN, data

X, y = data.gate("xor")
steps = int(sys.argv[1]) if len(sys.argv) > 1 else 2000

NN([2, 1]).fit(X, y, epochs=1)  # what is needed once should not be counted
print("network         parameters  method             passes    loss   seconds")
for arch in [2, 2, 1], [2, 8, 1], [2, 16, 16, 1]:
    for method in "gradient", "finite-difference":
        model = NN(arch, init="uniform" if len(arch) == 3 else "xavier_uniform", seed=0)  # the same start for both
        n = len(model.parameters)
        history = model.fit(X, y, loss="sse", lr=1, epochs=steps, method=method, progress=False)
        passes = steps * (2 if method == "gradient" else 1 + n)
        print(f"{arch!s:15} {n:10}  {method:17} {passes:7}  {history.loss:.6f}  {history.seconds:.4f}")

print("\nThe last of them says:")
for (p, q), prediction in zip(X.astype(int), model.predict(X), strict=True):
    print(f"{p} ^ {q} = {prediction:.3f}")
