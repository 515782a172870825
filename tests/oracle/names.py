"""The names that the op table owes: where torch has one as function, method or in place, so has leafgrad."""

_NAMES = """
add sub subtract mul multiply div divide true_divide floor_divide remainder fmod neg negative positive rsub
pow float_power square sqrt rsqrt reciprocal abs absolute sign sgn signbit maximum minimum fmax fmin hypot
copysign addcmul addcdiv lerp where eq ne lt le gt ge not_equal less less_equal greater greater_equal equal
isclose allclose isnan isinf isfinite isposinf isneginf isreal logical_and logical_or logical_xor
logical_not bitwise_and bitwise_or bitwise_xor bitwise_not bitwise_left_shift bitwise_right_shift exp exp2
expm1 log log2 log10 log1p logaddexp logaddexp2 xlogy sin cos tan asin acos atan arcsin arccos arctan atan2
arctan2 sinh cosh tanh asinh acosh atanh arcsinh arccosh arctanh deg2rad rad2deg sinc ceil floor round trunc
fix frac clamp clip clamp_min clamp_max nan_to_num sigmoid logit relu erf erfc erfinv real imag conj
conj_physical resolve_conj resolve_neg view_as_real view_as_complex complex polar angle is_complex is_conj
is_neg sum nansum mean nanmean prod var std var_mean std_mean norm max min amax amin aminmax argmax argmin
any all count_nonzero logsumexp softmax log_softmax cumsum cumprod cummax cummin logcumsumexp median sort
argsort topk kthvalue msort view view_as reshape reshape_as permute transpose t swapaxes swapdims movedim
moveaxis adjoint expand expand_as broadcast_to broadcast_tensors squeeze unsqueeze select narrow split
split_with_sizes tensor_split hsplit vsplit dsplit chunk unbind unfold diagonal diag diag_embed diagflat
as_strided flip fliplr flipud rot90 roll tile repeat repeat_interleave flatten unflatten ravel contiguous
clone detach tril triu atleast_1d atleast_2d atleast_3d meshgrid T mT H mH cat concat concatenate stack
hstack vstack dstack column_stack row_stack gather scatter scatter_add scatter_reduce index_select index_add
index_copy index_fill index_put take take_along_dim put masked_fill masked_select masked_scatter nonzero
argwhere diagonal_scatter select_scatter slice_scatter fill fill_ zero_ copy_ matmul mm bmm mv dot vdot
inner outer ger addmm addmv addr baddbmm addbmm einsum tensordot kron trace cross to type type_as float
double half bfloat16 int long short char byte bool cfloat cdouble item tolist numel dim size stride tensor
as_tensor asarray from_numpy zeros ones full empty arange linspace logspace eye zeros_like ones_like
full_like empty_like new_zeros new_ones new_full new_empty new_tensor scalar_tensor empty_strided
tril_indices triu_indices rand randn randint randperm rand_like randn_like randint_like bernoulli normal
uniform_ normal_ random_ dropout
"""

_FUNCTIONAL = """
relu sigmoid tanh softplus gelu silu elu leaky_relu hardtanh relu6 softmax log_softmax softmin logsigmoid
linear embedding one_hot layer_norm dropout cross_entropy nll_loss mse_loss l1_loss pad normalize
"""

_SPECIAL = "erf erfc erfinv expit logit exp2 expm1 log1p xlogy softmax log_softmax logsumexp round sinc"


def due():
    """Every path where one of the names may stand: `exp`, `exp_`, `Tensor.exp`, `Tensor.exp_`, ..."""
    for prefix, names in (
        ("", _NAMES),
        ("Tensor.", _NAMES),
        ("nn.functional.", _FUNCTIONAL),
        ("special.", _SPECIAL),
    ):
        for name in names.split():
            yield prefix + name
            if not name.endswith("_"):
                yield prefix + name + "_"
