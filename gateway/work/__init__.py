"""The loops of the daemon, one purpose each."""
