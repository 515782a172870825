"""Differences from torch that are meant, by check and op: what the line says (a regex), and why it stands.

`test_every_excuse_is_needed` fails for an entry that excuses nothing any more.
"""

import re

_EQUALS = "in which order equal values come, torch leaves open"
_UNSTABLE = "torch's sort of long boolean rows does not keep the order of equal elements; ours always does"
_CUMULATIVE = (
    "torch's formula loses digits where sums of both signs cancel; ours agrees with finite differences"
)

_EAGER = "leafgrad computes conjugates at once"
_VIEW_CONJ = "leafgrad computes conjugates at once, so the result is no view"
_AS_STRIDED = "torch gives self the gradient of src; ours agrees with finite differences"
_RESIZE = "torch refuses to resize memory that came from NumPy; ours takes new memory"
_SIGNS = 'the signs of singular vectors are LAPACK\'s choice; "svd of ..., what is sure" has the rest'
_UNSTRIDED = "torch takes the rows and columns of a strided out for those of its own product"
_LEAN = "torch's formula saves more than the gradient needs"
_LOOSE = "torch's last step writes where autograd does not look"
_SIZES = "sizes and strides are not saved beside the tensor that has them"
_ADDBMM = "torch's addbmm_ broadcasts the tensor it writes, which gives it another shape"

EXCUSED: dict[str, dict[str, list[tuple[str, str]]]] = {
    "forward": {
        "linalg.svd": [(r"result\[[02]\]: values differ", _SIGNS)],
        "H": [("_is_view\\(\\) False instead of True", _VIEW_CONJ)],
        "mH": [("_is_view\\(\\) False instead of True", _VIEW_CONJ)],
        "conj": [("_is_view\\(\\) False instead of True", _EAGER)],
        "kthvalue": [(r"int64.*result\[1\]: values differ", _EQUALS)],
        "topk": [(r"int64.*result\[1\]: values differ", _EQUALS)],
        "mode": [(r"result\[1\]: values differ", _EQUALS)],
        "sort": [(r"bool.*result\[1\]: values differ", _UNSTABLE)],
        "argsort": [(r"bool.*result: values differ", _UNSTABLE)],
    },
    "refused_dtype": {
        "nn.functional.embedding": [("max_norm=1.0.*values differ", "torch scales complex rows twice")],
    },
    "gradients": {
        "linalg.svd": [("gradient 0: values differ", _SIGNS)],
        "as_strided_scatter": [("gradient 0: values differ", _AS_STRIDED)],
        "logcumsumexp": [(r"float32.*gradient 0: values differ", _CUMULATIVE)],
    },
    "second": {
        "linalg.svd": [("gradient .: values differ", _SIGNS)],
        "as_strided_scatter": [("gradient . ?: values differ|gradient .: values differ", _AS_STRIDED)],
    },
    "packing": {
        "as_strided_scatter": [("gradient 0: values differ", _AS_STRIDED)],
        "cov": [("packs", "torch computes the weights' part in float32")],
        "quantile": [("packs", _LEAN)],
        "nanquantile": [("packs", _LEAN)],
        "nn.functional.cosine_similarity": [("packs", _LEAN)],
        "nn.functional.logsigmoid": [("packs", "torch keeps what speeds up its own derivative")],
    },
    "forward_mode": {
        "linalg.svd": [("tangent [02]: values differ", _SIGNS)],
        "scatter_reduce.prod": [("a tensor instead of None", "torch has no forward rule for it")],
        "logcumsumexp": [
            (r"float64.*tangent 0: values differ", _CUMULATIVE),
            (r"complex128.*torch \[nan", "torch's tangent is nan where the function is smooth"),
        ],
        "cov": [(r"aweights=float32", "torch computes the weights' part in float32")],
    },
    "in_place": {
        "addbmm": [("Bad in-place call", _ADDBMM)],
    },
    "in_place_gradients": {
        "addbmm": [("Bad in-place call", _ADDBMM)],
    },
    "out_argument": {
        "nn.functional.linear": [("out= right", "torch warns of a resize that is its own work")],
        "matmul": [("out= strided", _UNSTRIDED)],
        "addbmm": [("out= misshapen", "torch forgets the warning")],
        "linalg.svd": [("out= empty", "ours lays out every resized out= row by row")],
        "diag": [("out= under grad", _LOOSE)],
        "slice_scatter": [("out= under grad", _LOOSE)],
        "narrow_copy": [
            ("out= misshapen|out= strided", "torch forgets the warning, and writes a strided out wrongly"),
        ],
        "special.ndtr": [("out= under grad", "torch's last step writes where autograd does not look")],
        "conj_physical": [("out= under grad", "torch copies what is real where autograd does not look")],
        "nn.functional.logsigmoid": [("out= misshapen", "torch forgets the warning")],
        "kthvalue": [(r"int64.*values differ", _EQUALS)],
        "topk": [(r"int64.*values differ", _EQUALS)],
        "mode": [("out= misshapen", "torch forgets the warning")],
        "nn.functional.gelu": [
            ("out= strided: its value: .*torch .0. 0. 0.", "torch forgets to write a strided float32 out"),
        ],
    },
    "out_dtype": {
        "nn.functional.linear": [("int64.*out= int64", "torch warns of a resize that is its own work")],
        "kthvalue": [(r"int64.*values differ", _EQUALS)],
        "topk": [(r"int64.*values differ", _EQUALS)],
    },
    "saved": {
        "linalg.svdvals": [("_saved_(U|Vh): values differ", _SIGNS)],
        "linalg.svd": [("_saved_(U|Vh): values differ", _SIGNS)],
        "addmm": [("_sym_sizes", _SIZES)],
        "addmm.decomposed": [("_sym_sizes", _SIZES)],
        "matmul": [("_sym_sizes", _SIZES)],
        "nn.functional.linear": [("_sym_sizes", _SIZES)],
        "mm": [("_sym_sizes", _SIZES)],
        "__rmatmul__": [("_sym_sizes", _SIZES)],
        "addbmm": [("_sym_argsize", _SIZES)],
        "nn.functional.logsigmoid": [("_saved_buffer", "torch keeps what speeds up its own derivative")],
        "nn.functional.nll_loss": [
            ("_saved_total_weight: values differ", "torch shows memory that nothing was written to"),
        ],
    },
    "guards": {
    },
    "variants": {},
    "errors": {
        "cat": [("resize storage that is not resizable", _RESIZE)],
        "gather": [("resize storage that is not resizable", _RESIZE)],
        "narrow_copy": [
            ("static_cast|exceeds dimension size", "torch shows its C++ source; ours says what narrow says"),
        ],
    },
}  # fmt: skip


def unexcused(check, name, lines):
    """The differences that no entry explains."""
    entries = EXCUSED[check].get(name, ())
    return [line for line in lines if not any(re.search(part, line) for part, _ in entries)]
