"""The arguments of transforms, right and wrong, and what functions return: values, structures and errors as torch's."""

import pytest

import leafgrad
from tests.both import first_sentence

oracle = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle


def vector(T):
    return T.tensor([1.0, 2.0, 3.0])


def rows(T):
    return T.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def mixed(x):
    return x.sin(), {"whole": x.long(), "same": x}


CALLS = {
    # vmap
    "in_dims a list": lambda T, x: T.vmap(T.mul, in_dims=[0, 0])(x, x),
    "in_dims a list for a list": lambda T, x: T.vmap(lambda t: t[0] * t[1], in_dims=([0, None],))([x, x]),
    "in_dims a dict": lambda T, x: T.vmap(T.sin, in_dims={"a": 0})(x),
    "out_dims of one": lambda T, x: T.vmap(T.sin, out_dims=(1,))(rows(T)),
    "out_dims of one, None": lambda T, x: T.vmap(lambda r: x, out_dims=(None,))(rows(T)),
    "out_dims of one, a word": lambda T, x: T.vmap(T.sin, out_dims=("a",))(rows(T)),
    "out_dims of one in a list": lambda T, x: T.vmap(T.sin, out_dims=[1])(rows(T)),
    "chunks, same": lambda T, x: T.vmap(lambda a: a * 0 + T.rand(()), randomness="same", chunk_size=2)(x),
    "chunks, different": lambda T, x: T.vmap(
        lambda a: a * 0 + T.rand(()), randomness="different", chunk_size=1
    )(x),
    "after chunks, same": lambda T, x: (
        T.vmap(lambda a: a * 0 + T.rand(()), randomness="same", chunk_size=1)(x),
        T.rand(2),
    ),
    # argnums
    "a word": lambda T, x: T.func.grad(T.mul, argnums=(0, "a"))(x, x),
    "a word, out of range": lambda T, x: T.func.grad(T.mul, argnums=(5, "a"))(x, x),
    "twice": lambda T, x: T.func.jacrev(T.mul, argnums=(1, -1))(x, x),
    # aux
    "grad, aux a number": lambda T, x: T.func.grad(lambda a: (a.sum(), {"k": a, "n": 3}), has_aux=True)(x),
    "grad, aux None": lambda T, x: T.func.grad(lambda a: (a.sum(), None), has_aux=True)(x),
    "grad, aux empty": lambda T, x: T.func.grad(lambda a: (a.sum(), ()), has_aux=True)(x),
    "vjp, aux": lambda T, x: T.func.vjp(lambda a: (a, "a"), x, has_aux=True)[2],
    "jvp, aux": lambda T, x: T.func.jvp(lambda a: (a, 1), (x,), (x,), has_aux=True),
    "jacrev, aux": lambda T, x: T.func.jacrev(lambda a: (a, 1), has_aux=True)(x),
    "jacfwd, aux": lambda T, x: T.func.jacfwd(lambda a: (a, 1), has_aux=True)(x),
    # cotangents
    "another structure": lambda T, x: T.func.vjp(lambda a: {"a": a, "b": [a]}, x)[1]([x, (x,)]),
    "nothing": lambda T, x: T.func.vjp(T.sin, x)[1](()),
    "None": lambda T, x: T.func.vjp(T.sin, x)[1](None),
    "None for a scalar": lambda T, x: T.func.vjp(lambda a: a.sin().sum(), x)[1](None),
    "a number": lambda T, x: T.func.vjp(lambda a: a.sin().sum(), x)[1](2.0),
    "complex": lambda T, x: T.func.vjp(T.sin, x)[1](x * 1j),
    "integers": lambda T, x: T.func.vjp(T.sin, x)[1](x.long()),
    # tangents
    "integers as tangents": lambda T, x: T.func.jvp(T.sin, (x,), (x.long(),)),
    # linearize
    "linearize at integers": lambda T, x: T.func.linearize(T.sin, x.long()),
    "linearize with integers": lambda T, x: T.func.linearize(mixed, x)[0],
    "linearize with integers, jvp": lambda T, x: T.func.linearize(mixed, x)[1](x),
    "linearize, integers only": lambda T, x: T.func.linearize(lambda a: a.long(), x)[1](x),
}


def shown(T, found):
    if isinstance(found, T.Tensor):
        return str(found.dtype), tuple(found.shape), [round(v, 4) for v in found.reshape(-1).tolist()]
    if isinstance(found, dict):
        return {key: shown(T, value) for key, value in found.items()}
    return type(found).__name__, [shown(T, each) for each in found]


def answer(T, call):
    T.manual_seed(0)
    try:
        return shown(T, call(T, vector(T)))
    except Exception as error:
        return type(error).__name__, first_sentence(error)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CALLS)
def test_as_in_torch(name):
    assert answer(leafgrad, CALLS[name]) == answer(oracle, CALLS[name])
