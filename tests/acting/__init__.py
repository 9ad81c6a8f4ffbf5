"""Plays acceptance cases on the real pipeline: a stage, what is given, what must follow."""
