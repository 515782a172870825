"""Random nested programs of torch.func's transforms, on torch and on leafgrad."""
