"""Settings: TOML files and environment, checked as a whole, become the frozen values of a desk."""
