"""The worker: takes runs from the queue, supervises the engine as a child process, and brings its events home."""
