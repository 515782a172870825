"""What `python -m leafgrad tour` prints: how autograd works, in lines of code that are shown and run."""

import linecache
import warnings

TEXT = """\
A tensor that requires grad is a leaf; what is computed from it remembers how.

>>> import leafgrad as torch
>>> a = torch.tensor(2.0, requires_grad=True)
>>> b = a.exp()
>>> print(b)

A small program with three leaves. Running it records the graph.

>>> input = torch.ones([2, 2], requires_grad=False)
>>> w1 = torch.tensor(2.0, requires_grad=True)
>>> w2 = torch.tensor(3.0, requires_grad=True)
>>> w3 = torch.tensor(4.0, requires_grad=True)
>>> l1 = input * w1
>>> l2 = l1 + w2
>>> l3 = l1 * w3
>>> l4 = l2 * l3
>>> loss = l4.mean()

A tensor is its data, its gradient (none yet) and the node that made it (a leaf has none).

>>> print(w1.data, w1.grad, w1.grad_fn)
>>> print(l1.data, l1.grad, l1.grad_fn)
>>> print(loss.data, loss.grad, loss.grad_fn)
>>> w1.is_leaf, input.is_leaf, l1.is_leaf

The graph behind loss: from the result down to the leaves, whose AccumulateGrad nodes add to .grad.

>>> from leafgrad.graph_text import draw
>>> print(draw(loss, {"w1": w1, "w2": w2, "w3": w3, "l1": l1, "l2": l2, "l3": l3, "l4": l4}))

Backward walks it once, newest node first. Only leaves keep what arrives.

>>> loss.backward()
>>> print(w1.grad, w2.grad, w3.grad)
>>> print(l1.grad, l2.grad, l3.grad, l4.grad, loss.grad)

The graph was freed on the way, so a second walk is an error; retain_graph=True would keep it.

>>> loss.backward()

Hooks and retain_grad() show the rest. The leaves' gradients add up: w1 had 28 from before.

>>> l1 = input * w1
>>> l2 = l1 + w2
>>> handle = l1.register_hook(lambda grad: print("gradient of l1:", grad))
>>> l2.retain_grad()
>>> (l2 * (l1 * w3)).mean().backward()
>>> l2.grad
>>> w1.grad

Each tensor counts the writes to its memory. Backward needs b as it was, and sees that it is not.

>>> a = torch.tensor([1.0, 2.0], requires_grad=True)
>>> b = a + 2
>>> loss = (b * b).mean()
>>> b._version
>>> b[0] = 1000.0
>>> b._version
>>> loss.backward()

A write to a value that backward does not need is no error: the gradient of a + 2 depends on neither.

>>> b = a + 2
>>> loss = b.mean()
>>> b[0] = 1000.0
>>> loss.backward()
>>> a.grad

A leaf that requires grad cannot be written to in the open: its history would begin before it.

>>> a = torch.tensor([5.0, 5.0, 5.0, 5.0], requires_grad=True)
>>> a += 1
>>> a[:] = 0
>>> a

Two ways to do it right. The tensor stays the same object, and a leaf.

>>> before = id(a)
>>> a.data.fill_(10.0)
>>> with torch.no_grad():
...     a[:] = 10.0
>>> id(a) == before, a.is_leaf
>>> (a * a).mean().backward()
>>> a.grad
"""


def tour() -> None:
    """Print the tour: prose as it stands, each statement with what it printed, warned of or raised."""
    lines = TEXT.splitlines(keepends=True)
    # The tour's lines can be looked up like a file's, so that errors can quote the line that wrote or saved.
    code = [line[4:] if line.startswith((">>> ", "... ")) else "\n" for line in lines]
    linecache.cache["<tour>"] = (len(TEXT), None, code, "<tour>")
    names: dict[str, object] = {"__name__": "__main__"}
    warned: set[str] = set()
    for i, line in enumerate(lines):
        print(line, end="")
        following = lines[i + 1] if i + 1 < len(lines) else ""
        if line.startswith((">>> ", "... ")) and not following.startswith("... "):
            first = i
            while not lines[first].startswith(">>> "):
                first -= 1
            _run("\n" * first + "".join(code[first : i + 1]), names, warned)


def _run(source: str, names: dict[str, object], warned: set[str]) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            exec(compile(source, "<tour>", "single"), names)
        except RuntimeError as error:
            print(f"{type(error).__name__}: {error}")
    for warning in caught:
        text = str(warning.message)
        shown = text.partition(". ")[0] + ". ..." if text in warned else text
        warned.add(text)
        print(f"{warning.category.__name__}: {shown}")
