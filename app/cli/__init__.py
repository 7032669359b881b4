"""The command line: one module a verb; ``main`` is the entrance. Importing this package loads no torch."""
