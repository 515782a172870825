"""The recorder: what a profile sees while it is open, as a list of calls with their times.

Ops reach it as an interceptor (tensor/intercept.py), the backward of nodes through the engine, which asks once per walk
whether there is a recorder.  Both happen in the thread of the profile.  Functions that are made of several ops are seen in
the frames around an op: such a call lasts from its first op to its last.
"""

from collections.abc import Callable, Sequence
from math import prod
from sys import _getframe
from threading import Lock, local
from time import perf_counter_ns
from types import CodeType, FrameType
from typing import Any

import numpy as np

from ..base.where import ROOT
from ..op.record import Op
from ..tensor import anomaly
from ..tensor.node import LAST, Node, resolve
from ..tensor.tensor import Tensor
from ..tensor.write import INPLACE
from ..values.dtype import BY_NP
from .allocations import Allocations
from .event_names import composites, op_name

FORWARD, BACKWARD = 0, 1  # scopes
_C_NAMES = {
    "bool": "bool", "uint8": "unsigned char", "int8": "signed char", "int16": "short int", "int32": "int", "int64": "long int",
    "uint16": "unsigned short", "uint32": "unsigned int", "uint64": "unsigned long int", "float16": "c10::Half",
    "bfloat16": "c10::BFloat16", "float32": "float", "float64": "double", "complex64": "c10::complex<float>",
    "complex128": "c10::complex<double>",
}  # fmt: skip
_numbers = local()
_count, _lock = [0], Lock()


def thread_number() -> int:
    """The number of this thread: 1 for the first that asks."""
    try:
        return _numbers.number
    except AttributeError:
        with _lock:
            _count[0] += 1
            _numbers.number = _count[0]
        return _numbers.number


class Call:
    """One call: times in nanoseconds, `end` None while it runs."""

    __slots__ = (
        "annotation",
        "backward",
        "end",
        "flops",
        "given",
        "name",
        "scope",
        "sequence",
        "stack",
        "start",
    )

    def __init__(self, name: str, start: int, scope: int = FORWARD) -> None:
        self.name, self.start, self.scope = name, start, scope
        self.end: int | None = None
        self.sequence = -1
        self.backward = False  # whether the sequence number is that of a backward
        self.annotation = False
        self.flops = 0
        self.given: Any = None  # what it was called with: (shape, strides, dtype, value) of each argument
        self.stack: list[str] = []


class Running:
    """A call that somebody else ends."""

    __slots__ = ("call", "recorder")

    def __init__(self, recorder: "Recorder", call: Call) -> None:
        self.recorder, self.call = recorder, call

    def close(self) -> None:
        """The call is over."""
        self.recorder.close(self.call)


class Recorder:
    """What one profile sees.  An interceptor: called with each op; and the engine's watcher."""

    def __init__(self, shapes: bool, memory: bool, stacks: bool, flops: bool) -> None:
        self.shapes, self.stacks, self.flops = shapes, stacks, flops
        self.thread = thread_number()
        self.calls: list[Call] = []  # in the order in which they began
        self.around: list[tuple[FrameType, Call]] = []  # functions of several ops that may not be over
        self.evaluated: tuple[Node, Call] | None = None  # the node whose turn it is in a walk
        self.roles: dict[CodeType, str | None] = {**composites(), Recorder.node.__code__: None}
        self.last = self.begin = perf_counter_ns()
        self.memory = Allocations(self.time) if memory else None
        self.found: list[Call] = []  # when all is over: the calls, and
        self.changes: list[tuple[int, int, int]] | None = (
            None  # what became of memory: (time, bytes, address)
        )

    def time(self) -> int:
        """Now; later than ever before, so that times tell which call lies in which."""
        now = perf_counter_ns()
        self.last = now = now if now > self.last else self.last + 1
        return now

    def close(self, call: Call) -> None:
        """A call is over."""
        if call.end is None:
            call.end = self.time()

    def finish(self) -> None:
        """All is over; what still runs ends here, for the profile, and what a walk under way still says is not heard."""
        self.around.clear()
        self.evaluated = None
        for call in self.calls:
            self.close(call)
        self.found, self.calls = self.calls, []
        if self.memory is not None:
            self.memory.forget()
            self.changes, self.memory = sorted(self.memory.events), None

    # --- ops ---

    def __call__(self, op: Op, inputs: Sequence, params: tuple, out: Any, again: Callable[[], Any]) -> Any:
        tensors = _tensors(inputs)
        name = op_name(op, out)
        self._enter(_getframe(2), name)
        if self.memory is not None:
            for x in (*tensors, *(() if out is INPLACE else _tensors((out,)))):
                self.memory.see(x._data)
        before = inputs[0]._node if out is INPLACE else None
        call = self._call(name)
        if self.shapes:
            call.given = _arguments(op, inputs, params)
            if self.flops:
                call.flops = _flops(name, inputs)
        call.start = self.time()
        try:
            result = again()
        finally:
            self.close(call)
            for _, composite in self.around:
                composite.end = call.end
        made = _tensors(result if type(result) is tuple else (result,))
        if self.memory is not None:
            for t in made:
                self.memory.made(t._data, call.end)
        if made and (out is None or out is INPLACE):
            self._link(call, made[0]._node, before)
        return result

    def _call(self, name: str) -> Call:
        call = Call(name, self.last)
        if self.stacks:
            call.stack = _lines(_getframe(2))
        self.calls.append(call)
        return call

    def _enter(self, frame: FrameType | None, name: str) -> None:
        """Find which functions of several ops this op is called from; those that are not among them are over.

        Not among them: the function of the op's own name that calls it.
        """
        found: list[FrameType] = []
        own = name.rstrip("_")
        roles = self.roles
        while frame is not None:
            code = frame.f_code
            stands = roles[code] if code in roles else self._role(code)
            if stands is None:
                break
            if stands and (found or stands.rstrip("_") != own):
                found.append(frame)
            frame = frame.f_back
        if not found:
            self.around.clear()
            return
        found.reverse()
        same = 0
        while same < len(found) and same < len(self.around) and self.around[same][0] is found[same]:
            same += 1
        del self.around[same:]
        for f in found[same:]:
            code, given = f.f_code, f.f_locals
            in_place = "_" if given.get("out") is INPLACE else ""
            call = self._call(f"{roles[code]}{in_place}")
            if self.shapes:
                call.given = [_argument(given.get(n)) for n in code.co_varnames[: code.co_argcount]]
            call.start = self.time()
            self.around.append((f, call))

    def _role(self, code: CodeType) -> str | None:
        """What a frame with this code stands for: an op of torch made of others, nothing (""), or the user's program (None)."""
        self.roles[code] = role = "" if code.co_filename.startswith(ROOT) else None
        return role

    def _link(self, call: Call, edge: Any, before: Any) -> None:
        """Note the number of the node that a call made, with those calls that it was the first op of."""
        node = resolve(edge)[0] if edge is not None and edge is not before else None
        if node is not None and node.seq != LAST:
            call.sequence = int(node.seq)
            for _, composite in self.around:
                if composite.sequence < 0:
                    composite.sequence = call.sequence

    # --- pieces of the program ---

    def span(self, name: str) -> Running:
        """A piece of the program begins that the user gave a name."""
        self.around.clear()
        call = self._call(name)
        call.annotation = True
        call.start = self.time()
        return Running(self, call)

    def function(self, cls: type, args: tuple, node: Any) -> Running:
        """A custom Function is called; node: what stands for it in the graph, if anything does."""
        self.around.clear()
        call = self._call(cls.__name__)
        if self.shapes:
            call.given = [_argument(a) for a in args]
        if node is not None:
            call.sequence = int(node.seq)
        call.start = self.time()
        return Running(self, call)

    # --- the engine ---

    def walk(self, walk: Any) -> None:
        """A walk of the engine, from its first node to its last."""
        outer, self.evaluated = self.evaluated, None
        self.around.clear()
        if self.memory is not None:
            for sums in walk.sums.values():
                self._meet(sums, self.memory.see)
        try:
            walk.go()
        finally:
            if self.evaluated is not None:
                self.close(self.evaluated[1])
            self.evaluated = outer

    def evaluate(self, node: Node, grad: Any) -> None:
        """It is a node's turn; what the engine did for the one before is done."""
        if self.evaluated is not None:
            if self.evaluated[0] is node:
                return
            if self.memory is not None:  # gradients were added
                self._meet(grad, self.memory.made)
            self.close(self.evaluated[1])
        self.evaluated = node, self._backward("autograd::engine::evaluate_function: " + node.name(), node)

    def node(self, node: Node, grad: Any, tensors: bool) -> Any:
        """Run a node's backward."""
        self.evaluate(node, grad)
        call = self._inside(node, grad)
        try:
            grads = anomaly.watch(node, grad, tensors) if anomaly.state.on else node.vjp(grad, tensors)
            if self.memory is not None:
                self._meet(grads, self.memory.made)
        finally:
            self.close(call)
            self.around.clear()
        return grads

    def leaf(self, accumulate: Callable, node: Any, grad: Any, hooks: Any) -> None:
        """Let a gradient arrive at its leaf."""
        self.evaluate(node, grad)
        if self.memory is not None and node.grad is not None:
            self.memory.see(node.grad._data)
        call = self._inside(node, grad)
        try:
            accumulate(node, grad, hooks)
            if self.memory is not None and node.grad is not None:
                self.memory.made(node.grad._data)
        finally:
            self.close(call)

    def _backward(self, name: str, node: Node) -> Call:
        call = Call(name, self.time())
        call.backward = True
        call.sequence = -1 if node.seq == LAST else int(node.seq)
        self.calls.append(call)
        return call

    def _inside(self, node: Node, grad: Any) -> Call:
        call = self._backward(node.name(), node)
        call.scope = BACKWARD
        if self.shapes:
            grads = grad if type(grad) in (list, tuple) else (grad,)
            call.given = [_argument(g) for g in grads]
        return call

    def _meet(self, grads: Any, note: Callable) -> None:
        for g in grads if type(grads) in (list, tuple) else (grads,):
            if isinstance(g, Tensor):
                note(g._data)
            elif isinstance(g, np.ndarray):
                note(g)


# --- what is said about a call ---


def _tensors(xs: Any) -> list[Tensor]:
    """The tensors among arguments or results, lists of them included."""
    found: list[Tensor] = []
    for x in xs:
        if isinstance(x, Tensor):
            found.append(x)
        elif type(x) in (tuple, list):
            found += _tensors(x)
    return found


def _argument(x: Any) -> tuple:
    """(shape, strides, type, value) of an argument."""
    data = x._data if isinstance(x, Tensor) else x if isinstance(x, np.ndarray) else None
    if data is not None:
        strides = [step // data.itemsize for step in data.strides]
        return list(data.shape), strides, _C_NAMES.get(BY_NP[data.dtype].name, ""), None
    if type(x) in (tuple, list) and x and all(isinstance(t, Tensor) for t in x):
        parts = [_argument(t) for t in x]
        return [p[0] for p in parts], [p[1] for p in parts], "TensorList", None
    kind = "" if x is None else "ScalarList" if type(x) in (tuple, list) else "Scalar"
    return [], [], kind, list(x) if type(x) is tuple else x


def _arguments(op: Op, inputs: Sequence, params: tuple) -> list[tuple]:
    if len(inputs) > len(op.inputs):  # a list of tensors
        inputs = (tuple(inputs),)
    factor = [(op.shows or {})["alpha"]] if "alpha" in (op.shows or {}) and "alpha" not in op.params else []
    return [_argument(x) for x in (*inputs, *params, *factor)]


def _flops(name: str, inputs: Sequence) -> int:
    """How many floating-point operations torch counts for a call: products of matrices, sums, products."""
    shapes = [x._data.shape if isinstance(x, Tensor) else () for x in inputs]
    if name in ("aten::add", "aten::mul"):
        return prod(shapes[0])
    if name in ("aten::mm", "aten::bmm", "aten::addmm", "aten::baddbmm"):
        a, b = shapes[-2:]
        return 2 * prod(a) * b[-1]
    return 0


def _lines(frame: FrameType | None) -> list[str]:
    """The user's lines that led here, innermost first."""
    lines = []
    while frame is not None:
        code = frame.f_code
        if not code.co_filename.startswith(ROOT):
            lines.append(f"{code.co_filename}({frame.f_lineno}): {code.co_name}")
        frame = frame.f_back
    return lines
