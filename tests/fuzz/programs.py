"""The instructions of a random program, how each is written down, and the strategy that draws them.

A program is a plain list of steps `(name, quiet, numbers)`. `name` says which instruction, `quiet` puts it
under `no_grad`, and `numbers` are the choices it still has to make (which tensor, which axis, ...). They are
read against the tensors that exist when the step's turn comes, so every list of steps is a program, and so is
every shorter one: that is what lets hypothesis shrink it. Writing a step down gives a line of a torch script.
"""

from hypothesis import strategies as st

from tests.fuzz.pen import Pen, surely_leaf

SHAPES = [(2,), (3,), (2, 3), (), (2, 2), (3, 2), (1, 3), (1,), (2, 1, 3), (2, 2, 2), (0,), (4,)]
WRITERS = {}  # instruction name -> the function that writes its line
WEIGHTS = {}  # instruction name -> how often it is drawn


def instruction(weight=1):
    """Enter a writer into the table under its own name."""

    def enter(writer):
        name = writer.__name__.strip("_")
        WRITERS[name] = writer
        WEIGHTS[name] = weight
        return writer

    return enter


# -------------------------------------------------------------------------------------- leaves and new values
@instruction(2)
def leaf(p):
    shape, dtype, grad = (
        p.choose(*SHAPES),
        p.choose("float64", "float64", "float32"),
        p.choose(True, True, False),
    )
    state = 37 * p.count + 5

    def values(shape):
        nonlocal state
        if not shape:
            state = (state * 29 + 17) % 61
            return (state - 30) / 32 or 0.25
        return [values(shape[1:]) for _ in range(shape[0])]

    return p.new(f"torch.tensor({values(shape)}, dtype=torch.{dtype}{', requires_grad=True' * grad})")


def unary(call, weight=1):
    name = call.split("(")[0]

    def writer(p):
        return p.new(f"{p.unexpanded(p.tensor())}.{call}")

    writer.__name__ = name
    return instruction(weight)(writer)


for _call in ("exp()", "sin()", "sigmoid()", "tanh()", "neg()", "relu()", "clone()", "contiguous()", "abs()"):
    unary(_call)


@instruction(3)
def mul(p):
    a, b = p.operands(p.tensor())
    return p.new(f"{a} * {b}")


@instruction(2)
def add(p):
    a, b = p.operands(p.tensor())
    return p.new(p.choose(f"{a} + {b}", f"torch.add({a}, {b}, alpha=2)", f"{a} - {b}"))


@instruction()
def scale(p):
    a = p.unexpanded(p.tensor())
    return p.new(p.choose(f"{a} * 2", f"{a} + 1", f"1 - {a}", f"{a} / 4", f"{a} * 0.5"))


@instruction()
def pow_(p):
    return p.new(f"{p.unexpanded(p.tensor())} ** {p.choose(2, 3, 1, 0)}")


@instruction()
def maximum(p):
    a, b = p.operands(p.tensor())
    return p.new(f"torch.maximum({a}, {b})")


@instruction(2)
def matmul(p):
    a = p.tensor(lambda shape: len(shape) in (1, 2, 3))
    inner = (p.shape(a) or (1,))[-1]
    b = p.tensor(lambda shape: len(shape) in (1, 2) and shape[max(len(shape) - 2, 0)] == inner)
    return p.new(f"{a} @ {b}")


@instruction(2)
def sum_(p):
    a = p.tensor()
    return p.new(p.choose(f"{a}.sum()", f"{a}.sum({p.axis(a)})", f"{a}.sum({p.axis(a)}, keepdim=True)"))


@instruction()
def mean(p):
    a = p.tensor()
    return p.new(p.choose(f"{a}.mean()", f"{a}.mean({p.axis(a)})", f"{a}.mean({p.axis(a)}, keepdim=True)"))


@instruction()
def softmax(p):
    a = p.tensor()
    return p.new(f"{a}.softmax({p.axis(a)})")


@instruction()
def cat(p):
    a = p.tensor(lambda shape: len(shape) > 0)
    axis, shape = p.axis(a), p.shape(a)

    def alike(other):
        return len(other) == len(shape) and all(
            m == n
            for k, (m, n) in enumerate(zip(other, shape, strict=True))
            if k not in (axis, axis + len(shape))
        )

    return p.new(f"torch.cat([{p.flat(a)}, {p.flat(p.tensor(alike))}], {axis})")


@instruction()
def stack(p):
    a = p.tensor()
    shape, axis = p.shape(a), p.axis(a, extra=1)
    return p.new(f"torch.stack([{a}, {p.tensor(lambda other: other == shape)}], {axis})")


@instruction()
def where(p):
    a, b = p.operands(p.tensor())
    return p.new(f"torch.where({a} > 0.3, {a}, {p.choose(b, '2.0')})")


@instruction()
def take(p):
    """Indexing that copies."""
    a = p.flat(p.tensor())
    return p.new(p.choose(f"{a}[[0, 0]]", f"{a}[{a} > 0.3]", f"{a}.flip(0)", f"{a}[..., [0]]"))


@instruction()
def to(p):
    return p.new(f"{p.tensor()}.{p.choose('double()', 'float()', 'to(torch.float64)')}")


# ------------------------------------------------------------------------------------------------------ views
@instruction(2)
def select(p):
    a = p.tensor(lambda shape: len(shape) > 0)
    axis = p.axis(a)
    return p.new(f"{a}.select({axis}, {p.choose(0, p.size(a, axis) - 1, -1)})")


@instruction(4)
def slice_(p):
    a = p.tensor(lambda shape: len(shape) > 0)
    return p.new(
        a
        + p.choose("[0]", "[1:]", "[:1]", "[::2]", "[..., 0]", "[:, 1:]", "[None]", "[...]", "[-1]", "[0:0]")
    )


@instruction()
def narrow(p):
    a = p.tensor(lambda shape: len(shape) > 0)
    axis = p.axis(a)
    return p.new(f"{a}.narrow({axis}, {p.choose(0, 1)}, {p.choose(1, p.size(a, axis) - 1)})")


@instruction(2)
def transpose(p):
    a = p.tensor(lambda shape: len(shape) > 1)
    return p.new(p.choose(f"{a}.transpose({p.axis(a)}, {p.axis(a)})", f"{a}.t()"))


@instruction()
def permute(p):
    a = p.tensor(lambda shape: len(shape) > 1)
    axes = list(range(len(p.shape(a))))
    order = [axes.pop(p.pick(len(axes))) for _ in range(len(axes))]
    return p.new(f"{a}.permute({order[::-1]})")


def _new_shape(p, shape):
    """A shape with as many elements (rarely not)."""
    total = 1
    for n in shape:
        total *= n
    if p.rarely():
        return (3, -1)
    return p.choose(
        (total,), (-1, 1), (1, *shape), tuple(reversed(shape)), (2, -1) if total % 2 == 0 < total else shape
    )


@instruction(2)
def view(p):
    a = p.tensor()
    return p.new(f"{a}.view({_new_shape(p, p.shape(a))})")


@instruction()
def reshape(p):
    a = p.tensor()
    return p.new(f"{a}.reshape({_new_shape(p, p.shape(a))})")


@instruction()
def view_as(p):
    a = p.tensor()
    return p.new(f"{a}.{p.choose('view_as', 'expand_as', 'reshape_as')}({p.fitting(a)})")


@instruction()
def flatten(p):
    return p.new(f"{p.tensor()}.flatten()")


@instruction(2)
def expand(p):
    a = p.tensor(lambda shape: 1 in shape or not shape)
    shape = p.shape(a)
    wide = tuple(2 if n == 1 else p.choose(n, -1) for n in shape)
    return p.new(f"{a}.expand({p.choose(wide, (3, *shape), (2, *wide))})")


@instruction()
def squeeze(p):
    a = p.tensor(lambda shape: 1 in shape)
    return p.new(p.choose(f"{a}.squeeze()", f"{a}.squeeze({p.axis(a)})"))


@instruction()
def unsqueeze(p):
    a = p.tensor()
    return p.new(f"{a}.unsqueeze({p.axis(a, extra=1)})")


@instruction()
def unfold(p):
    a = p.tensor(lambda shape: len(shape) > 0)
    return p.new(f"{p.unexpanded(a)}.unfold({p.axis(a)}, {p.choose(1, 2)}, {p.choose(2, 1)}) * 1")


@instruction()
def unbind(p):
    a = p.tensor(lambda shape: len(shape) > 0)
    n = p.size(a, 0) if p.shape(a) else 1
    return _several(p, f"{a}.unbind()", n)


@instruction()
def split(p):
    a = p.tensor(lambda shape: len(shape) > 0)
    axis = p.axis(a)
    return _several(p, f"{a}.split(1, {axis})", max(p.size(a, axis), 1))


@instruction()
def chunk(p):
    a = p.tensor(lambda shape: len(shape) > 0)
    axis = p.axis(a)
    return _several(p, f"{a}.chunk(2, {axis})", 2 if p.size(a, axis) != 1 else 1)


def _several(p, expression, outputs):
    return p.new(expression + "[0]") if outputs < 2 else p.new(expression, outputs)


@instruction()
def diagonal(p):
    return p.new(f"{p.tensor(lambda shape: len(shape) > 1)}.diagonal({p.choose(0, 1, -1)})")


@instruction(2)
def as_strided(p):
    """Geometries that do not overlap themselves: a write to one that does has no defined result."""
    a = p.tensor(lambda shape: bool(shape) and 0 not in shape)
    total = 1
    for n in p.shape(a):
        total *= n
    size, stride = p.choose(
        ((2,), (1,)), ((total,), (1,)), ((total // 2, 2), (2, 1)), ((2, total // 2), (1, 2))
    )
    return p.new(f"{a}.as_strided({size}, {stride}{p.choose('', ', 0', ', 1')})")


@instruction(2)
def detach(p):
    return p.new(f"{p.tensor()}.{p.choose('detach()', 'data')}")


# -------------------------------------------------------------------------------------------- writes in place
def inplace(call, weight=1):
    name = call.split("(")[0]

    def writer(p):
        return f"{p.target()}.{call}"

    writer.__name__ = name + "in_place"
    return instruction(weight)(writer)


for _call in (
    "exp_()",
    "sigmoid_()",
    "sin_()",
    "tanh_()",
    "zero_()",
    "relu_()",
    "clamp_(-0.5, 0.5)",
    "pow_(2)",
    "neg_()",
):
    inplace(_call)


@instruction(4)
def arithmetic_in_place(p):
    a = p.target()
    b = p.source(a)
    return p.choose(
        f"{a}.mul_({b})",
        f"{a}.add_({b})",
        f"{a}.sub_({b}, alpha=2)",
        f"{a}.mul_({a})",
        f"{a} += {b}",
        f"{a} *= {b}",
    )


@instruction(2)
def number_in_place(p):
    a, number = p.target(), p.number()
    return p.choose(
        f"{a}.mul_({number})",
        f"{a}.add_({number})",
        f"{a}.fill_({number})",
        f"{a} += {number}",
        f"{a}.div_(4)",
    )


@instruction(2)
def copy_in_place(p):
    a = p.target()
    return f"{a}.copy_({p.source(a)})"


@instruction()
def fill_in_place(p):
    return f"{p.target()}.fill_({p.tensor(lambda shape: shape == ())})"


@instruction(5)
def assign(p):
    a = p.target(lambda shape: len(shape) > 0)
    shape = p.shape(a)
    row = shape[1:]
    key, left = p.choose(
        ("0", row),
        ("1:", (max(shape[0] - 1, 0), *row) if shape else ()),
        ("...", shape),
        ("..., 0", shape[:-1]),
        ("::2", ()),
        ("[0]", (1, *row)),
        (f"{a} > 0.3", ()),
        ("[0, 0]", ()),
        ("-1", row),
    )
    value = p.choose(p.source(a, left), repr(p.number()))
    return f"{a}[{key}] = {value}"


@instruction()
def masked_fill_in_place(p):
    a = p.target()
    return f"{a}.masked_fill_({a} > 0.3, {p.number()})"


@instruction()
def detach_in_place(p):
    return f"{p.target()}.detach_()"


@instruction()
def requires_grad_in_place(p):
    return f"{p.tensor()}.requires_grad_({p.choose('', 'False')})"


@instruction(2)
def turn_in_place(p):
    """In-place views: the tensor keeps its memory and changes its shape."""
    a = p.target(lambda shape: len(shape) > 1)
    return f"{a}.{p.choose('t_()', 'transpose_(0, 1)', 'unsqueeze_(0)', 'squeeze_()', 'squeeze_(0)')}"


@instruction()
def set_data(p):
    """A leaf keeps its shape: for how long a graph holds it to the former one is a documented difference."""
    a = p.tensor()
    b = p.fitting(a, into=True)
    if surely_leaf(p.pool[a]) and p.shape(b) != p.shape(a):
        b = a
    twice = f"{p.unexpanded(a)}.data * 2"
    return f"{a}.data = {p.choose(twice, f'{a}.detach().clone()', b, f'{b}.data', f'{b}.clone()')}"


# --------------------------------------------------------------------------------------------------- autograd
@instruction()
def retain_grad(p):
    return f"{p.tracked()}.retain_grad()"


@instruction(2)
def hook(p):
    """torch 2.13 crashes on a hook for a view whose base was written, unless `grad_fn` is renewed before."""
    a = p.tracked()
    return f"{a}.grad_fn; {a}.register_hook({p.choose('double', f'record({a!r})', 'nothing')})"


@instruction()
def post_hook(p):
    a = p.leaf()
    return f"{a}.register_post_accumulate_grad_hook(record_grad({a!r}))"


@instruction(2)
def backward(p):
    a = p.tracked()
    how = p.choose(
        "",
        "retain_graph=True",
        "create_graph=True",
        f"inputs=[{p.leaf()}]",
        f"inputs=[{p.tensor()}], retain_graph=True",
    )
    if p.rarely():
        return f"{a}.backward({how})"
    return p.choose(
        f"({a} * {a}).sum().backward({how})", f"{a}.backward(torch.ones_like({a}){', ' * bool(how)}{how})"
    )


@instruction(2)
def grad(p):
    """The result is made contiguous, because a gradient's own layout and version are torch's own affair."""
    a, b = p.tracked(), p.choose(p.leaf(), p.tensor())
    how = p.choose(
        ", create_graph=True", ", create_graph=True", ", retain_graph=True", "", ", allow_unused=True"
    )
    of = p.choose(f"({a} * {a}).sum()", f"{a}.sum()")
    return p.new(f"torch.autograd.grad({of}, {b}{how})[0].contiguous().clone()")


@instruction()
def grad_of(p):
    """A gradient becomes an operand: it shares memory with the next accumulation."""
    return p.new(f"{p.leaf()}.grad")


@instruction()
def set_grad(p):
    a = p.leaf()
    return f"{a}.grad = {p.choose('None', f'{a}.detach().clone()', p.tensor())}"


@instruction()
def forget(p):
    return f"del {p.tensor()}"


# --------------------------------------------------------------------------------------------------- strategy
REST = "rest"  # the simplest step does nothing: programs of one length shrink by resting
_NAMES = [REST, *(name for name, weight in WEIGHTS.items() for _ in range(weight))]
_NUMBERS = st.tuples(*[st.integers(0, 119)] * 6)
_QUIET = st.sampled_from([False] * 9 + [True])
_STEP = st.tuples(st.sampled_from(_NAMES), _QUIET, _NUMBERS)
_LEAF = st.tuples(st.sampled_from([REST, "leaf", "leaf", "leaf"]), st.just(False), _NUMBERS)


def programs(length=12):
    """Strategy: (look after every step?, the steps, beginning with up to three leaves)."""
    steps = st.tuples(*[_LEAF] * 3, *[_STEP] * length)
    return st.tuples(st.booleans(), steps.map(lambda steps: [step for step in steps if step[0] != REST]))


def write(step, pool, count):
    """A step as (line of script, names it makes), given the live tensors and how many names are taken."""
    name, quiet, numbers = step
    pen = Pen(numbers, pool, count)
    line = WRITERS[name if pool else "leaf"](pen)
    return ("with torch.no_grad(): " if quiet else "") + line, pen.made
