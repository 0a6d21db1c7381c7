"""The source of schemas/config.schema.json: `make schemas` writes that file from it.

`values` and `blocks` have one function for each idea that a configuration is made of: a flag, a duration, a
block, a list. `sections` has a module for each section of a configuration, and `document` puts them together.
Nothing of this is installed with voiceform, which reads the file alone; and it imports nothing of voiceform.
"""
