"""The element types: torch's names and properties on top of NumPy's dtypes, and the default dtype.

Each dtype is one object, compared by identity: `torch.float32`, `torch.bool`, ...  Its `.np` is the NumPy
dtype that the arrays carry; that of bfloat16 is made by ml_dtypes, imported when it is first asked for.
complex32 has none, as NumPy lacks it: it is a name that promotion may arrive at, and no tensor can be of it.
"""

import builtins  # this module names its own bool, int and float
from typing import Any

import numpy

from ..base import extras, messages

BOOL, INTEGER, FLOAT, COMPLEX = range(
    4
)  # the categories, weakest first: a stronger one always wins in promotion


class dtype:
    """The type of a tensor's elements.

    Attributes: `is_floating_point`, `is_complex`, `is_signed`, `itemsize` (bytes), `abbr` ("f32"); and for
    leafgrad itself `np`, `name` ("float32"), `category`, `type_name` ("Float", as in messages), `tensor_type`
    ("torch.FloatTensor").

    >>> import leafgrad as torch
    >>> torch.float32, torch.half, torch.int64.is_floating_point, torch.complex64.itemsize
    (torch.float32, torch.float16, False, 8)
    """

    __slots__ = (
        "np",
        "name",
        "abbr",
        "type_name",
        "tensor_type",
        "category",
        "itemsize",
        "is_floating_point",
        "is_complex",
        "is_signed",
    )

    np: numpy.dtype
    name: str
    abbr: str
    type_name: str
    tensor_type: str
    category: builtins.int
    itemsize: builtins.int
    is_floating_point: builtins.bool
    is_complex: builtins.bool
    is_signed: builtins.bool

    def __new__(cls, *args: Any, **kwargs: Any) -> "dtype":
        raise TypeError(messages.NOT_CONSTRUCTIBLE.format(kind="dtype"))

    def __init_subclass__(cls) -> None:
        raise TypeError(messages.NOT_A_BASE.format(kind="dtype"))

    def __getattr__(self, name: str) -> Any:
        # Reached when a slot is empty.  Only `np` ever is: bfloat16's until first used, complex32's always.
        if name == "np" and self is bfloat16:
            _fill(self, np=numpy.dtype(extras.need("ml_dtypes", extra="bfloat16", what="bfloat16").bfloat16))
            BY_NP[self.np] = self
            return self.np
        if name == "np" and self is complex32:
            raise RuntimeError(messages.NO_COMPLEX32)
        raise AttributeError(messages.NO_ATTRIBUTE.format(kind="dtype", name=name))

    def __setattr__(self, name: str, value: Any) -> None:
        text = messages.NOT_WRITABLE if name in dtype.__slots__ else messages.NO_ATTRIBUTE
        raise AttributeError(text.format(kind="dtype", name=name))

    def __delattr__(self, name: str) -> None:
        self.__setattr__(name, None)

    def __repr__(self) -> str:
        return "torch." + self.name

    def __reduce__(self) -> tuple:
        return _named, (self.name,)  # pickled and copied by name, so that it stays the one object

    def to_real(self) -> "dtype":
        """The dtype of the real part of such numbers; a dtype that is not complex is its own.

        >>> import leafgrad as torch
        >>> torch.complex128.to_real()
        torch.float64
        """
        return _REAL.get(self, self)

    def to_complex(self) -> "dtype":
        """The complex dtype whose parts are of this dtype; RuntimeError for booleans and integers.

        >>> import leafgrad as torch
        >>> torch.float64.to_complex()
        torch.complex128
        """
        if self.category < FLOAT:
            raise RuntimeError(messages.DTYPE_NO_COMPLEX.format(type_name=self.type_name))
        return _COMPLEX.get(self, self)


def _named(name: str) -> dtype:
    return globals()[name]


def _fill(d: dtype, **fields: Any) -> None:
    for name, value in fields.items():
        object.__setattr__(d, name, value)


class _ByNumPy(dict[numpy.dtype, dtype]):
    """From NumPy's dtype to ours.  bfloat16 enters when it is first met; what is unknown is an error."""

    def __missing__(self, key: numpy.dtype) -> dtype:
        if key.name == "bfloat16" and key == bfloat16.np:
            return bfloat16
        if not key.isnative and key.newbyteorder("=") in self:
            raise ValueError(messages.NUMPY_BYTE_ORDER)
        raise TypeError(messages.NUMPY_TYPE.format(type=f"{key.type.__module__}.{key.type.__name__}"))


BY_NP = _ByNumPy()


def _make(name: str, abbr: str, type_name: str, category: builtins.int, itemsize: builtins.int) -> dtype:
    d = object.__new__(dtype)
    _fill(
        d,
        name=name,
        abbr=abbr,
        type_name=type_name,
        tensor_type=f"torch.{type_name}Tensor",
        category=category,
        itemsize=itemsize,
        is_floating_point=category == FLOAT,
        is_complex=category == COMPLEX,
        is_signed=category > BOOL and not name.startswith("uint"),
    )
    if name not in ("bfloat16", "complex32"):
        _fill(d, np=numpy.dtype(name))
        BY_NP[d.np] = d
    return d


bool = _make("bool", "b8", "Bool", BOOL, 1)
uint8 = _make("uint8", "u8", "Byte", INTEGER, 1)
uint16 = _make("uint16", "u16", "UInt16", INTEGER, 2)
uint32 = _make("uint32", "u32", "UInt32", INTEGER, 4)
uint64 = _make("uint64", "u64", "UInt64", INTEGER, 8)
int8 = _make("int8", "i8", "Char", INTEGER, 1)
int16 = short = _make("int16", "i16", "Short", INTEGER, 2)
int32 = int = _make("int32", "i32", "Int", INTEGER, 4)
int64 = long = _make("int64", "i64", "Long", INTEGER, 8)
float16 = half = _make("float16", "f16", "Half", FLOAT, 2)
bfloat16 = _make("bfloat16", "bf16", "BFloat16", FLOAT, 2)
float32 = float = _make("float32", "f32", "Float", FLOAT, 4)
float64 = double = _make("float64", "f64", "Double", FLOAT, 8)
complex32 = chalf = _make("complex32", "c32", "ComplexHalf", COMPLEX, 4)
complex64 = cfloat = _make("complex64", "c64", "ComplexFloat", COMPLEX, 8)
complex128 = cdouble = _make("complex128", "c128", "ComplexDouble", COMPLEX, 16)

_REAL = {complex32: float16, complex64: float32, complex128: float64}
_COMPLEX = {float16: complex32, bfloat16: complex64, float32: complex64, float64: complex128}
_PYTHON = {builtins.bool: bool, builtins.int: int64, builtins.complex: complex128, builtins.float: float64}


def of(np_dtype: numpy.dtype) -> dtype:
    """The dtype for NumPy's `np_dtype`; TypeError or ValueError, in torch's words, if there is none."""
    return BY_NP[np_dtype]


def parse(d: Any, where: str, argument: str = "dtype", position: builtins.int | None = None) -> dtype:
    """What a user may pass as a dtype, as a dtype: one of ours or Python's bool, int, float, complex.

    `where`, `argument` and `position` are for the TypeError: the public function called, and what of it.
    """
    if type(d) is dtype:
        return d
    if isinstance(d, type) and d in _PYTHON:
        return _PYTHON[d]
    place = "" if position is None else f" (position {position})"
    kind = type(d)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    raise TypeError(messages.DTYPE_ARGUMENT.format(where=where, argument=argument, place=place, type=name))


def as_np(d: Any, where: str = "dtype") -> numpy.dtype:
    """NumPy's dtype for one of ours, for Python's bool, int, float, complex, or for a NumPy dtype: itself."""
    if type(d) is dtype:
        return d.np
    if isinstance(d, numpy.dtype):
        return BY_NP[d].np
    return parse(d, where).np


_default = float32
_default_np = float32.np


def default() -> numpy.dtype:
    """The default dtype as NumPy's, for kernels; `default_complex` goes with it."""
    return _default_np


def default_complex() -> numpy.dtype:
    """The complex dtype that goes with the default dtype: what a Python complex number becomes."""
    if _default is bfloat16:
        raise RuntimeError(messages.DEFAULT_NO_COMPLEX)
    return _default.to_complex().np


def get_default_dtype() -> dtype:
    """The dtype of tensors made from Python floats, and of what true division makes from integers.

    >>> import leafgrad as torch
    >>> torch.get_default_dtype()
    torch.float32
    """
    return _default


def set_default_dtype(d: dtype) -> None:
    """Make `d`, a floating-point dtype, the default; the default complex dtype follows.  TypeError otherwise.

    >>> import leafgrad as torch
    >>> torch.set_default_dtype(torch.float64)
    >>> torch.tensor(1.5).dtype, torch.tensor(1j).dtype
    (torch.float64, torch.complex128)
    >>> torch.set_default_dtype(torch.float32)
    """
    global _default, _default_np
    if type(d) is not dtype:
        raise TypeError(messages.DEFAULT_NOT_DTYPE)
    if d.category != FLOAT:
        raise TypeError(messages.DEFAULT_NOT_FLOAT)
    _default_np = d.np
    _default = d
