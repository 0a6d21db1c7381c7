"""What fleet.yaml says, and everything that is wrong in it, at once and with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.source import fleet as source
from tests.fleet.fleets import sid
from voiceform.fleet.member import Member
from voiceform.fleet.reading import FleetFile, read_fleet
from voiceform.model.errors import ConfigurationError
from voiceform.model.schema_files import schema_text

HEAD = "version: 1\ncredentials: {token: {env: TOKEN}}\nstate: sqlite:///states/{stack}.db\nstacks:\n"
STACK = "version: 1\nqueues: {support: {}}\n"


def read(folder: Path, text: str, **environ: str) -> FleetFile:
    path = folder / "fleet.yaml"
    path.write_text(text, encoding="utf-8")
    return read_fleet(path, environ)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read(folder, text)
    found = []
    for item in caught.value.diagnostics:
        assert item.position is None or item.position.line > 0
        place = f"{Path(item.position.file).name}:{item.position.line}: " if item.position else ""
        found.append(f"{place}{item.message}")
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("acme", "beta"):
        (tmp_path / "stacks" / name).mkdir(parents=True)
        (tmp_path / "stacks" / name / "voiceform.yaml").write_text(STACK, encoding="utf-8")
    (tmp_path / "template").mkdir()
    (tmp_path / "template" / "voiceform.yaml").write_text(STACK, encoding="utf-8")
    return tmp_path


def names(found: FleetFile) -> list[str]:
    return [member.name for member in found.members]


def test_the_schema_is_what_its_source_says() -> None:
    assert schema_text("fleet") == source.schema_text(), "run `make schemas`"


def test_a_stack_by_path_with_what_is_said_of_it_and_the_defaults_of_all(folder: Path) -> None:
    found = read(
        folder,
        f"""version: 1
state: postgresql://db/voice?schema={{stack}}
credentials: {{token: {{env: "TOKEN_{{STACK}}"}}}}
labels: {{team: voice, ring: main}}
variables: {{SIZE: 5, ZONE: UTC}}
stacks:
  - {{path: stacks/acme, account: {sid(1)}, labels: {{ring: canary, tier: 1}}, variables: {{SIZE: 7}}}}
  - name: other-name
    path: stacks/beta/voiceform.yaml
    account: {sid(2)}
    region: ie1
    state: s3://bucket/{{account}}
    credentials: {{key: {{file: "keys/{{stack}}"}}, secret: {{command: [vault, "{{account}}"]}}}}
""",
    )
    one, other = found.members
    assert (one.name, one.folder, one.files) == ("acme", folder / "stacks/acme", ())
    assert one.state == "postgresql://db/voice?schema=acme"
    assert one.credentials["token"].words == ("TOKEN_ACME",)
    assert one.labels == {"team": "voice", "ring": "canary", "tier": "1"}
    assert one.variables == {"SIZE": "7", "ZONE": "UTC"}
    assert (other.name, other.files, other.region) == ("other-name", (Path("voiceform.yaml"),), "ie1")
    assert other.state == f"s3://bucket/{sid(2)}"
    assert other.credentials["key"].words == ("keys/other-name",)
    assert other.credentials["secret"].words == ("vault", sid(2))


def test_a_pattern_means_each_folder_with_a_configuration_and_tells_of_one_without(folder: Path) -> None:
    for number, name in enumerate(("acme", "beta"), 1):
        text = f"version: 1\naccount: {sid(number)}\n"
        (folder / "stacks" / name / "voiceform.yaml").write_text(text, encoding="utf-8")
    (folder / "stacks" / "shared").mkdir()
    (folder / "stacks" / "README.md").write_text("x", encoding="utf-8")
    found = read(folder, HEAD + "  - path: stacks/*\n")
    assert [(member.name, member.account) for member in found.members] == [("acme", sid(1)), ("beta", sid(2))]
    (warning,) = found.warnings
    assert "shared has no voiceform.yaml" in warning.message


def stack(folder: Path, name: str, number: int, text: str = "") -> None:
    """A stack that says its account itself."""
    path = folder / name / "voiceform.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"version: 1\naccount: {sid(number)}\n{text}", encoding="utf-8")


@pytest.mark.parametrize(
    "pattern", ["**", "./**", "stacks/**", "stacks/**/voiceform.yaml", "**/*.yaml", "*/*"]
)
def test_a_pattern_means_each_stack_once_however_it_is_found(folder: Path, pattern: str) -> None:
    for number, name in enumerate(("acme", "beta"), 1):
        stack(folder / "stacks", name, number)
    (folder / "template" / "voiceform.yaml").unlink()
    (folder / "stacks/acme/alias").symlink_to("../beta")
    for name in ("one", "two"):  # in circles
        (folder / "stacks" / name).symlink_to(".")
    stack(folder / "stacks", ".old", 3)
    found = read(folder, HEAD + f"  - path: '{pattern}'\n")
    assert sorted(names(found)) == ["acme", "beta"]


def test_what_has_an_entry_of_its_own_no_pattern_means(folder: Path) -> None:
    for number, name in enumerate(("acme", "beta"), 1):
        stack(folder / "stacks", name, number)
    own = "  - {path: stacks/beta/, labels: {ring: canary}}\n"
    for entries in (f"  - path: stacks/*\n{own}", f"{own}  - path: stacks/*\n"):
        found = {member.name: member.labels for member in read(folder, HEAD + entries).members}
        assert found == {"acme": {}, "beta": {"ring": "canary"}}
    twice = problems(folder, HEAD + "  - path: stacks/*\n  - path: stacks/b*\n")
    assert len(twice) == 1
    assert "two stacks have the name beta" in twice[0]


def test_a_fleet_without_stacks_is_an_error_and_a_table_without_rows_a_warning(folder: Path) -> None:
    (folder / "none.csv").write_text("name,account\n\n", encoding="utf-8")
    none = "  - {template: template, csv: none.csv}\n"
    assert any("the fleet has no stack" in each for each in problems(folder, HEAD + none))
    found = read(folder, HEAD + none + ACME + "}\n")
    assert names(found) == ["acme"]
    assert "none.csv has no row" in found.warnings[0].message


def test_files_of_one_folder_are_called_after_themselves(folder: Path) -> None:
    for number, name in enumerate(("eu", "us"), 1):
        (folder / f"{name}.yaml").write_text(f"version: 1\naccount: {sid(number)}\n", encoding="utf-8")
    assert names(read(folder, HEAD + "  - path: '[eu]?.yaml'\n")) == ["eu", "us"]


def test_the_account_of_a_stack_may_come_from_its_own_variables_and_never_from_all(folder: Path) -> None:
    path = folder / "stacks/acme/voiceform.yaml"
    path.write_text("version: 1\naccount: ${WHICH}\n", encoding="utf-8")
    text = HEAD + "  - {path: stacks/acme, variables: {WHICH: " + sid(3) + "}}\n"
    assert read(folder, text).members[0].account == sid(3)
    path.write_text("version: 1\naccount: ${TWILIO_ACCOUNT_SID}\n", encoding="utf-8")
    (member,) = read(folder, HEAD + "  - path: stacks/acme\n", TWILIO_ACCOUNT_SID=sid(9)).members
    assert member.account == ""
    assert member.problems[0].message == "TWILIO_ACCOUNT_SID is the account of no stack of a fleet"


def test_a_row_for_each_stack(folder: Path) -> None:
    (folder / "a.csv").write_text(
        f"name;account;label.ring;SIZE;region\none;{sid(1)};canary;50;\ntwo;{sid(2)};;60;ie1\n",
        encoding="utf-8",
    )
    text = HEAD.replace("stacks:\n", "stacks: {csv: a.csv, template: template, labels: {ring: main}}\n")
    one, two = read(folder, text).members
    assert (one.name, one.account, one.labels, one.variables) == (
        "one",
        sid(1),
        {"ring": "canary"},
        {"SIZE": "50"},
    )
    assert (two.labels, two.variables, two.region) == ({"ring": "main"}, {"SIZE": "60"}, "ie1")
    assert two.position.line == 3
    assert one.state == f"sqlite:///{folder.resolve()}/states/one.db"
    place = "s3://bucket/{stack}"
    (folder / "a.csv").write_text(f"name,account,evidence\none,{sid(1)},{place}\n", encoding="utf-8")
    assert read(folder, text).members[0].evidence == "s3://bucket/one"


def test_a_table_may_name_the_template_of_each(folder: Path) -> None:
    (folder / "a.csv").write_text(f"name,account,template\none,{sid(1)},stacks/acme\n", encoding="utf-8")
    (member,) = read(folder, HEAD.replace("stacks:\n", "stacks: {csv: a.csv}\n")).members
    assert member.folder == folder / "stacks/acme"


def test_the_digest_is_of_the_file_and_its_tables(folder: Path) -> None:
    text = HEAD + "  - {template: template, csv: a.csv}\n"
    digests = set()
    for size in (1, 2):
        (folder / "a.csv").write_text(f"name,account,SIZE\none,{sid(1)},{size}\n", encoding="utf-8")
        digests.add(read(folder, text).digest)
    digests.add(read(folder, text + "# more\n").digest)
    assert len(digests) == 3


ACME = f"  - {{path: stacks/acme, account: {sid(1)}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "fleet.yaml:1: the file declares nothing"),
        ("version: 1\n", "stacks is missing"),
        ("version: 2\nstacks: []\n", "version must be 1"),
        (HEAD + "  []\n", "stacks must"),
        (HEAD + ACME + ", pth: x}\n", "unknown key"),
        (HEAD + ACME + ", variables: {RELEASE: 1.10}}\n", "RELEASE must be text or a whole number"),
        (HEAD + ACME + ", labels: {release: 1.10}}\n", "release must be text or a whole number"),
        (HEAD + "  - {account: " + sid(1) + "}\n", "a stack has a path, or a template"),
        (HEAD + ACME + ", template: template}\n", "a stack has a path or a template"),
        (HEAD + "  - {template: template, account: " + sid(1) + "}\n", "a stack of a template needs a name"),
        (HEAD + "  - {path: /etc/passwd, name: x, account: " + sid(1) + "}\n", "lies outside the folder"),
        (HEAD + "  - path: '../*'\n", "lies outside the folder"),
        (HEAD + "  - {template: template, csv: /etc/passwd}\n", "lies outside the folder"),
        (HEAD + "  - path: nope/*\n", "no folder with a voiceform.yaml matches 'nope/*'"),
        (
            HEAD + "  - {path: stacks/*, account: " + sid(1) + "}\n",
            "means 2 stacks, and account is that of one",
        ),
        (HEAD + ACME + ", evidence: off}\n", "evidence is switched off in the configuration of a stack"),
        (HEAD + ACME + ", evidence: 'ftp://old/{stack}'}\n", "evidence is not at s3://, gs:// or az://"),
        (HEAD + ACME + ", evidence: 's3://key:secret@bucket/{stack}'}\n", "is a bucket and a prefix"),
        (HEAD + ACME + ", evidence: 's3://bucket/../{stack}'}\n", "is a bucket and a prefix"),
        (HEAD + ACME + ", evidence: 's3://bucket/{name}'}\n", "nothing is filled in for {name}"),
        (HEAD + ACME + "}\n" + ACME + "}\n", "two stacks have the name acme: the other is at"),
        (HEAD + ACME + ", name: a-b}\n" + ACME + ", name: A_b}\n", "the names A_b and a-b read alike"),
        (HEAD + ACME + "}\n" + ACME + ", name: other}\n", "other and acme are about one account"),
        (
            HEAD.replace("{stack}", "all") + ACME + "}\n  - {path: stacks/beta, account: " + sid(2) + "}\n",
            "beta and acme have one recorded state",
        ),
        (
            HEAD.replace("sqlite:///states/{stack}.db", "postgresql://a:5432/db")
            + ACME
            + "}\n  - {path: stacks/beta, account: "
            + sid(2)
            + ", state: 'postgres://A/db?schema=voiceform'}\n",
            "beta and acme have one recorded state",
        ),
        *(
            (
                HEAD.replace("sqlite:///states/{stack}.db", "s3://b/voice/{stack}")
                + ACME
                + f"}}\n  - {{path: stacks/beta, account: {sid(2)}, state: {outer}}}\n",
                "the recorded state of acme lies in that of beta",
            )
            for outer in ("'s3://b/voice/'", "'s3://b/'", "'s3://B'")
        ),
        (
            HEAD + ACME + ", state: 'gs://b/a/b/c'}\n"
            f"  - {{path: stacks/beta, account: {sid(2)}, state: 'gs://b/a'}}\n",
            "the recorded state of acme lies in that of beta",
        ),
        (HEAD + ACME + ", name: 'a b'}\n", "name must be 1 to 63 letters"),
        (HEAD + ACME + ", name: '../x'}\n", "name must be 1 to 63 letters"),
        (HEAD + ACME + ", account: nobody}\n", "account"),
        (HEAD.replace("{env: TOKEN}", "abc") + ACME + "}\n", "token must"),
        (HEAD.replace("{token: {env: TOKEN}}", "{key: {env: K}}") + ACME + "}\n", "a key with its secret"),
        (
            HEAD.replace("{env: TOKEN}", "{env: A, file: b}") + ACME + "}\n",
            "token has env and file, and only one",
        ),
        (HEAD.replace("{env: TOKEN}", "{env: 'T_{name}'}") + ACME + "}\n", "nothing is filled in for {name}"),
        (
            HEAD.replace("credentials: {token: {env: TOKEN}}\n", "") + ACME + "}\n",
            "no credentials are known of acme",
        ),
        *(
            (HEAD.replace("sqlite:///states/{stack}.db", state) + ACME + "}\n", said)
            for state, said in (
                ("postgresql://me:hunter2@db/{stack}", "has a password in it"),
                ("postgresql://me:hunt/er2@db/{stack}", "has a password in it"),
                ("postgresql://${ME}:hunter2@db/{stack}", "has a password in it"),
                ("postgresql://${ME}@db/{stack}?password=hunter2", "has a password in it"),
                ("mysql://db/{stack}", "does not know state URLs of the form mysql://"),
                ("states/{stack}.db", "does not know a state URL without a scheme"),
                ("s3://{stack}?region=eu", "a bucket and a prefix, nothing else"),
                ("sqlite:///", "a SQLite state URL has three slashes"),
            )
        ),
        (HEAD.replace("{env: TOKEN}", "hunter2") + ACME + "}\n", "token must name one place"),
        (HEAD.replace("{env: TOKEN}", "{value: hunter2}") + ACME + "}\n", "unknown key 'value'"),
        (
            HEAD.replace(
                "{token: {env: TOKEN}}", f"{{account: {sid(9)}, key: {{env: A}}, secret: {{env: B}}}}"
            )
            + ACME
            + "}\n",
            "credentials are a token, or a key with its secret",
        ),
        (HEAD + ACME + ", variables: {TWILIO_AUTH_TOKEN: x}}\n", "TWILIO_AUTH_TOKEN is no variable"),
        (HEAD + ACME + ", variables: {MY_SECRET: x}}\n", "MY_SECRET is the name of a credential"),
        (HEAD + ACME + ", labels: {stack: x}}\n", "the label stack is the name"),
        (HEAD + ACME + ", labels: {ring: 'a b'}}\n", "ring"),
        (HEAD + "  - {template: template, csv: none.csv}\n", "none.csv is missing"),
    ],
)
def test_what_is_wrong_is_told(folder: Path, text: str, said: str) -> None:
    found = problems(folder, text)
    assert any(said in each for each in found), found
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("", "there is no column 'name'"),
        ("name,SIZE\n", "a.csv:1: there is no column 'account'"),
        (f"name,account,SIZE,SIZE\none,{sid(1)},1,2\n", "the column 'SIZE' is there 2 times"),
        (f"name,account,MY TOWN\none,{sid(1)},x\n", "'MY TOWN' is no name of a variable"),
        (f"name,account,TOKEN\none,{sid(1)},x\n", "'TOKEN' is called like a credential"),
        (f"name,account,label.stack\none,{sid(1)},x\n", "'label.stack' is no label"),
        *(
            (f"name,account,{column}\none,{sid(1)},x\n", f"'{column}' is no variable")
            for column in (
                "TWILIO_ACCOUNT_SID",
                "TWILIO_REGION",
                "VOICEFORM_BASE_URL",
                "path",
                "labels",
                "csv",
            )
        ),
        (
            f"name,account,evidence\none,{sid(1)},s3://b/e\ntwo,{sid(2)},s3://b/e/\n",
            "a.csv:3: two and one have one place of evidence",
        ),
        (f"name,account\none,{sid(1)}\none,{sid(2)}\n", "a.csv:3: two stacks have the name one"),
        (f"name,account\none,{sid(1)}\ntwo,{sid(1)}\n", "a.csv:3: two and one are about one account"),
        (f"name,account\none,{sid(1)},more\n", "a.csv:2: this row has 3 cells"),
        (f"name,account\n,{sid(1)}\n", "a.csv:2: the cell of name is empty"),
        (f"name,account\n../x,{sid(1)}\n", "a.csv:2: the name is not"),
        (f"name,account,label.ring\none,{sid(1)},a b\n", "a.csv:2: the value of label.ring is no label"),
        (f'name,account\n"one,{sid(1)}\n', "is not CSV"),
    ],
)
def test_what_is_wrong_in_a_table_is_told_with_its_line(folder: Path, table: str, said: str) -> None:
    (folder / "a.csv").write_text(table, encoding="utf-8")
    found = problems(folder, HEAD + "  - {template: template, csv: a.csv}\n")
    assert any(said in each for each in found), found


def test_numbers_are_the_text_that_is_written(folder: Path) -> None:
    values = "{A: 007, B: +15017122661, C: 0x10, D: 200, E: '1.10', F: 1e3}"
    (member,) = read(folder, HEAD + ACME + f", variables: {values}}}\n").members
    assert [*member.variables.values()] == ["007", "+15017122661", "0x10", "200", "1.10", "1e3"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("s3://b/voice", "s3://b/voice-2"),
        ("s3://b/voice", "gs://b/voice/x"),
        ("s3://b/voice/a", "s3://b/voice/b"),
        ("postgresql:///db?host=/run/a", "postgresql:///db?host=/run/b"),
        ("postgresql://a/db", "postgresql://a:5433/db"),
    ],
)
def test_states_that_only_look_alike_are_two(folder: Path, one: str, other: str) -> None:
    entry = f"  - {{path: stacks/beta, account: {sid(2)}, state: '{other}'}}\n"
    assert names(read(folder, HEAD + ACME + f", state: '{one}'}}\n" + entry)) == ["acme", "beta"]


def test_names_of_schemas_are_alike_that_postgresql_takes_for_one(folder: Path) -> None:
    (folder / "a.csv").write_text(f"name,account\nthe-first,{sid(1)}\nthe-fives,{sid(2)}\n", encoding="utf-8")
    head = HEAD.replace("sqlite:///states/{stack}.db", f"postgresql://db/x?schema={'v' * 58}{{stack}}")
    (found,) = problems(folder, head + "  - {template: template, csv: a.csv}\n")
    assert found.startswith("a.csv:3: the-fives and the-first have one recorded state")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db/voice?schema={stack}",
        "postgresql://voice@db:5433/voice?schema={stack}&sslmode=verify-full",
        "postgresql://voice:${PASSWORD}@db/voice?schema={stack}",
        "postgresql://${LOGIN}@db/voice?schema={stack}",
        "postgresql://voice@db/voice?schema={stack}&password=${PASSWORD}",
        "s3://bucket/voice/{account}",
        "${STATES}/{stack}.db",
    ],
)
def test_a_state_may_be_anywhere_with_what_is_secret_by_name(folder: Path, url: str) -> None:
    (member,) = read(folder, HEAD.replace("sqlite:///states/{stack}.db", url) + ACME + "}\n").members
    assert member.state == url.replace("{stack}", "acme").replace("{account}", sid(1))


def test_everything_is_told_at_once(folder: Path) -> None:
    text = (
        HEAD
        + ACME
        + ", variables: {A_TOKEN: 1}}\n  - path: nope/*\n  - {template: template, csv: none.csv}\n"
    )
    assert len(problems(folder, text)) == 3


def test_a_member_holds_no_credential(folder: Path) -> None:
    member: Member = read(folder, HEAD + ACME + "}\n", TOKEN="hunter2").members[0]
    assert "hunter2" not in repr(member)
