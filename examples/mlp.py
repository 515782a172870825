"""Trains a small network on synthetic digits: seven-segment figures in noise.

    python -m leafgrad examples/mlp.py [--steps N] [--seed S]

The network, the loss and the optimiser are written out by hand, so that all of it can be seen.
"""

import argparse

import torch
import torch.nn.functional as F

# The segments of each digit, as on a pocket calculator: top, top left, top right, middle, and so on downward.
SEGMENTS = ["abcefg", "cf", "acdeg", "acdfg", "bcdf", "abdfg", "abdefg", "acf", "abcdefg", "abcdfg"]
PLACES = {  # rows and columns of an 8 x 6 picture
    "a": (slice(0, 1), slice(1, 5)),
    "b": (slice(1, 4), slice(0, 1)),
    "c": (slice(1, 4), slice(5, 6)),
    "d": (slice(3, 4), slice(1, 5)),
    "e": (slice(4, 7), slice(0, 1)),
    "f": (slice(4, 7), slice(5, 6)),
    "g": (slice(7, 8), slice(1, 5)),
}


def pictures():
    """One clean picture of each digit, of shape (10, 8, 6)."""
    clean = torch.zeros(10, 8, 6)
    for digit, segments in enumerate(SEGMENTS):
        for segment in segments:
            rows, columns = PLACES[segment]
            clean[digit, rows, columns] = 1.0
    return clean


def sample(clean, count):
    """`count` noisy pictures, flattened, and the digits they show."""
    digits = torch.randint(0, 10, (count,))
    noisy = clean[digits] + 0.4 * torch.randn(count, 8, 6)
    return noisy.flatten(1), digits


def layer(inputs, outputs):
    """A weight and a bias, scaled so that activations keep their size."""
    weight = torch.randn(inputs, outputs) * (2.0 / inputs) ** 0.5
    return weight.requires_grad_(), torch.zeros(outputs, requires_grad=True)


def network(x, parameters):
    (w1, b1), (w2, b2) = parameters
    return torch.relu(x @ w1 + b1) @ w2 + b2


def accuracy(scores, digits):
    return (scores.argmax(dim=1) == digits).float().mean().item()


def main():
    parser = argparse.ArgumentParser(description="Train a small network on synthetic digits.")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    clean = pictures()
    parameters = [layer(48, 64), layer(64, 10)]
    rate = 0.2

    for step in range(options.steps + 1):
        x, digits = sample(clean, 64)
        loss = F.cross_entropy(network(x, parameters), digits)
        loss.backward()
        with torch.no_grad():
            for weight, bias in parameters:
                weight -= rate * weight.grad
                bias -= rate * bias.grad
                weight.grad = None
                bias.grad = None
        if step % 40 == 0:
            print(f"step {step:4d}  loss {loss.item():.3f}")

    with torch.no_grad():
        x, digits = sample(clean, 2000)
        print(f"accuracy on 2000 new pictures: {accuracy(network(x, parameters), digits):.2f}")


if __name__ == "__main__":
    main()
