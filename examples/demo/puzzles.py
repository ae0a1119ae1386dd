"""A Python program for MicroPython: some puzzles, some text, and a question to the host."""

import json


def primes(limit):
    """Return the primes up to a limit, by the sieve of Eratosthenes."""
    sieve = bytearray(b"\1" * (limit + 1))
    sieve[0] = sieve[1] = 0
    for number in range(2, int(limit**0.5) + 1):
        if sieve[number]:
            for multiple in range(number * number, limit + 1, number):
                sieve[multiple] = 0
    return [number for number in range(limit + 1) if sieve[number]]


def queens(size):
    """Yield the ways to put so many queens on a board that none attacks another: a column for each row."""

    def place(row, columns):
        if row == size:
            yield columns
        for column in range(size):
            if all(column != other and abs(column - other) != row - at for at, other in enumerate(columns)):
                yield from place(row + 1, columns + [column])  # noqa: RUF005 - MicroPython has no [*columns, column]

    return place(0, [])


def board(columns):
    """Draw a way to put the queens."""
    return "\n".join(" ".join("Q" if column == each else "." for each in range(len(columns))) for column in columns)


POEM = """
So much depends upon a red wheel barrow
glazed with rain water beside the white chickens
and so much depends upon the rain
"""


def word_counts(text):
    """Return how often each word occurs, the most frequent first."""
    counts = {}
    for word in text.lower().split():
        counts[word] = counts.get(word, 0) + 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


found = primes(2000)
print("primes up to 2000:", len(found), "of them, the last", found[-3:])

solutions = list(queens(6))
print("ways to place six queens:", len(solutions))
print(board(solutions[0]))

print("words:", ", ".join(f"{word} {count}" for word, count in word_counts(POEM)[:4]))
print("2**521 - 1 has", len(str(2**521 - 1)), "digits")

try:
    [][len(found)]
except IndexError as error:
    print("caught:", type(error).__name__)

try:
    import host
except ImportError:
    print("nobody to ask")
else:
    answer = json.loads(host.call("python", json.dumps({"args": ["version"]})))
    print("the host runs on Python", answer["value"])
