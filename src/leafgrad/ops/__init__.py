"""The table of ops: rows and their private kernels, nothing else.  Importing this package fills the table."""

from . import (  # noqa: F401
    activation,
    addmm,
    arithmetic,
    arrange,
    binary_losses,
    cast,
    clamping,
    comparison,
    complex,
    copies,
    correlation,
    create,
    cross,
    differences,
    distances,
    division,
    dropout,
    einsum,
    embed,
    exponential,
    extremes,
    factories,
    floats,
    functional,
    gathering,
    grids,
    indexing,
    inserting,
    join,
    logical,
    logit,
    losses,
    masks,
    matmul,
    nll,
    normalization,
    norms,
    orders,
    overwrite,
    pad,
    parts,
    powers,
    prod,
    products,
    random,
    ranges,
    ranks,
    reduce,
    rounding,
    rows,
    scan,
    shapes,
    singular,
    softmax,
    sort,
    special,
    split,
    statistics,
    ternary,
    triangles,
    trigonometric,
    unique,
)


def __getattr__(name: str) -> object:
    """`torch.ops.<namespace>`: ops by torch's names, and those that users define (tensor/overloads.py)."""
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ..tensor.overloads import NAMESPACES

    if name not in NAMESPACES:  # torch makes an empty one; here, who collects tests asks for names of its own
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return NAMESPACES[name]
