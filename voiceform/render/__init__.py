"""Plans, runs and findings as people and programs read them.

    text, markdown, html, json      plans (and, in text and JSON, runs)
    diagnostics, github, sarif      findings about the configuration
    progress, metrics               work under way, and what monitoring scrapes

Every renderer shows what `redact` leaves: secrets and phone numbers are taken out in that one place. Names
and messages come from YAML and from the API, so they are data: `escape` has one function for each target.
Renderers take a Plan or a report and return text; none of them writes, but for the metrics file.
"""
