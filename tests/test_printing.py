"""What tensors look like: golden strings for the rules of printing, one rule a test."""

import math
import threading

import pytest

import leafgrad as torch
from leafgrad.face.printing import get_printoptions, printoptions, set_printoptions


@pytest.fixture(autouse=True)
def _default_options():
    yield
    set_printoptions(profile="default")


def text(data, dtype=None):
    return repr(torch.tensor(data, dtype=dtype))


def lines(*rows):
    return "\n".join(rows)


# --- numbers ---


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (2.0, "tensor(2.)"),
        (math.e**2, "tensor(7.3891)"),
        ([1.0, -2.0], "tensor([ 1., -2.])"),
        ([1.0, 2.5], "tensor([1.0000, 2.5000])"),
        ([0.0, -0.0], "tensor([0., -0.])"),
        (3, "tensor(3)"),
        ([1, -20, 300], "tensor([  1, -20, 300])"),
        (True, "tensor(True)"),
        ([True, False], "tensor([ True, False])"),
    ],
)
def test_whole_numbers_and_fractions(data, expected):
    assert text(data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([1.0, 1000.0], "tensor([   1., 1000.])"),
        ([1.0, 1001.0], "tensor([1.0000e+00, 1.0010e+03])"),  # more than 1000 times the other
        ([0.25, 250.25], "tensor([2.5000e-01, 2.5025e+02])"),
        ([1e8], "tensor([100000000.])"),
        ([1.01e8], "tensor([1.0100e+08])"),
        ([2e-4], "tensor([0.0002])"),
        ([9.9e-5], "tensor([9.9000e-05])"),
        ([0.0, 5.0], "tensor([0., 5.])"),  # zero takes no part
    ],
)
def test_scientific_notation(data, expected):
    assert text(data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([math.nan], "tensor([nan])"),
        ([1.0, math.inf, -math.inf], "tensor([1., inf, -inf])"),
        ([1.5, math.inf, -math.inf, math.nan], "tensor([1.5000,    inf,   -inf,    nan])"),
        ([1e10, math.nan], "tensor([1.0000e+10,        nan])"),
    ],
)
def test_infinities_and_nan_do_not_widen_the_column(data, expected):
    assert text(data) == expected


def test_digits_come_from_the_double_of_the_stored_number():
    assert text([0.1], torch.float16) == "tensor([0.1000], dtype=torch.float16)"
    with printoptions(precision=12):
        assert text(0.1) == "tensor(0.100000001490)"
        assert text(0.1, torch.float64) == "tensor(0.100000000000, dtype=torch.float64)"
        assert text(0.1, torch.float16) == "tensor(0.099975585938, dtype=torch.float16)"
    with printoptions(precision=2):
        assert text([0.125, 0.375]) == "tensor([0.12, 0.38])"  # exact ties go to the even digit


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (1 + 2j, "tensor(1.+2.j)"),
        ([1.5 - 2j, -10 + 0.25j], "tensor([  1.5000-2.0000j, -10.0000+0.2500j])"),
        (
            [complex(1, math.nan), complex(math.inf, 2), complex(-0.0, -0.0)],
            "tensor([1.+nanj, inf+2.j, -0.-0.j])",
        ),
        ([1 + 1e9j, 2 - 1e-9j], "tensor([1.+1.0000e+09j, 2.-1.0000e-09j])"),  # each part has its notation
    ],
)
def test_complex_numbers(data, expected):
    assert text(data) == expected


# --- layout ---


def test_axes_are_brackets_and_blank_lines():
    assert text([[1.0, 2.0], [3.0, 4.0]]) == lines("tensor([[1., 2.],", "        [3., 4.]])")
    assert repr(torch.zeros(2, 1, 1, 2)) == lines("tensor([[[[0., 0.]]],", "", "", "        [[[0., 0.]]]])")


def test_lines_are_wrapped_at_the_linewidth():
    row = torch.arange(30)
    assert repr(row) == lines(
        "tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,",
        "        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29])",
    )
    with printoptions(linewidth=math.inf):
        assert "\n" not in repr(row)
    with printoptions(linewidth=0):
        assert repr(row).count("\n") == 29


def test_a_summary_starts_above_the_threshold():
    assert "..." not in repr(torch.zeros(1000))
    assert repr(torch.zeros(1001)) == "tensor([0., 0., 0.,  ..., 0., 0., 0.])"
    with printoptions(edgeitems=1, threshold=1):
        assert repr(torch.arange(12).reshape(3, 4)) == lines(
            "tensor([[ 0,  ...,  3],", "        ...,", "        [ 8,  ..., 11]])"
        )
        assert repr(torch.arange(6).reshape(3, 1, 2)) == lines(
            "tensor([[[0, 1]],", "", "        ...,", "", "        [[4, 5]]])"
        )


def test_a_summary_takes_its_notation_from_what_it_shows():
    data = torch.ones(2000)
    data[1000] = 0.123
    assert repr(data) == "tensor([1., 1., 1.,  ..., 1., 1., 1.])"


def test_no_edgeitems_leave_the_size():
    with printoptions(edgeitems=0, threshold=4):
        assert repr(torch.zeros(5, 5)) == "tensor([...], size=(5, 5))"
        assert repr(torch.zeros(2)) == "tensor([0., 0.], size=(2,))"


# --- suffixes ---


def test_dtype_is_shown_unless_it_is_what_one_would_expect():
    assert text([1], torch.int32) == "tensor([1], dtype=torch.int32)"
    assert text([1.0], torch.float64) == "tensor([1.], dtype=torch.float64)"
    assert text([1j], torch.complex128) == "tensor([0.+1.j], dtype=torch.complex128)"
    torch.set_default_dtype(torch.float64)
    try:
        assert text([1.0], torch.float64) == "tensor([1.])"
        assert text([1j], torch.complex128) == "tensor([0.+1.j])"
        assert text([1.0], torch.float32) == "tensor([1.], dtype=torch.float32)"
        assert text([1j], torch.complex64) == "tensor([0.+1.j], dtype=torch.complex64)"
    finally:
        torch.set_default_dtype(torch.float32)


def test_empty_tensors_show_their_size():
    assert repr(torch.zeros(0)) == "tensor([])"
    assert repr(torch.zeros(0, 3)) == "tensor([], size=(0, 3))"
    assert repr(torch.zeros(2, 0, dtype=torch.int64)) == "tensor([], size=(2, 0), dtype=torch.int64)"


def test_history():
    leaf = torch.tensor([1.0], requires_grad=True)
    assert repr(leaf) == "tensor([1.], requires_grad=True)"
    assert repr(leaf * 2) == "tensor([2.], grad_fn=<MulBackward0>)"
    written = torch.zeros(2)
    written[:1] = leaf
    assert repr(written) == "tensor([1., 0.], grad_fn=<CopySlices>)"
    assert repr(leaf.detach()) == "tensor([1.])"


def test_history_of_a_python_function():
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return grad * 2

    assert repr(Double.apply(torch.ones(1, requires_grad=True))) == "tensor([2.], grad_fn=<DoubleBackward>)"


def test_history_that_a_write_has_made_unusable():
    first, _ = torch.ones(4, requires_grad=True).clone().split(2)
    with torch.no_grad():
        first.mul_(2)
    assert repr(first) == "tensor([2., 2.], grad_fn=<Invalid>)"


def test_suffixes_that_do_not_fit_go_to_the_next_line():
    row = torch.full((9,), 0.5, dtype=torch.float64, requires_grad=True)
    numbers = "[0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000]"
    assert repr(row) == lines(f"tensor({numbers},", "       dtype=torch.float64, requires_grad=True)")


def test_tangent():
    forward_ad = torch.autograd.forward_ad
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(torch.zeros(2), torch.ones(2))
        assert repr(dual) == "tensor([0., 0.], tangent=tensor([1., 1.]))"
        assert repr(forward_ad.make_dual(torch.tensor(0.0), torch.tensor(1.0))) == "tensor(0., tangent=1.0)"
    assert repr(dual) == "tensor([0., 0.])"


# --- names ---


class Mine(torch.Tensor):
    pass


def test_a_subclass_is_called_by_its_name():
    assert repr(torch.zeros(2, 1).as_subclass(Mine)) == lines("Mine([[0.],", "      [0.]])")


def test_parameters():
    parameter = torch.nn.Parameter(torch.zeros(2, 1))
    expected = lines("Parameter containing:", "tensor([[0.],", "        [0.]], requires_grad=True)")
    assert repr(parameter) == str(parameter) == expected

    class MyParameter(torch.nn.Parameter):
        pass

    assert repr(MyParameter(torch.zeros(1))) == lines(
        "Parameter containing:", "Parameter(MyParameter([0.], requires_grad=True))"
    )
    assert (
        repr(torch.nn.Parameter(torch.zeros(1).as_subclass(Mine)))
        == "Parameter(Mine([0.], requires_grad=True))"
    )


def test_contents_can_be_given():
    assert torch.zeros(3).__repr__(tensor_contents="...") == "tensor(...)"


# --- format ---


def test_a_number_is_formatted_as_a_number():
    assert f"{torch.tensor(2.5):.3f}|{torch.tensor(7):>3d}|{torch.tensor(True)}" == "2.500|  7|True"
    assert f"{torch.tensor(0.1)}" == "0.10000000149011612"
    assert f"{torch.tensor(1 + 2j):.1f}" == "1.0+2.0j"
    with pytest.raises(ValueError, match="Unknown format code 'd' for object of type 'float'"):
        format(torch.tensor(2.0), "d")


def test_other_tensors_are_formatted_as_objects():
    assert f"{torch.tensor([2.0])}" == "tensor([2.])"
    with pytest.raises(TypeError, match=r"^unsupported format string passed to Tensor.__format__$"):
        format(torch.tensor([2.0]), ".3f")
    with pytest.raises(TypeError, match=r"^unsupported format string passed to Mine.__format__$"):
        format(torch.tensor(2.0).as_subclass(Mine), ".3f")


# --- options ---


def test_profiles():
    default = {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80, "sci_mode": None}
    assert get_printoptions() == default
    set_printoptions(profile="short")
    assert get_printoptions() == default | {"precision": 2, "edgeitems": 2}
    set_printoptions(profile="full", precision=7)
    assert get_printoptions() == default | {"precision": 7, "threshold": math.inf}
    set_printoptions(profile="default")
    assert get_printoptions() == default


def test_an_option_stays_until_it_is_set_but_sci_mode_does_not():
    set_printoptions(precision=2, sci_mode=True)
    assert text([1.0]) == "tensor([1.00e+00])"
    set_printoptions(linewidth=70)
    assert text([1.0, 0.5]) == "tensor([1.00, 0.50])"
    set_printoptions(sci_mode=False)
    assert text([1e-9, 1e9]) == "tensor([         0.00, 1000000000.00])"


def test_printoptions_are_undone_also_after_an_error():
    set_printoptions(sci_mode=True)
    inside = printoptions(precision=1)
    inside.__enter__()
    assert get_printoptions()["precision"] == 1
    assert get_printoptions()["sci_mode"] is None
    error = KeyError()
    assert not inside.__exit__(KeyError, error, None)
    assert get_printoptions()["precision"] == 4
    assert get_printoptions()["sci_mode"] is True


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"profile": "tiny"}, ValueError, "profile must be 'default', 'short' or 'full', not 'tiny'"),
        ({"precision": 2.5}, TypeError, "precision must be an integer, not float"),
        ({"precision": -1}, ValueError, "precision must not be negative, but is -1"),
        ({"edgeitems": "3"}, TypeError, "edgeitems must be an integer, not str"),
        ({"threshold": "all"}, TypeError, "threshold must be a number, not str"),
        ({"threshold": math.nan}, ValueError, "threshold must not be negative, but is nan"),
        ({"linewidth": 1j}, TypeError, "linewidth must be a number, not complex"),
        ({"width": 80}, TypeError, "unexpected keyword argument 'width'"),
    ],
)
def test_bad_options_change_nothing(options, error, message):
    before = get_printoptions()
    with pytest.raises(error, match=message):
        set_printoptions(**({"precision": 3, "sci_mode": True} | options))
    assert get_printoptions() == before


def test_options_are_shared_by_threads_and_a_copy_is_handed_out():
    get_printoptions()["precision"] = 9
    seen = []
    with printoptions(precision=1):
        thread = threading.Thread(target=lambda: seen.append(text(0.5)))
        thread.start()
        thread.join()
    assert seen == ["tensor(0.5)"]
    assert text(0.5) == "tensor(0.5000)"


def test_printing_a_large_tensor_touches_only_what_it_shows():
    # One number in memory; as many elements would not fit.
    vast = torch.full((1, 1, 1), 7).expand(1 << 16, 1 << 16, 1 << 16)
    assert repr(vast).count("7") == 6**3
