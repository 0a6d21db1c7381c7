"""YAML files -> one positioned document -> schema-checked -> desired state."""
