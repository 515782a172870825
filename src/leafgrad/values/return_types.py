"""`torch.return_types`: the named tuples that functions with several results return.

They print and unpack as torch's do, and like those have no methods of a namedtuple.
"""

from operator import itemgetter
from typing import Any

from ..base import messages


class StructSequence(tuple):
    """A tuple whose items have names; `fields` of a subclass says which."""

    __slots__ = ()
    fields: tuple[str, ...] = ()

    def __new__(cls, sequence: Any) -> "StructSequence":
        """From a sequence of as many items as there are fields; TypeError otherwise."""
        items = tuple(sequence)
        if len(items) != len(cls.fields):
            raise TypeError(
                messages.STRUCT_LENGTH.format(name=cls.__name__, n=len(cls.fields), got=len(items))
            )
        return tuple.__new__(cls, items)

    def __repr__(self) -> str:
        items = ",\n".join(f"{name}={item!r}" for name, item in zip(self.fields, self, strict=True))
        return f"torch.return_types.{type(self).__name__}(\n{items})"

    def __reduce__(self) -> tuple:
        return type(self), (tuple(self),)


def _struct(name: str, *fields: str) -> type:
    """A type; its attribute `out` is the one of results that were written to `out=` tensors."""
    body: dict[str, Any] = {f: property(itemgetter(i)) for i, f in enumerate(fields)}
    count = len(fields)
    body |= {
        "__slots__": (),
        "fields": fields,
        "n_fields": count,
        "n_sequence_fields": count,
        "n_unnamed_fields": 0,
    }
    body |= {"__module__": __name__, "__match_args__": fields}
    found = type(name, (StructSequence,), dict(body))
    found.out = globals()[name + "_out"] = type(name + "_out", (StructSequence,), dict(body))  # type: ignore[attr-defined]
    return found


max = _struct("max", "values", "indices")
min = _struct("min", "values", "indices")
aminmax = _struct("aminmax", "min", "max")
median = _struct("median", "values", "indices")
nanmedian = _struct("nanmedian", "values", "indices")
mode = _struct("mode", "values", "indices")
kthvalue = _struct("kthvalue", "values", "indices")
sort = _struct("sort", "values", "indices")
topk = _struct("topk", "values", "indices")
cummax = _struct("cummax", "values", "indices")
cummin = _struct("cummin", "values", "indices")
frexp = _struct("frexp", "mantissa", "exponent")
linalg_svd = _struct("linalg_svd", "U", "S", "Vh")
