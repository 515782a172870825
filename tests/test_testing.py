"""torch.testing.assert_close: what it says of scalars and tensors, on torch and on leafgrad."""

import pytest

oracle = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle
import leafgrad  # noqa: E402

CALLS = [
    "close(torch.tensor(1.0), torch.tensor(2.0))", "close(torch.tensor(1), torch.tensor(2), rtol=0, atol=0)",
    "close(torch.tensor(1 + 1j), torch.tensor(2 + 1j))", "close([torch.tensor(1)], [torch.tensor(2)])",
    "close(torch.tensor(1.0), torch.tensor(0.0))", "close(torch.tensor(float('nan')), torch.tensor(1.0))",
    "close(torch.tensor(True), torch.tensor(False))", "close(1.0, 2.0)", "close(1, 2, rtol=0, atol=0)", "close(1.0, 0.0)",
    "close(torch.tensor([1.0]), torch.tensor([2.0]))", "close(torch.tensor([1.0, 4.0, 5.0]), torch.tensor([1.0, 2.0, 3.0]))",
    "close(torch.tensor([1, 2]), torch.tensor([0, 2]), rtol=0.1, atol=0.1)", "close(torch.tensor([[True]]), torch.tensor([[False]]))",
    "close(torch.tensor([1.0, 4.0]), torch.tensor([1.0, 2.0]), rtol=0.1, atol=0)",
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_the_whole_message(call):
    def run(torch):
        with pytest.raises(AssertionError) as caught:
            eval(call, {"torch": torch, "close": torch.testing.assert_close})
        return str(caught.value)

    assert run(leafgrad) == run(oracle)
