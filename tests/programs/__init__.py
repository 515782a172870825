"""Programs as torch's users write them: each is run on torch and on leafgrad, and must say the same (tests/test_programs.py).

A program is a function of the module and of `say`, which notes what is printed; `say.attempt(f, ...)` notes how a call ends.
"""
