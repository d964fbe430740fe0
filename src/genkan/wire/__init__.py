"""Owns the words that server and app say to each other: names, grammars, documents; knows no rule, store or network."""
