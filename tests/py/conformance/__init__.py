"""What every agent of ours does, said over the wire. The tests do not know how the agent was started."""
