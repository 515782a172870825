"""What a profile calls what it sees: the names that torch gives to ops, and to functions that are made of several."""

from types import CodeType
from typing import Any

from ..op.record import Op
from ..op.table import FUNCTIONS, METHODS, SPACES
from ..ops import products
from ..tensor.write import INPLACE

FUNCTIONS_RENAMED = {
    "cpu": "to", "cross_entropy": "cross_entropy_loss", "dropout1d": "feature_dropout", "dropout2d": "feature_dropout",
    "dropout3d": "feature_dropout", "logsigmoid": "log_sigmoid", "type": "to",
}  # fmt: skip
OPS_RENAMED = {  # torch's functions of these names call others
    "log_softmax": "_log_softmax", "nll_loss": "nll_loss_forward", "softmax": "_softmax", "sum_all": "sum",
}  # fmt: skip
NOT_TORCH = {
    "_add_up", "_backwards", "_others", "_pick", "_pick_many", "_place", "_sums_after", "_sums_before", "as_strided_backward",
    "as_strided_of", "clone_like", "embedding_dense_double_backward", "index_backward", "unravel_index",
}  # fmt: skip
PYTHON = {  # no op of torch stands for these
    "apply_", "as_subclass", "as_tensor", "asarray", "broadcast_shapes", "data_ptr", "dim_order", "element_size", "from_dlpack",
    "from_numpy", "frombuffer", "get_default_device", "is_shared", "is_tensor", "map2_", "map_", "ndimension", "nelement", "new",
    "new_tensor", "normalize", "numpy", "set_default_device", "set_default_tensor_type", "softmin", "softsign", "tanhshrink",
    "tensor", "to_dlpack", "tolist", "typename", "unique", "unravel_index", "untyped_storage",
}  # fmt: skip

_composites: dict[CodeType, str] = {}


def composites() -> dict[CodeType, str]:
    """The code of public functions that stand for an op of torch made of others, and its name."""
    if not _composites:
        found: dict[CodeType, set[str]] = {}
        for table in (FUNCTIONS, METHODS, SPACES["nn.functional"]):
            for name, function in table.items():
                body = getattr(
                    function, "__wrapped__", function
                )  # of those that __torch_function__ may override
                code = getattr(body, "__code__", None)
                if code is not None and name not in PYTHON and not name.startswith("__"):
                    found.setdefault(code, set()).add(body.__name__ if body.__name__ in table else name)
        found[products._product.__code__] = {"matmul"}
        for code, names in found.items():
            if len(names) == 1:  # of code that several functions share it cannot be told which
                (name,) = names
                _composites[code] = "aten::" + FUNCTIONS_RENAMED.get(name, name)
    return _composites


def op_name(op: Op, out: Any) -> str:
    """What torch calls this call."""
    name = op.name
    if "::" in name:
        return name
    if name in NOT_TORCH:
        return "leafgrad::" + name
    name = OPS_RENAMED.get(name, name)
    return "aten::" + (name + "_" if out is INPLACE and not name.endswith("_") else name)
