"""Engines compared: the same few ARM instructions run by interpreter, stencils and unicorn.

``case.py`` says what a case and a result are and what is compared; each engine is a file with
``run``; ``generate.py`` draws random cases from the rows. Only ``unicorn_engine.py`` imports
unicorn (GPL-2.0, the extra ``verify``).
"""
