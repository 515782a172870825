"""Runs one program on two modules and looks for a difference after every step.

The reference (torch) and the other module (leafgrad) each have a world: a namespace in which the program's
lines are executed. After each line the worlds must agree on whether and which exception was raised and, for
every live tensor, on everything `observe` reads. The end of the program differentiates what there is and
compares gradients and hooks.
"""

import collections
import re
import warnings
from typing import NamedTuple

import numpy as np

from tests.both import first_sentence
from tests.fuzz.pen import surely_leaf
from tests.fuzz.programs import write

LARGE = 1e4  # a program whose values grow beyond this stops there: what follows would compare rounding errors
DONE, STOPPED = "done", "stopped"

PREAMBLE = """\
import torch
log = []
double = lambda grad: grad * 2
nothing = lambda grad: None
record = lambda name: lambda grad: log.append((name, grad))
record_grad = lambda name: lambda tensor: log.append((name, tensor.grad))
"""


class Disagreement(AssertionError):
    """The two modules differ. `script` is the program as a torch script, `what` the first difference."""

    def __init__(self, script, what):
        super().__init__(f"{what}\n\n{script}")
        self.script, self.what = script, what


class Stop(Exception):
    """A difference that is meant; the program ends there.

    The reference found an error in itself ("please report a bug"); or it refuses to use a tensor that was saved, detached
    in place, and made to require grad again (docs/differences.md).
    """


class Raised(NamedTuple):
    """An exception, as far as the two modules must agree on it."""

    type: str
    text: str


class World:
    """One module, the names the program has given to its tensors, and what its hooks recorded."""

    def __init__(self, module, edit=None):
        self.edit = edit or (lambda line: line)
        self.second_order = False  # has a gradient been differentiable?
        self.seen_grad = False  # has a `.grad` been given a name?
        self.log = []
        self.names = {
            "torch": module,
            "double": lambda grad: grad * 2,
            "nothing": lambda grad: None,
            "record": lambda name: lambda grad: self.log.append((name, value(grad))),
            "record_grad": lambda name: lambda tensor: self.log.append((name, value(tensor.grad))),
        }

    def run(self, line):
        """Executes the line; returns None, or what it raised."""
        self.second_order |= "create_graph=True" in line
        self.seen_grad |= line.endswith(".grad")
        return self.unnamed(guarded(exec, self.edit(line), self.names))

    def value(self, expression):
        """`expression`'s value as arrays, or what it raised."""
        return self.unnamed(guarded(lambda: value(eval(self.edit(expression), self.names))))

    def observe(self, name):
        """Everything a torch program can ask of the tensor, or the error that the question raises.

        Asking renews the `grad_fn` of a view, so half of the programs are looked at only at their end.
        """
        tensor = self.names[name]
        skipped = NAMES_OF_NODES * self.second_order + VERSIONS * self.seen_grad
        answers = {key: guarded(ask, tensor) for key, ask in QUESTIONS.items() if key not in skipped}
        return {key: self.unnamed(answer) for key, answer in answers.items()}

    def unnamed(self, answer):
        """An error without the name of its node and without versions, where these are torch's own affair (see below)."""
        if isinstance(answer, Raised):  # where an empty tensor begins is a documented difference
            answer = Raised(answer.type, re.sub(r"(storage offset|storage size of) \d+", r"\1", answer.text))
        if self.second_order and isinstance(answer, Raised):
            answer = Raised(answer.type, re.sub(r", which is output \d+ of \S+,", "", answer.text))
        if self.seen_grad and isinstance(answer, Raised):
            answer = Raised(answer.type, re.sub(r"version \d+", "version", answer.text))
        return answer


def value(thing):
    """A tensor as (dtype, requires_grad, array), containers item by item; anything else as it is."""
    if isinstance(thing, (tuple, list)):
        return [value(item) for item in thing]
    if hasattr(thing, "requires_grad"):
        return str(thing.dtype), thing.requires_grad, np.array(thing.detach().numpy())
    return thing


def layout(tensor):
    """The strides that say where an element lies: none does for an axis of length 1 or in an empty tensor.

    There torch's numbers are what its loops happened to leave behind; nothing that is computed depends on them.
    """
    pairs = zip(tensor.shape, tensor.stride(), strict=True)
    return [step if size > 1 else None for size, step in pairs] if tensor.numel() else None


QUESTIONS = {
    "shape": lambda tensor: tuple(tensor.shape),
    "stride": layout,
    "storage_offset": lambda tensor: tensor.storage_offset() if tensor.numel() else None,
    "requires_grad": lambda tensor: tensor.requires_grad,
    "is_leaf": lambda tensor: tensor.is_leaf,
    "retains_grad": lambda tensor: tensor.retains_grad,
    "_version": lambda tensor: tensor._version,
    "_is_view()": lambda tensor: tensor._is_view(),
    "_base is None": lambda tensor: tensor._base is None,
    "grad_fn": lambda tensor: tensor.grad_fn and (type(tensor.grad_fn).__name__, tensor.grad_fn.name()),
    "next_functions": lambda tensor: tensor.grad_fn and edges(tensor.grad_fn),
    "output_nr": lambda tensor: tensor.output_nr,
    "(dtype, requires_grad, value)": lambda tensor: value(tensor),
}


# Of which ops a derivative is made is torch's own affair: a program that made one is not asked for these.
NAMES_OF_NODES = ("grad_fn", "next_functions")

# Which additions made a `.grad`, each of them a write or not, is too: a program that holds one is not asked for its version.
VERSIONS = ("_version",)


def guarded(question, *arguments):
    try:
        return question(*arguments)
    except Exception as error:
        return Raised(type(error).__name__, first_sentence(error))


def edges(node):
    """The names of the nodes behind a node."""
    return [(None if behind is None else behind.name(), number) for behind, number in node.next_functions]


def same(a, b, single=False):
    """Equal, arrays within the rounding of their dtype; `single`: float64 may have been computed from float32."""
    if (
        isinstance(a, (list, tuple))
        and isinstance(b, (list, tuple))
        and isinstance(a, list) == isinstance(b, list)
    ):
        return len(a) == len(b) and all(same(x, y, single) for x, y in zip(a, b, strict=True))
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        if a.shape != b.shape or a.dtype != b.dtype:
            return False
        if a.tobytes() == b.tobytes() or a.size == 0:
            return True
        loose = 1e-3 if a.dtype == np.float32 else 1e-5 if single else 1e-7
        scale = np.nanmax(np.abs(a), initial=1.0)
        return np.allclose(a, b, rtol=loose, atol=loose * scale, equal_nan=True)
    return type(a) is type(b) and a == b


def two_mistakes(theirs, ours):
    """Whether a line uses a view that must not be used any more, and has another mistake: which is named first is open."""
    errors = [str(error) for error in (theirs, ours)]
    return None not in (theirs, ours) and any("modified inplace" in text for text in errors)


class Run:
    """One program on two modules. `go()` returns how it ended, or raises Disagreement."""

    def __init__(self, program, reference, other, edit=None, counts=None):
        self.look, self.steps = program
        self.worlds = World(reference), World(other, edit)
        self.lines = []
        self.pool = {}  # live names -> the reference's tensors
        self.count = 0  # names given so far
        self.counts = counts if counts is not None else collections.Counter()

    def go(self):
        try:
            return self._go()
        except Stop:
            return STOPPED

    def _go(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for step in self.steps:
                line, made = write(step, self.pool, self.count)
                error = self.execute(line)
                self.counts[step[0], "raised" if error else "ran"] += 1
                if error is None:
                    self.account(made)
                if self.too_large():
                    return STOPPED
                if self.look:
                    self.compare_pool()
            self.compare_pool()
            self.differentiate()
        return DONE

    def execute(self, line):
        """The line in both worlds, the reference first."""
        self.lines.append(line)
        theirs, ours = [world.run(line) for world in self.worlds]
        if theirs != ours and not two_mistakes(theirs, ours):
            self.fail("the last line", theirs or "no exception", ours or "no exception")
        if theirs is not None:
            self.counts["error", theirs] += 1
        return theirs

    def account(self, made):
        """Puts the names a line made into the pool, and takes out those it deleted."""
        theirs, ours = (world.names for world in self.worlds)
        self.count += len(made)
        for name in made:
            if theirs[name] is None or ours[name] is None:
                if theirs[name] is not ours[name]:
                    self.fail(name, type(theirs[name]).__name__, type(ours[name]).__name__)
            else:
                self.pool[name] = theirs[name]
        for name in [name for name in self.pool if name not in theirs]:
            del self.pool[name]

    def too_large(self):
        arrays = (t.detach().numpy() for t in self.pool.values())
        return any(a.size and not np.nanmax(np.abs(a), initial=0.0) < LARGE for a in arrays)

    def compare_pool(self):
        theirs, ours = self.worlds
        for name in self.pool:
            a, b = theirs.observe(name), ours.observe(name)
            for key in a:
                if not self.same(a[key], b[key]):
                    self.fail(f"{name}: {key}", a[key], b[key])

    def differentiate(self):
        """The last tensors one by one, then all at once into `.grad`."""
        tracked = [name for name, tensor in self.pool.items() if tensor.requires_grad]
        leaves = ", ".join(name for name in tracked if surely_leaf(self.pool[name]))
        for name in tracked[:-4:-1] if leaves else ():
            self.compare_value(
                f"torch.autograd.grad(({name} * {name}).sum(), [{leaves}], "
                "retain_graph=True, allow_unused=True)"
            )
        if tracked:
            self.execute(
                f"({' + '.join(f'({name} * {name}).sum().double()' for name in tracked)}).backward()"
            )
        for name in self.pool:
            self.compare_value(f"{name}.grad")
        theirs, ours = (world.log for world in self.worlds)
        if not self.same(theirs, ours):
            self.fail("what the hooks recorded", theirs, ours)

    def compare_value(self, expression):
        self.lines.append(f"print({expression})")
        theirs, ours = (world.value(expression) for world in self.worlds)
        if not self.same(theirs, ours):
            self.fail(expression, theirs, ours)
        if expression.endswith(".grad"):
            self.lines.pop()

    def same(self, theirs, ours):
        return same(theirs, ours, any("float" in line.replace("float64", "") for line in self.lines))

    def fail(self, where, theirs, ours):
        again = "detached in-place" in str(theirs) and any(".requires_grad_()" in line for line in self.lines)
        # Of `t[-1]` with a 0-dim t, torch's words depend on what is left in memory where a size would be.
        unsaid = "select() cannot be applied to a 0-dim tensor" in str(theirs) and "IndexError" in str(ours)
        if "INTERNAL ASSERT FAILED" in str(theirs) or again or unsaid:
            raise Stop
        names = [world.names["torch"].__name__ for world in self.worlds]
        notes = [where, *(f"  {name}: {said}" for name, said in zip(names, (theirs, ours), strict=True))]
        comments = [f"# {line}" for note in notes for line in note.splitlines()]
        script = PREAMBLE + "\n".join(self.lines + comments)
        raise Disagreement(script, f"{where}: {theirs} != {ours}")


def compare(program, reference, other, edit=None, counts=None):
    """Runs the program on both modules; raises Disagreement at the first difference; returns how it ended."""
    return Run(program, reference, other, edit, counts).go()
