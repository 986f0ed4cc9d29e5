"""How fast the engine is: its loop against the network's bare passes, and each of its savings against doing without.

`make bench-engine` prints it. Whatever is compared is measured in one process in turn, and told as a ratio.
"""
