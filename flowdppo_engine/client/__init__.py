"""`flowdppo`: the platform from a terminal, over its API. Knows addresses and JSON; imports neither Django nor torch.

It lives in this package because this is the one that gets installed, also where there is no platform.
"""
