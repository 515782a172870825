"""Custom Functions of many kinds, for tests/test_functions_in_transforms.py: what they save, how they are mapped, what they return."""

import numpy as np


def kinds(T):
    """The Functions of these tests."""
    F = T.autograd.Function

    class Base(F):
        @staticmethod
        def setup_context(ctx, inputs, output):
            pass

    class Cube(Base):
        """Saves an input and a value that is not differentiated by hand."""

        @staticmethod
        def forward(x):
            return x**3, 3 * x**2

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(inputs[0], output[1])
            ctx.save_for_forward(inputs[0], output[1])

        @staticmethod
        def backward(ctx, g, g_dx):
            x, dx = ctx.saved_tensors
            return g * dx + g_dx * 6 * x

        @staticmethod
        def jvp(ctx, t):
            x, dx = ctx.saved_tensors
            return t * dx, t * 6 * x

    class GenCube(Cube):
        generate_vmap_rule = True

    class RuleCube(Cube):
        @staticmethod
        def vmap(info, in_dims, x):
            assert info.batch_size == x.shape[in_dims[0]]
            return RuleCube.apply(x), (in_dims[0], in_dims[0])

    class Exp(Base):
        """Saves its output."""

        @staticmethod
        def forward(x):
            return x.exp()

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(output)
            ctx.save_for_forward(output)

        @staticmethod
        def backward(ctx, g):
            (y,) = ctx.saved_tensors
            return g * y

        @staticmethod
        def jvp(ctx, t):
            (y,) = ctx.saved_tensors
            return t * y

    class GenExp(Exp):
        generate_vmap_rule = True

    class RuleExp(Exp):
        @staticmethod
        def vmap(info, in_dims, x):
            return RuleExp.apply(x), in_dims[0]

    class Mul(Base):
        """Two inputs, either of which may be without samples; a number beside them."""

        @staticmethod
        def forward(x, y, k=2.0):
            return x * y * k

        @staticmethod
        def setup_context(ctx, inputs, output):
            x, y, ctx.k = inputs
            ctx.save_for_backward(x, y)
            ctx.save_for_forward(x, y)

        @staticmethod
        def backward(ctx, g):
            x, y = ctx.saved_tensors
            gx = g * y * ctx.k if ctx.needs_input_grad[0] else None
            gy = g * x * ctx.k if ctx.needs_input_grad[1] else None
            return gx, gy, None

        @staticmethod
        def jvp(ctx, s, t, _):
            x, y = ctx.saved_tensors
            return (s * y + x * t) * ctx.k

    class GenMul(Mul):
        generate_vmap_rule = True

    class RuleMul(Mul):
        @staticmethod
        def vmap(info, in_dims, x, y, k):
            def full(v, d):
                return v.movedim(d, 0) if d is not None else v.expand(info.batch_size, *v.shape)

            x, y = full(x, in_dims[0]), full(y, in_dims[1])
            n = max(x.dim(), y.dim())
            x, y = (v.reshape(v.shape[0], *(1,) * (n - v.dim()), *v.shape[1:]) for v in (x, y))
            return RuleMul.apply(x, y, k), 0

    class NumpySin(Base):
        """Computes outside of the library: only its methods know the derivative."""

        @staticmethod
        def forward(x):
            return T.tensor(np.sin(x.detach().numpy()))

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(inputs[0])
            ctx.save_for_forward(inputs[0])

        @staticmethod
        def backward(ctx, g):
            return g * NumpyCos.apply(ctx.saved_tensors[0])

        @staticmethod
        def jvp(ctx, t):
            return t * NumpyCos.apply(ctx.saved_tensors[0])

        @staticmethod
        def vmap(info, in_dims, x):
            return NumpySin.apply(x), in_dims[0]

    class NumpyCos(Base):
        @staticmethod
        def forward(x):
            return T.tensor(np.cos(x.detach().numpy()))

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(inputs[0])
            ctx.save_for_forward(inputs[0])

        @staticmethod
        def backward(ctx, g):
            return -g * NumpySin.apply(ctx.saved_tensors[0])

        @staticmethod
        def jvp(ctx, t):
            return -t * NumpySin.apply(ctx.saved_tensors[0])

        @staticmethod
        def vmap(info, in_dims, x):
            return NumpyCos.apply(x), in_dims[0]

    class Opaque(Base):
        """Its vmap computes outside of the library: per-sample gradients come from `backward` alone."""

        @staticmethod
        def forward(x):
            return T.tensor(np.sinh(x.detach().numpy()))

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(inputs[0])

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0].cosh()

        @staticmethod
        def vmap(info, in_dims, x):
            return T.tensor(np.sinh(x.detach().numpy())), in_dims[0]

    class GenSum(Base):
        """Keeps a shape, which must be that of a sample."""

        generate_vmap_rule = True

        @staticmethod
        def forward(x):
            return x.sum()

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.shape = inputs[0].shape

        @staticmethod
        def backward(ctx, g):
            return g.expand(ctx.shape)

        @staticmethod
        def jvp(ctx, t):
            return t.sum()

    class GenAdd(Base):
        """Returns gradients of the broadcast shape, which are summed to that of the input."""

        generate_vmap_rule = True

        @staticmethod
        def forward(x, y):
            return x + y

        @staticmethod
        def backward(ctx, g):
            return g, g

    class GenIndex(Base):
        """An output that is not differentiable, and one without samples if x has none."""

        generate_vmap_rule = True

        @staticmethod
        def forward(x, w):
            v, i = x.sort()
            return v, i, w * 2

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.mark_non_differentiable(output[1])
            ctx.save_for_backward(output[1])
            ctx.set_materialize_grads(False)

        @staticmethod
        def backward(ctx, g, _, gw):
            (i,) = ctx.saved_tensors
            gx = None if g is None else T.zeros_like(g).scatter(-1, i, g)
            return gx, None if gw is None else gw * 2

    class RuleDirty(Base):
        """Writes to its input."""

        @staticmethod
        def forward(x):
            x_ = x.mul_(2)
            return x_ if x_ is x else x

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.mark_dirty(inputs[0])

        @staticmethod
        def backward(ctx, g):
            return g * 2

        @staticmethod
        def jvp(ctx, t):
            return t.mul_(2)

        @staticmethod
        def vmap(info, in_dims, x):
            x = RuleDirty.apply(x)
            return x, in_dims[0]

    class OutLast(Base):
        """Puts the samples last."""

        @staticmethod
        def forward(x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

        @staticmethod
        def vmap(info, in_dims, x):
            return (x * 2).movedim(in_dims[0], -1), -1

    class Same(OutLast):
        """An output that all samples share."""

        @staticmethod
        def vmap(info, in_dims, x):
            return T.ones(2), None

    class Nothing(Base):
        @staticmethod
        def forward(x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    class Both(Nothing):
        generate_vmap_rule = True

        @staticmethod
        def vmap(info, in_dims, x):
            return x * 2, 0

    class NoSetup(F):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

        @staticmethod
        def vmap(info, in_dims, x):
            return NoSetup.apply(x), in_dims[0]  # below the last transform all is as usual

    class NotTwo(Nothing):
        @staticmethod
        def vmap(info, in_dims, x):
            return x * 2

    class Three(Nothing):
        @staticmethod
        def vmap(info, in_dims, x):
            return x * 2, 0, 0

    class Unlike(Nothing):
        @staticmethod
        def vmap(info, in_dims, x):
            return x * 2, (0, 0)

    class Below(Base):
        """Below its vmap a Function needs no setup_context."""

        @staticmethod
        def forward(x):
            return x * 2

        @staticmethod
        def vmap(info, in_dims, x):
            return NoSetup.apply(x), in_dims[0]

    class Told(Base):
        """What vmap is told."""

        seen = []

        @staticmethod
        def forward(x, k, y):
            return x * 2

        @staticmethod
        def vmap(info, in_dims, x, k, y):
            Told.seen.append((info.batch_size, info.randomness, in_dims, tuple(x.shape), k, tuple(y.shape)))
            return x * 2, in_dims[0]

    Told.seen = []

    class GenTwice(Base):
        """May not be differentiated twice."""

        generate_vmap_rule = True

        @staticmethod
        def forward(x):
            return x * x

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

        @staticmethod
        @T.autograd.function.once_differentiable
        def backward(ctx, g):
            return g * 2 * ctx.saved_tensors[0]

    class GenNoise(Base):
        generate_vmap_rule = True

        @staticmethod
        def forward(x):
            return x + T.randn(3, dtype=x.dtype)

    return type("Kinds", (), {k: v for k, v in locals().items() if isinstance(v, type) and issubclass(v, F)})
