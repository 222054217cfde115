"""How fast it is, side by side with something that does next to nothing. Never a test: a clock is no verdict."""
