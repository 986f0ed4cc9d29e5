"""Drawing on request: a process that stays, with the last models and LoRAs loaded."""
