"""func.rearrange: torch's values and errors for patterns right and wrong."""

import re
import warnings

import pytest

import leafgrad
from tests.both import first_sentence

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

PATTERNS = [
    ("a b c -> c b a", {}), ("a b c -> (a c) b", {}), ("a b (h w) -> h a b w", {"h": 2}), ("... c -> c ...", {}),
    ("a ... -> (...) a", {}), ("a b c -> a b c 1", {}), ("a b c -> a () b c", {}), ("a b c ... -> a b c ...", {}),
    ("a (b c) ... -> a b c ...", {"b": 1}), ("a b c -> (a b c) 1 1", {}), ("a ... -> (a ...)", {}), ("a b c -> c b a", {"c": 4}),
    ("a (x b) (h w) -> (h b) (a w x)", {"h": 2, "x": 3}), ("a b (c d) -> (b c) (a d)", {"c": 2, "d": 2}),
    ("a b -> b a", {}), ("a b c d -> a b c d", {}), ("a b c -> a b", {}), ("a b c", {}), ("a b c -> a b c d", {}),
    ("a b c -> a b ...", {}), ("(...) c -> c ...", {}), ("a b c -> c b a", {"z": 3}), ("a a c -> a c", {}),
    ("a b (c -> c a b", {}), ("a b c) -> c a b", {}), ("a b ((c)) -> a b c", {}), ("a-b c -> c", {}), ("a b 2 -> a b 2", {}),
    ("a b c -> a b c 2", {}), ("a b c -> _a b c", {}), ("a b c_ -> a b c_", {}), ("a b c -> a -> b", {}), ("... ... -> ...", {}),
    ("a b .. -> a", {}), ("a b for -> for a b", {}), ("a b axis -> axis a b", {}), ("a ... b c ... -> a", {}),
    ("(a b c) -> a", {}), ("1a b c -> b c", {}), (" -> ", {}), ("a b c d ... -> a b c d ...", {}), ("a b c -> b c a", {"a": 2.5}),
]  # fmt: skip


def sorted_sets(text):
    """Sets print their members in an order of their own."""
    return re.sub(r"\{([^}]*)\}", lambda found: "{" + ", ".join(sorted(found[1].split(", "))) + "}", text)


def run(T, pattern, lengths):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            return T.func.rearrange(T.arange(24).view(2, 3, 4), pattern, **lengths).tolist(), seen and str(
                seen[0].message
            )
        except Exception as error:
            return type(error).__name__, sorted_sets(first_sentence(error))


@pytest.mark.parametrize(("pattern", "lengths"), PATTERNS)
def test_like_torch(pattern, lengths):
    assert run(leafgrad, pattern, lengths) == run(torch, pattern, lengths)


@pytest.mark.parametrize(
    ("pattern", "lengths", "message"),
    [
        ("a b (h w) -> h a b w", {}, "cannot infer the sizes of two dimensions at once"),
        ("a b (h w) -> h a b w", {"h": 3}, "inferred dimension does not evenly fit into larger dimension"),
        ("a b c -> c b a", {"c": 5}, "Dimension sizes to do not match"),
        ("a b (c d) -> a b c d", {"c": 2, "d": 3}, "Dimension sizes to do not match"),
    ],
)
def test_sizes_that_do_not_fit(pattern, lengths, message):
    """torch's error has a class of its own, which is not public; it is a ValueError here."""
    with pytest.raises(ValueError, match=message):
        leafgrad.func.rearrange(leafgrad.arange(24).view(2, 3, 4), pattern, **lengths)
    assert message in run(torch, pattern, lengths)[1]


def test_several_tensors_and_transforms():
    def call(T):
        x = T.linspace(0, 1, 24).view(2, 3, 4)
        stacked = T.func.rearrange([x, x * 2], "n a b c -> (n c) (a b)")
        y = T.func.vmap(T.func.grad(lambda x: (T.func.rearrange(x, "b (h w) -> w (b h)", h=2) ** 2).sum()))(x)
        return stacked.tolist(), y.tolist()

    assert call(leafgrad) == call(torch)
