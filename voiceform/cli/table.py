"""Every command with its place in the help: what is known of it before its module is imported."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: its name, the line about it, and what of the global options it obeys.

    `summary` has 64 characters at most, to be one line of 80 columns. `module` of
    voiceform.cli.commands has a click command called `command`. `globals` are the keys of its global options,
    all when None.
    """

    name: str
    summary: str
    module: str
    globals: tuple[str, ...] | None = None


def _entry(name: str, summary: str, module: str | None = None, *only: str) -> Entry:
    return Entry(name, summary, module or name, only or None)


SECTIONS: dict[str, tuple[Entry, ...]] = {
    "Begin": (
        _entry("demo", "Watch voiceform at work, on this machine alone.", None, "color", "verbose"),
        _entry("init", "Scaffold a stack: voiceform.yaml, CI jobs, .gitignore.", None, "directory", "color"),
        _entry("import", "Record a live object as a declared address.", "import_"),
        _entry("export", "Write the account as configuration."),
    ),
    "Review and apply": (
        _entry("validate", "Check the configuration, offline and without credentials."),
        _entry(
            "test", "Run the stack's own tests, on this machine alone.", None, "directory", "color", "verbose"
        ),
        _entry("plan", "Show what apply would do; nothing is written to the account."),
        _entry("show", "Show a saved plan."),
        _entry("apply", "Run a saved plan exactly, or plan and run after asking."),
        _entry("drift", "Look for what was changed in the account behind our back."),
        _entry("undo", "List the runs, or plan the inverse of one."),
        _entry("destroy", "Delete everything that is recorded, after asking."),
    ),
    "What is going on": (
        _entry("status", "Show on one screen how the stack stands."),
        _entry("queues", "Show who waits now."),
        _entry("rooms", "Show the live rooms, and who is in them."),
        _entry("runs", "List the runs, or show what one did."),
    ),
    "Calls and recordings": (
        _entry("schedule", "Show when who is called by the declared schedules."),
        _entry("dispatch", "Place the calls of applied schedules that are due."),
        _entry("calls", "Look at the ledger of calls, and settle what is unknown."),
        _entry("hold", "Keep recordings and call records, whatever the rules say."),
        _entry("recordings", "Show which rule or hold decides about each recording."),
        _entry("prune", "Delete the recordings and call records whose time is over."),
        _entry("erase", "Destroy what is known of one person."),
    ),
    "Many accounts": (
        _entry(
            "fleet",
            "Plan, apply and prune many stacks that one file names.",
            None,
            *("directory", "env_files", "base_url", "allowed_paths", "insecure_http", "timeout"),
            *("color", "verbose"),
        ),
    ),
    "Recorded state": (
        _entry("state", "Look at and mend recorded state."),
        _entry("lock", "Show or break the lock on recorded state."),
    ),
    "Tools": (
        _entry("twiml", "Print the TwiML that a conference or call renders to."),
        _entry("explain", "Say what a code means that was printed.", None, "color", "verbose"),
        _entry("schema", "Print the JSON Schemas of what is read and written.", None, "color", "verbose"),
        _entry("emulator", "Serve the Twilio Voice API on this machine.", None, "directory", "color"),
        _entry("completion", "Print the completion script of a shell.", None, "color", "verbose"),
        _entry("help", "Show this help, or that of a command.", None, "color", "verbose"),
    ),
}
"""The sections of the help, each with its commands in the order in which one meets them."""

COMMANDS: dict[str, Entry] = {entry.name: entry for entries in SECTIONS.values() for entry in entries}

VARIABLES: dict[str, str] = {
    "TWILIO_ACCOUNT_SID": "The account, with TWILIO_AUTH_TOKEN or TWILIO_API_KEY and TWILIO_API_SECRET.",
    "TWILIO_REGION": "Where the account's API is, with TWILIO_EDGE; us1 by default.",
    "VOICEFORM_STATE": "As --state.",
    "VOICEFORM_BASE_URL": "As --base-url.",
    "VOICEFORM_ALLOW_PATH": "As --allow-path; several with the separator of PATH.",
    "NO_COLOR": "Set, no colours; FORCE_COLOR: colours everywhere; --color goes before both.",
}
"""The environment variables of every command that works with a stack."""
