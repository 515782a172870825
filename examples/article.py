"""The classic walk through autograd: leaves, the graph, gradients, and in-place writes.

python -m leafgrad examples/article.py     with leafgrad in torch's place
python examples/article.py                 with torch itself: the same output, apart from addresses
"""

import torch
from torch import tensor

# A tensor that requires grad is a leaf; what is computed from it remembers how.
a = tensor(2.0, requires_grad=True)
b = a.exp()
print(b)

# A small program with three leaves. Running it records the graph.
input = torch.ones([2, 2], requires_grad=False)
w1 = tensor(2.0, requires_grad=True)
w2 = tensor(3.0, requires_grad=True)
w3 = tensor(4.0, requires_grad=True)

l1 = input * w1
l2 = l1 + w2
l3 = l1 * w3
l4 = l2 * l3
loss = l4.mean()

# A tensor is its data, its gradient and the node that made it. (Asking a non-leaf for .grad warns.)
print(w1.data, w1.grad, w1.grad_fn)
print(l1.data, l1.grad, l1.grad_fn)
print(loss.data, loss.grad, loss.grad_fn)
print(w1.is_leaf, l1.is_leaf, loss.is_leaf)

# Backward: only leaves keep their gradients.
loss.backward()
print(w1.grad, w2.grad, w3.grad)
print(l1.grad, l2.grad, l3.grad, l4.grad, loss.grad)

# Backward needs b as it was when it was squared, and sees that it was written to.
a = tensor([1.0, 2.0], requires_grad=True)
b = a + 2
loss = (b * b).mean()
print(b._version)
b[0] = 1000.0
print(b._version)
try:
    loss.backward()
except RuntimeError as error:
    print("RuntimeError:", str(error).partition(" Hint:")[0])

# A leaf that requires grad cannot be written to in the open.
a = tensor([5.0, 5.0, 5.0, 5.0], requires_grad=True)
try:
    a += 1
except RuntimeError as error:
    print("RuntimeError:", str(error).partition("\n")[0])
try:
    a[:] = 0
except RuntimeError as error:
    print("RuntimeError:", str(error).partition("\n")[0])
print(a)

# Two ways to do it right: the tensor stays the same object, and a leaf.
before = id(a)
a.data.fill_(10.0)
print(id(a) == before, a.is_leaf)
with torch.no_grad():
    a[:] = 10.0
print(id(a) == before, a.is_leaf)
(a * a).mean().backward()
print(a.grad)
