"""An embedding through compile: each word has a place in the plane, learnt from which words stand side by side.

`table[word]` with a recorded argument has no one value, so Python refuses it. A weight for each row of the table, 1 at
the word and 0 elsewhere, picks the same numbers, in one path for all words, and sends derivatives to the word alone.
"""

import numpy as np

import vargrad
from vargrad import Var, math, optim

TEXT = "the cat sat on the mat . the dog sat on the rug . a cat ate a fish . a dog ate a bone ."


def pick(table, i):
    """Row ``i`` of the table, a number that may be recorded: what ``table[i]`` is for an int."""
    chosen = [math.where(i == k, 1.0, 0.0) for k in range(len(table))]
    return [math.dot(chosen, list(column)) for column in zip(*table, strict=True)]


def main(epochs=150):
    words = TEXT.split()
    names = sorted(set(words))
    numbers = np.array([names.index(word) for word in words], float)
    random = np.random.default_rng(0)

    def leaves():
        return [[Var(x, requires_grad=True) for x in row] for row in random.normal(0, 0.5, (len(names), 2)).tolist()]

    inputs, outputs = leaves(), leaves()

    @vargrad.compile
    def surprise(word, following):
        """How unlikely the following word is after this one: cross-entropy over all words."""
        place = pick(inputs, word)
        scores = [math.dot(place, row) for row in outputs]
        return math.logsumexp(scores) - math.dot(
            [math.where(following == k, 1.0, 0.0) for k in range(len(names))], scores
        )

    optimizer = optim.Adam([p for table in (inputs, outputs) for row in table for p in row], lr=0.05)
    losses = []
    for _ in range(epochs):
        optimizer.zero_grad()
        losses.append(surprise.backward(numbers[:-1], numbers[1:]) / (len(words) - 1))
        optimizer.step()
    print(f"surprise a word: {losses[0]:.3f} -> {losses[-1]:.3f}, {surprise.paths} path for {len(names)} words")
    for name in ("cat", "dog", "mat", "rug"):
        print(name, [round(p.value, 2) for p in inputs[names.index(name)]])
    return losses


if __name__ == "__main__":
    main()
