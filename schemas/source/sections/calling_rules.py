"""The section `calling_rules`: in which hours of which days people may be called, for schedules to use."""

from __future__ import annotations

from schemas.source.blocks import Section, block, defined, either, listed
from schemas.source.sections import contact_limits
from schemas.source.values import DATE, NAME, Json, Node, annotated, choice, matching, text

_DAY = "(mon|tue|wed|thu|fri|sat|sun)"
_MINUTE = "([01][0-9]|2[0-3]):[0-5][0-9]"
_WEEKLY = {"mon-fri": ["08:00-12:00", "13:00-21:00"], "sat": ["10:00-17:00"]}


def section() -> Section:
    """Rules by name, in a list."""
    return Section(
        keys={
            "calling_rules": listed(
                "Calling rules",
                "Rules that schedules use by their names. Each one that is about a number has to allow a "
                "call to it. What laws demand is for you to say: no rule is legal advice.",
                defined("calling_rule"),
                least=None,
                null=True,
                default=[],
                examples=[[_example()]],
                merge="named",
            )
        },
        definitions={
            "calling_rule": _rule(),
            "rule_hours": _hours(),
            "closed_days": _closed_days(),
            "rule_limit": contact_limits.of_rule(),
        },
    )


def used() -> Node:
    """The key `rules` of a call."""
    return listed(
        "Rules",
        "Names of calling_rules. Every one that is about a number has to allow the call, and calling_hours "
        "besides.",
        matching(
            "Rule",
            "The name of a rule.",
            NAME,
            "must be the name of a rule: 1 to 64 letters, digits, - or _",
            examples=["office-hours"],
            public=True,
        ),
        unique=True,
        default=[],
        examples=[["office-hours"]],
        least=None,
    )


def _example() -> Json:
    return {"name": "office-hours", "hours": {"timezone": "recipient", "weekly": _WEEKLY}}


def _rule() -> Node:
    return block(
        "Calling rule",
        "About whom it is, and when they may be called.",
        {
            "name": defined("name"),
            "match": block(
                "Whom it is about",
                "Without it the rule is about everybody.",
                {
                    "to": listed(
                        "Places",
                        "Where numbers lie: a prefix, a country, an area code of North America, or a state "
                        "or province of the US or Canada. Whoever may lie there counts, and so does whoever "
                        "has no number.",
                        matching(
                            "Place",
                            "As +33, FR, 305 or US-FL, in quotes where it is a number.",
                            r"^(\+[1-9][0-9]{0,14}|[A-Z]{2}|[2-9][0-9]{2}|(US|CA)-[A-Z]{2})$",
                            'must be a prefix such as "+33", a country such as FR, an area code of North '
                            'America such as "305", or a state or province such as US-FL or CA-ON',
                            examples=["+33"],
                            public=True,
                        ),
                        unique=True,
                        examples=[["+33"]],
                    )
                },
                required=["to"],
                examples=[{"to": ["+33"]}],
            ),
            "hours": defined("rule_hours"),
            "limits": listed(
                "Limits",
                "How often one person is called at most whom the rule is about.",
                defined("rule_limit"),
                examples=[[{"max": 4, "per": "30d"}]],
            ),
            "as_of": matching(
                "Date of the rule",
                "The day on which somebody last saw that it is right.",
                f"^{DATE}$",
                "must be a date, such as 2026-06-01",
                examples=["2026-06-01"],
                public=True,
            ),
            "max_age": defined(
                "duration",
                "Greatest age",
                "How old the rule may be, counted from as_of. With an older one nobody is called whom it is "
                "about.",
                examples=["400d"],
            ),
        },
        required=["name"],
        examples=[_example()],
    )


def _hours() -> Node:
    return block(
        "Hours of a rule",
        "In which hours of which days people may be called. Checked again at the moment of dialling.",
        {
            "timezone": text(
                "Time zone",
                "An IANA zone, or recipient: that of the person, or every zone that the number may lie in.",
                default="recipient",
                examples=["recipient"],
                public=True,
            ),
            "weekly": _weekly(),
            "holidays": block(
                "Holidays",
                "Nobody is called on public holidays, nor on the days on which they are observed, as the "
                "library holidays knows them.",
                {
                    "country": matching(
                        "Country",
                        "An ISO 3166 code.",
                        "^[A-Z]{2}$",
                        "must be the two capital letters of a country, such as US",
                        examples=["US"],
                        public=True,
                    ),
                    "subdivision": text(
                        "Part of the country",
                        "A state, province or region, by its code in ISO 3166-2 without the country.",
                        longest=32,
                        examples=["FL"],
                        public=True,
                    ),
                },
                required=["country"],
                examples=[{"country": "US", "subdivision": "FL"}],
            ),
            "except": listed(
                "Closed days",
                "Further days on which nobody is called: dates, and columns of CSV files with dates. Like "
                "the people of a file they are taken over by plan and apply.",
                either(
                    "Closed day",
                    "A date, or a file.",
                    matching(
                        "Date",
                        "A day of the calendar, by the clocks of the time zone.",
                        f"^{DATE}$",
                        "must be a date, such as 2026-12-24",
                        examples=["2026-12-24"],
                        public=True,
                    ),
                    defined("closed_days"),
                    examples=["2026-12-24"],
                ),
                most=10_000,
                examples=[["2026-12-24", {"csv": "closed.csv"}]],
            ),
            "outside": choice(
                "Outside of the hours",
                "What becomes of a call that is due outside of them. `wait`: it is placed when they begin, "
                "unless misfire_grace ends before. `suppress`: it is not placed. `next-window`: it is placed "
                "when they begin, within 14 days, also after misfire_grace. Of several rules that are about "
                "a number and say this, the strictest counts; where none does, it is `wait`.",
                ["wait", "suppress", "next-window"],
            ),
        },
        required=["weekly"],
        examples=[{"timezone": "recipient", "weekly": _WEEKLY}],
    )


def _weekly() -> Node:
    window = matching(
        "Window",
        "From the first time until before the second; across midnight where that is earlier. 24:00 is the "
        "end of the day.",
        f"^{_MINUTE}-({_MINUTE}|24:00)$",
        'must be two times of day in quotes, such as "08:00-12:00"',
        examples=["08:00-12:00"],
        public=True,
    )
    day = listed(
        "Windows",
        "The windows that begin on these days; none: nobody is called then.",
        window,
        least=None,
        examples=[["08:00-12:00", "13:00-21:00"]],
    )
    return annotated(
        "Week",
        "Windows by day (mon) or days (mon-fri). Days that are not there have none.",
        {
            "type": "object",
            "minProperties": 1,
            "propertyNames": annotated(
                "Day or days",
                "As mon, or mon-fri.",
                {
                    "type": "string",
                    "pattern": f"^{_DAY}(-{_DAY})?$",
                    "patternErrorMessage": "must be a day such as mon, or days such as mon-fri",
                },
                examples=["mon-fri"],
                public=True,
            ),
            "additionalProperties": day,
        },
        examples=[_WEEKLY],
    )


def _closed_days() -> Node:
    return block(
        "File of closed days",
        "A file with a header line, relative to this file.",
        {
            "csv": text(
                "File", "The path of the file, relative to this one.", longest=1024, examples=["closed.csv"]
            ),
            "column": text(
                "Column",
                "The name of the column with the dates, such as 2026-12-24.",
                longest=256,
                default="date",
                examples=["date"],
            ),
        },
        required=["csv"],
        examples=[{"csv": "closed.csv"}],
    )
