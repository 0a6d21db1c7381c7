"""What commands share: options, the console, outputs, signals, and the one place that puts parts together."""
