"""Special functions of 16-bit floats, on torch and on leafgrad: computed in float32, rounded once."""

import pytest

oracle = pytest.importorskip("torch")
pytest.importorskip("scipy")
pytestmark = pytest.mark.oracle
import leafgrad  # noqa: E402


@pytest.mark.parametrize("n", [0, 1, 2])
def test_polygamma(n):
    def run(torch):
        x = torch.tensor([0.25, 1.5, 3.0], dtype=torch.float16)
        wide = torch.empty(3)
        torch.polygamma(n, x, out=wide)
        result = torch.polygamma(n, x)
        return str(result.dtype), result.tolist(), wide.tolist()

    mine, theirs = run(leafgrad), run(oracle)
    assert mine[0] == theirs[0] == "torch.float16"
    assert mine[1] == pytest.approx(theirs[1], rel=2e-3) and mine[2] == pytest.approx(theirs[2], rel=2e-3)
    assert mine[1] == mine[2]  # rounded to float16 also on the way to a wider out
