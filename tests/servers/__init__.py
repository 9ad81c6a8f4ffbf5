"""Real neighbours of the gateway, started by the tests on loopback."""
