"""Signing out from the console: a page that names what will end, and the form that ends it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import batched
