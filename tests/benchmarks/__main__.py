"""`make bench`: prints every benchmark of the project. Nothing here is asserted; figures depend on the machine."""

from tests.benchmarks import engine

if __name__ == "__main__":
    engine.main()
