"""Erasing one person: what the account, archives and the state know of them is found and destroyed.

The number is read once, when the plan is made. From there on a keyed hash stands for the person
(voiceform.kinds.pseudonyms): in the plan, in the journal, in the evidence, and in what the state keeps so
that nobody is called twice.
"""
