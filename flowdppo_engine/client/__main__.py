from flowdppo_engine.client.commands import main

main()
