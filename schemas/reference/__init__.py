"""Pages of docs/ that are written from what the program knows: `make reference` writes them.

`configuration` is written from the schema, `commands` from the commands themselves, `codes` from the texts of
`voiceform explain`. A test holds that the files are what this writes.
"""
