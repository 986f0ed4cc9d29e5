from flowdppo_engine.cli import app

app(prog_name="python -m flowdppo_engine")
