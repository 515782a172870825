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

from tests.both import FREED, first_sentence
from tests.fuzz.pen import plain, surely_leaf
from tests.fuzz.programs import write

NAME = re.compile(r"\bt\d+\b")
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
        self.log = log = []  # the hooks close over it alone: those that lead back to their node are let go
        self.names = {
            "torch": module,
            "double": lambda grad: grad * 2,
            "nothing": lambda grad: None,
            "record": lambda name: lambda grad: log.append((name, value(grad))),
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

    def observe(self, name, firm, skipped):
        """What a torch program can ask of the tensor, but what is skipped, or the error that the question raises.

        firm: see `layout`.

        Asking renews the `grad_fn` of a view, so half of the programs are looked at only at their end.
        """
        tensor = self.names[name]
        answers = {key: guarded(ask, tensor) for key, ask in QUESTIONS.items() if key not in skipped}
        answers["stride"] = layout(tensor, firm)
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


def layout(tensor, firm):
    """The strides that say where an element lies: none does for an axis of length 1 or in an empty tensor.

    There torch's numbers are what its loops happened to leave behind; nothing that is computed depends on them.  firm: the
    tensor is a view of one whose strides are not so, in both worlds; then its own follow, and all must agree.
    """
    pairs = zip(tensor.shape, tensor.stride(), strict=True)
    return [step if size > 1 or firm else None for size, step in pairs] if tensor.numel() else None


QUESTIONS = {
    "shape": lambda tensor: tuple(tensor.shape),
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


# Of which ops a derivative is made is torch's own affair: what has to do with one is not asked for these.
NAMES_OF_NODES = ("grad_fn", "next_functions")

# Which additions made a `.grad`, each of them a write or not, is too: what shares its memory is not asked for its version.
VERSIONS = ("_version",)


def guarded(question, *arguments):
    try:
        return question(*arguments)
    except Exception as error:
        return Raised(type(error).__name__, first_sentence(error))


def edges(node):
    """The names of the nodes behind a node."""
    return [(None if behind is None else behind.name(), number) for behind, number in node.next_functions]


# float64 values that may have been computed from float32 ones carry float32's rounding (6e-8 at each step), and what is computed
# from them multiplies it: in a difference of large values, in a power, in exp.  So they agree to some hundred such roundings.
FLOAT64, FLOAT64_FROM_FLOAT32, FLOAT32 = 1e-7, 1e-5, 1e-3


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
        loose = FLOAT32 if a.dtype == np.float32 else FLOAT64_FROM_FLOAT32 if single else FLOAT64
        scale = np.nanmax(np.abs(a), initial=1.0)
        return np.allclose(a, b, rtol=loose, atol=loose * scale, equal_nan=True)
    return type(a) is type(b) and a == b


def two_mistakes(theirs, ours):
    """Whether a line uses a view that must not be used any more, and has another mistake: which is named first is open."""
    errors = [str(error) for error in (theirs, ours)]
    return None not in (theirs, ours) and any("modified inplace" in text for text in errors)


class Kin:
    """Which tensors may have to do with each other: those that one line names, and theirs.

    A value, a write or a gradient gets from one tensor to another only where a line names both.
    """

    def __init__(self):
        self.groups = {}  # name -> the names of its group; "float32" is in it if one of its lines makes such values
        self.derived = (
            set()
        )  # names of derivatives, and of what was since named in a line with one or shares memory with it
        self.sums = set()  # names of what shares memory with a `.grad`

    def relate(self, line, made, second_order):
        """second_order: whether a `.grad` may have a history."""
        group = set(NAME.findall(line))
        if group & self.derived:
            self.derived |= group
        if "create_graph=True" in line or (second_order and line.endswith(".grad")):
            self.derived.update(made)
        if line.endswith(".grad"):
            self.sums.update(made)
        group = group.union(*[self.groups.get(name, ()) for name in group])
        if "float" in line.replace("float64", ""):
            group.add("float32")
        for name in group - {"float32"}:
            self.groups[name] = group

    def share(self, pool):
        """Extend both sets to what shares memory with those in it."""
        for names in (self.derived, self.sums):
            places = {place(pool[name]) for name in names & pool.keys()}
            names.update(name for name, tensor in pool.items() if place(tensor) in places)

    def unasked(self, name):
        """The questions that are not asked about a tensor."""
        return NAMES_OF_NODES * (name in self.derived) + VERSIONS * (name in self.sums)

    def single(self, name):
        """Whether the tensor's values may have been computed from float32 ones."""
        return "float32" in self.groups[name]


def place(tensor):
    return tensor.untyped_storage().data_ptr()


class Run:
    """One program on two modules. `go()` returns how it ended, or raises Disagreement."""

    def __init__(self, program, reference, other, edit=None, counts=None):
        self.look, self.steps = program
        self.worlds = World(reference), World(other, edit)
        self.lines = []
        self.pool = {}  # live names -> the reference's tensors
        self.count = 0  # names given so far
        self.kin = Kin()
        self.firm = set()  # names of views whose strides follow from those of new tensors
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
                self.kin.relate(line, made, self.worlds[0].second_order)
                if error is None:
                    self.account(made)
                self.kin.share(self.pool)
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
        if (
            theirs != ours
            and not two_mistakes(theirs, ours)
            and not self.fails_in_derivative(line, theirs, ours)
        ):
            self.fail("the last line", theirs or "no exception", ours or "no exception")
        if theirs is not None:
            self.counts["error", theirs] += 1
        return theirs

    def account(self, made):
        """Puts the names a line made into the pool, and takes out those it deleted."""
        theirs, ours = (world.names for world in self.worlds)
        named = NAME.findall(self.lines[-1])
        if ".data = " in self.lines[-1]:
            self.firm.difference_update(named)
        elif all(self.has_known_strides(name) for name in set(named).difference(made)):
            self.firm.update(name for name in made if theirs[name] is not None and theirs[name]._is_view())
        self.count += len(made)
        for name in made:
            if theirs[name] is None or ours[name] is None:
                if theirs[name] is not ours[name]:
                    self.fail(name, type(theirs[name]).__name__, type(ours[name]).__name__)
            else:
                self.pool[name] = theirs[name]
        for name in [name for name in self.pool if name not in theirs]:
            del self.pool[name]

    def has_known_strides(self, name):
        """Whether all strides of the tensor, those of axes of length 1 too, must be the same in both worlds."""
        worlds = [world.names for world in self.worlds]
        return name in self.firm or all(name in names and plain(names[name]) for names in worlds)

    def too_large(self):
        arrays = (t.detach().numpy() for t in self.pool.values())
        return any(a.size and not np.nanmax(np.abs(a), initial=0.0) < LARGE for a in arrays)

    def compare_pool(self):
        for name in self.pool:
            a, b = [world.observe(name, name in self.firm, self.kin.unasked(name)) for world in self.worlds]
            for key in a:
                if not same(a[key], b[key], self.kin.single(name)):
                    self.fail(f"{name}: {key}", a[key], b[key])

    def differentiate(self):
        """The last tensors one by one, then all at once into `.grad`."""
        tracked = [name for name, tensor in self.pool.items() if tensor.requires_grad]
        leaves = ", ".join(name for name in tracked if surely_leaf(self.pool[name]))
        for name in tracked[:-4:-1] if leaves else ():
            self.compare_value(
                name,
                f"torch.autograd.grad(({name} * {name}).sum(), [{leaves}], "
                "retain_graph=True, allow_unused=True)",
            )
        if tracked:
            self.execute(
                f"({' + '.join(f'({name} * {name}).sum().double()' for name in tracked)}).backward()"
            )
        for name in self.pool:
            self.compare_value(name, f"{name}.grad")
        theirs, ours = (world.log for world in self.worlds)
        entries = zip(theirs, ours, strict=False)
        if len(theirs) != len(ours) or not all(same(a, b, self.kin.single(a[0])) for a, b in entries):
            self.fail("what the hooks recorded", theirs, ours)

    def fails_in_derivative(self, line, theirs, ours):
        """Whether both worlds refuse a saved tensor in what has to do with a derivative: of which nodes that is made, and so
        which of them is the first to refuse one, is torch's own affair.
        """
        errors = [error.text for error in (theirs, ours) if isinstance(error, Raised)]
        refused = [text.startswith((FREED, "one of the variables needed")) for text in errors]
        return len(errors) == 2 and all(refused) and not self.kin.derived.isdisjoint(NAME.findall(line))

    def compare_value(self, name, expression):
        """What can be computed from the named tensor."""
        self.lines.append(f"print({expression})")
        theirs, ours = (world.value(expression) for world in self.worlds)
        failed = self.fails_in_derivative(name, theirs, ours)
        if not same(theirs, ours, self.kin.single(name)) and not failed:
            self.fail(expression, theirs, ours)
        if expression.endswith(".grad"):
            self.lines.pop()

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
