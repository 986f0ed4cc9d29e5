"""What a run will cost, told from its configuration before anything is loaded. Torch-free."""
