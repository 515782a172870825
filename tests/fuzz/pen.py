"""How one step of a random program is written down: its numbers become choices among the live tensors."""


class Pen:
    """Writes one step: turns its numbers into choices among what the pool holds.

    `pool` maps the names of the live tensors to the reference's tensors; `made`: names the line makes.
    """

    def __init__(self, numbers, pool, count):
        self._numbers = iter(numbers)
        self.pool = pool
        self.count = count
        self.made = []

    def pick(self, n):
        """A number below n. The first choice is always the simplest one."""
        return next(self._numbers, 0) % n if n else 0

    def choose(self, *options):
        return options[self.pick(len(options))]

    def rarely(self):
        return next(self._numbers, 0) % 12 == 11

    def new(self, expression, outputs=1):
        """`expression` assigned to new names."""
        names = [f"t{self.count + k}" for k in range(outputs)]
        self.made += names
        return f"{', '.join(names)} = {expression}"

    def tensor(self, wanted=lambda shape: True, state=lambda tensor: True):
        """Any tensor whose shape and state are wanted; now and then one whose are not."""
        names = list(self.pool)
        good = [name for name in names if wanted(self.shape(name)) and state(self.pool[name])]
        if good and not self.rarely():
            names = good
        return names[-1 - self.pick(len(names))]

    def target(self, wanted=lambda shape: True):
        """A tensor to write to: mostly none of those that torch protects, leaves and their views."""
        return self.tensor(
            wanted, lambda tensor: not surely_leaf(tensor._base if tensor._is_view() else tensor)
        )

    def tracked(self):
        return self.tensor(state=lambda tensor: tensor.requires_grad)

    def leaf(self):
        return self.tensor(state=surely_leaf)

    def fitting(self, name, into=False):
        """A tensor that broadcasts with (into=True: to) the named one."""
        target = self.shape(name)
        return self.tensor(lambda shape: broadcasts(shape, target, into))

    def operands(self, name):
        """The named tensor and one that broadcasts with it, as operands of what makes a new tensor.

        Where they lie differently in memory, the result's layout is that of the first in torch (which looks at the
        strides of axes of length 1 too), and contiguous in leafgrad; then the line makes both contiguous.  So it does
        with expanded ones (see `unexpanded`).
        """
        other = self.fitting(name)
        a, b = self.pool[name], self.pool[other]
        alike = (a.shape, a.stride()) == (b.shape, b.stride()) and 0 not in a.stride()
        if alike or (plain(a) and plain(b)):
            return name, other
        return self.flat(name), self.flat(other)

    def flat(self, name):
        """The named tensor, or a copy that lies in memory as a new tensor does."""
        return name if plain(self.pool[name]) else f"{name}.flatten().view({self.shape(name)})"

    def unexpanded(self, name):
        """The named tensor; if it is expanded, contiguous: in which order a result has such strides says nothing."""
        return f"{name}.contiguous()" if 0 in self.pool[name].stride() else name

    def source(self, target, shape=None):
        """What to write into the named tensor, or into its part of the given shape.

        Where it shares the target's memory, torch either refuses or, if a layout is too irregular for its
        check, lets the result depend on the order of its loop. In that case the line copies first.
        """
        whole = self.shape(target) if shape is None else shape
        name = self.tensor(lambda other: broadcasts(other, whole, into=True))
        a, b = self.pool[target], self.pool[name]
        shared = a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()
        checked = shape is None and (a is b or (dense(a) and dense(b)))
        return f"{name}.clone()" if shared and not checked else name

    def shape(self, name):
        return tuple(self.pool[name].shape)

    def axis(self, name, extra=0):
        """An axis of the tensor; negative now and then, out of range more rarely."""
        axes = len(self.shape(name)) + extra
        way = self.pick(9)
        if way == 8 or not axes:
            return axes
        axis = self.pick(axes)
        return axis - axes if way == 7 else axis

    def size(self, name, axis):
        shape = self.shape(name)
        return shape[axis] if -len(shape) <= axis < len(shape) else 1

    def number(self):
        return self.choose(2.0, 0.5, -1.5, 3, 0.0)


def surely_leaf(tensor):
    """A leaf that requires grad. A view is not asked: the question would renew its `grad_fn`."""
    return not tensor._is_view() and tensor.is_leaf and tensor.requires_grad


def plain(tensor):
    """Contiguous, and with the strides that a new tensor has."""
    step = 1
    for size, stride in zip(reversed(tensor.shape), reversed(tensor.stride()), strict=True):
        if stride != step:
            return False
        step *= max(size, 1)
    return True


def dense(tensor):
    """Whether the tensor's elements fill a stretch of memory without gap and without overlap."""
    expected = 1
    for stride, size in sorted(zip(tensor.stride(), tensor.shape, strict=True)):
        if size > 1 and stride != expected:
            return False
        expected *= size
    return True


def broadcasts(shape, target, into=False):
    if into and len(shape) > len(target):
        return False
    pairs = zip(reversed(shape), reversed(target), strict=False)
    return all(a == b or a == 1 or (b == 1 and not into) for a, b in pairs)
