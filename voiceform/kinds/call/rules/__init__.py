"""Calling rules: in which hours and on which days whom a schedule may phone, wherever the person may be."""
