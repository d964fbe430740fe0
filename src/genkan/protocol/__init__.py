"""The rules: functions of values that decide what happens. Nothing here does I/O, reads a clock or draws a random
number.
"""
