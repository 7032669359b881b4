"""Why: a signed value for every part of a change that a classifier read. Importing this package loads no torch.

``run.attribute`` is the entrance, ``registry`` knows the methods, ``types`` holds the answer, ``check`` verifies it.
"""
