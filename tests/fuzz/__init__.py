"""Random programs of views, writes, detach and no_grad, run on torch and on leafgrad side by side."""
