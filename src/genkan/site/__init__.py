"""The door: HTTP in, typed requests to the rules, outcomes out as HTTP answers. Decides nothing that the rules
decide.
"""
