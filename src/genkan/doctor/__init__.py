"""The doctor: looks at a site from outside as a phone does, and says what is wrong and what to change.

Owns the probes, their judgements and the runner; knows the vocabulary alone, and no server of ours from within.
"""
