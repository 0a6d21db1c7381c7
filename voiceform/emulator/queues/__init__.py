"""Queues: the only objects of the Voice API that are created, changed and deleted like configuration."""
