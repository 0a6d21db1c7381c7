"""Conferences: they begin when somebody joins and end when the last one leaves; nobody creates or deletes
them.
"""
