"""`no_grad`, `enable_grad`, `set_grad_enabled`, `detach`, `.data`.

Every test runs on torch too, which proves it right.
"""

import pytest

from tests.both import each_module


def ones(torch, *shape):
    return torch.ones(shape or (3,), requires_grad=True)


@each_module
def test_as_context(torch):
    x = ones(torch)
    with torch.no_grad():
        assert not torch.is_grad_enabled() and not (x * 2).requires_grad
        with torch.enable_grad():
            assert torch.is_grad_enabled() and (x * 2).requires_grad
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()


@each_module
def test_the_mode_comes_back_after_an_error(torch):
    with pytest.raises(KeyError), torch.no_grad():
        raise KeyError
    assert torch.is_grad_enabled()


@each_module
def test_one_context_used_again_and_inside_itself(torch):
    mode = torch.no_grad()
    with mode:
        assert not torch.is_grad_enabled()
    with mode:
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()


@each_module
@pytest.mark.parametrize("style", ["no_grad()", "no_grad", "set_grad_enabled(False)"])
def test_as_decorator(torch, style):
    @eval(f"torch.{style}", {"torch": torch})
    def double(x, n=2):
        """Docs."""
        assert not torch.is_grad_enabled()
        return x * n

    assert torch.is_grad_enabled()
    assert not double(ones(torch)).requires_grad
    assert double(ones(torch), n=3).tolist() == [3.0] * 3
    assert torch.is_grad_enabled()
    assert (double.__name__, double.__doc__) == ("double", "Docs.")


@each_module
def test_enable_grad_as_decorator(torch):
    @torch.enable_grad()
    def double(x):
        return x * 2

    with torch.no_grad():
        assert double(ones(torch)).requires_grad
        assert not torch.is_grad_enabled()


@each_module
def test_a_decorated_method_and_recursion(torch):
    class Model:
        @torch.no_grad()
        def count(self, n):
            assert not torch.is_grad_enabled()
            return 0 if n == 0 else 1 + self.count(n - 1)

    assert Model().count(3) == 3
    assert torch.is_grad_enabled()


@each_module
def test_a_decorated_generator(torch):
    """The mode holds while the generator runs, and not between its steps."""
    modes = []

    @torch.no_grad()
    def steps():
        try:
            for n in range(3):
                modes.append(torch.is_grad_enabled())
                got = yield n
                modes.append((got, torch.is_grad_enabled()))
        except ValueError:
            modes.append(("caught", torch.is_grad_enabled()))
            yield "after"
        finally:
            modes.append(("end", torch.is_grad_enabled()))

    run = steps()
    assert next(run) == 0 and torch.is_grad_enabled()
    assert run.send("sent") == 1 and torch.is_grad_enabled()
    assert run.throw(ValueError) == "after" and torch.is_grad_enabled()
    run.close()
    assert torch.is_grad_enabled()
    assert modes == [False, ("sent", False), False, ("caught", False), ("end", False)]


@each_module
def test_a_decorated_generator_returns_its_value(torch):
    @torch.no_grad()
    def steps():
        yield 1
        return "value"

    def outer():
        got = yield from steps()
        assert got == "value"
        yield 2

    assert list(outer()) == [1, 2]


@each_module
def test_set_grad_enabled_as_function_and_context(torch):
    torch.set_grad_enabled(False)
    assert not torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    assert torch.is_grad_enabled()
    with torch.set_grad_enabled(False):
        assert not torch.is_grad_enabled()
        with torch.set_grad_enabled(True):
            assert torch.is_grad_enabled()
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()
    with torch.set_grad_enabled(mode=False):
        pass
    assert torch.is_grad_enabled()


@each_module
def test_set_grad_enabled_made_early(torch):
    """It works at once as a function does; entering it later sets the mode again."""
    mode = torch.set_grad_enabled(False)
    assert not torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    with mode:
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()


@each_module
def test_names_in_autograd(torch):
    with torch.autograd.no_grad(), torch.autograd.enable_grad(), torch.autograd.set_grad_enabled(False):
        assert not torch.is_grad_enabled()
    assert torch.autograd.no_grad is torch.no_grad


@each_module
def test_leaves_made_under_no_grad(torch):
    with torch.no_grad():
        x = ones(torch)
        y = (x * 2).requires_grad_()
    assert x.requires_grad and y.requires_grad and y.is_leaf
    (x * y).sum().backward()
    assert x.grad.tolist() == [2.0] * 3 and y.grad.tolist() == [1.0] * 3


@each_module
def test_what_no_grad_makes_of_ops(torch):
    x = ones(torch, 2, 3)
    with torch.no_grad():
        for y in (
            x * 2,
            x.sum(),
            x @ x.t(),
            x.clone(),
            torch.cat([x, x]),
            x.exp(),
            x.to(torch.float64),
            x[[0]],
        ):
            assert not y.requires_grad and y.grad_fn is None and y.is_leaf


@each_module
def test_views_made_under_no_grad(torch):
    x = ones(torch, 4)
    with torch.no_grad():
        view = x[1:]
        assert view._is_view() and view._base is x and view.is_leaf and view.grad_fn is None
        assert view.requires_grad  # a view requires grad when its base does, however it was made
        view.zero_()
    assert x.tolist() == [1.0, 0.0, 0.0, 0.0] and x._version == 1 == view._version
    y = x * 1
    with torch.no_grad():
        view = y[1:]
    with pytest.raises(
        RuntimeError, match="A view was created in no_grad mode and is being modified inplace"
    ):
        view.mul_(2)


@each_module
def test_writes_under_no_grad(torch):
    x = ones(torch)
    y = x * 3
    z = y.exp()
    name, identity = y.grad_fn, id(x)
    with torch.no_grad():
        x.add_(1)
        x[:] = 10.0
        x -= 1
        y.mul_(2)
    assert id(x) == identity and x.is_leaf and x.requires_grad and x.tolist() == [9.0] * 3
    assert y.grad_fn is name and y.requires_grad and y._version == 1
    z.sum().backward()
    assert x.grad is not None


@each_module
def test_saved_values_written_under_no_grad_are_still_guarded(torch):
    x = ones(torch)
    y = x.exp()
    with torch.no_grad():
        y.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


@each_module
def test_detach(torch):
    x = ones(torch)
    y = x * 2
    d = y.detach()
    assert not d.requires_grad and d.is_leaf and d.grad_fn is None and d.data_ptr() == y.data_ptr()
    assert not d._is_view()
    d.add_(1)
    assert y._version == 1 == d._version
    data = y.data
    data.add_(1)
    assert y._version == 1 and data._version == 1
    assert y.tolist() == [4.0] * 3


@each_module
def test_detach_in_place(torch):
    x = ones(torch)
    y = x * 2
    assert y.detach_() is y and y.is_leaf and not y.requires_grad and y.grad_fn is None
    with pytest.raises(RuntimeError, match="Can't detach views in-place"):
        (x * 2)[0].detach_()


@each_module
def test_requires_grad_in_place(torch):
    x = torch.ones(3)
    assert x.requires_grad_() is x and x.requires_grad
    x.requires_grad_(False)
    assert not x.requires_grad
    x.requires_grad = True
    y = x * 2
    with pytest.raises(RuntimeError, match="you can only change requires_grad flags of leaf variables"):
        y.requires_grad = False
    y.requires_grad_()
    with pytest.raises(RuntimeError, match="only Tensors of floating point"):
        torch.ones(3, dtype=torch.int64).requires_grad_()


@each_module
def test_setting_data(torch):
    x = ones(torch)
    identity, pointer = id(x), torch.zeros(3)
    x.data = pointer
    assert id(x) == identity and x.requires_grad and x.is_leaf and x.tolist() == [0.0] * 3
    assert x.data_ptr() == pointer.data_ptr()
    x.data = torch.ones(2)
    (x * x).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    y = ones(torch) * 2
    y.data = torch.zeros(3)
    assert y.grad_fn is not None and y.tolist() == [0.0] * 3
