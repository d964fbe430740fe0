"""Effects that are not the store: the password lane and the key ring's file. Knows values of the rules, decides
nothing.
"""
