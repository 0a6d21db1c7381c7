"""Copies of recordings, and the folders and buckets in which they and evidence lie."""
