"""The service that places due calls: what apply recorded, the ledger and a clock; never the configuration."""
