"""What secrets look like: one rule for each way in which one stands in a text. Applied by redact.py.

Names of fields and headers, and the shapes of issued keys as their issuers document them (with prefixes that nothing
else has, so that an ordinary text is left alone). Where a value ends is redact_values.py's business.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from whodid.formats.redact_values import (
    Secret,
    assigned,
    cookies,
    cookies_of,
    credentials,
    credentials_of,
    key_body,
    set_cookie,
    set_cookie_of,
    sql_string,
    userinfo,
)

Reach = Callable[[str, int], Iterable[Secret]]
"""The secrets of a text that begin here."""


class Rule(NamedTuple):
    """One way in which a secret stands in a text."""

    kind: str
    needles: tuple[str, ...]
    """In lower case: a text without any of them holds nothing for this rule."""
    find: re.Pattern[str]
    """What stands before the secret; or, where there is no `reach`, the secret itself as the last group."""
    reach: Reach | None = None
    behind: str = ""
    """What stands behind a needle, in RE2's spelling and in any case, so that fewer texts have to be looked at."""
    key: re.Pattern[str] | None = None
    """The names of JSON members whose text is the secret."""
    inside: Reach | None = None
    """Finds the secrets in the text of such a member, where it is not one as a whole."""

    def secrets(self, text: str) -> Iterator[Secret]:
        """The secrets in a text, from left to right."""
        at = 0
        while match := self.find.search(text, at):
            at = match.end()
            if self.reach is None:
                yield Secret(*match.span(1), match[1])
                continue
            for secret in self.reach(text, at):
                yield secret
                at = max(at, secret.end)


def _any_case(pattern: str) -> re.Pattern[str]:
    # ASCII: to nobody who reads these texts is a Kelvin sign a letter of a keyword.
    return re.compile(pattern, re.IGNORECASE | re.ASCII)


def _shape(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9])({pattern})", re.ASCII)


_GAP: Final = r"(?:\s|/\*[^*]{0,200}\*/|--[^\n]{0,200}\n)*+"
_QUOTE: Final = r"""(?:\\{0,7}["'])?"""
_IS: Final = rf"""{_QUOTE}\s*+(?:=>|:?=|%3d|:(?=\s*+\[?\\{{0,7}}["'])){_GAP}\[?"""
_HEADER: Final = rf"{_QUOTE}\s*+(?:=>|:|=|%3a)\s*+\[?{_QUOTE}"
_BEHIND_NAME: Final = r"""[\w-]{0,18}[\\"']*\s*(?:[=:]|%3|u00)"""
_LOGIN_WORD: Final = (
    r"(?:passw(?:or)?d|passphrase)(?:[_-]?(?:hash|digest|confirm(?:ation)?|again|repeat|old|new|current|\d))?"
)
_KEY_WORD: Final = (
    r"(?<!page)(?<!page[_-])(?:token|secret(?:[_-]?(?:access[_-]?)?key)?"
    r"|(?:api|access|private|signing|encryption|auth)[_-]?key|x-amz-signature|sessid)"
)
PRIVATE_KEY: Final = r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"

KINDS: Final[dict[str, str]] = {
    "password": "`PASSWORD '…'` of SQL in every spelling, SCRAM and MD5 verifiers too; `password=…`, `PGPASSWORD=…`, "
    '`"password": "…"`; `scheme://user:…@host`; `OPTIONS (password \'…\')`; `--password …`, `sshpass -p`, `curl -u`',
    "authorization": "what stands behind the scheme of `Authorization` and `Proxy-Authorization`; `Bearer …`",
    "cookie": "every value of `Cookie` and `Set-Cookie`; the names stay",
    "token": "`token=…`, `secret=…`, `api_key=…`, `access_token=…` and their like, also in JSON; `X-…-Token: …`",
    "jwt": "JSON Web Tokens, signed and encrypted",
    "private_key": "what stands between `BEGIN … PRIVATE KEY` and `END`",
    "aws": "access key ids, secret access keys, session tokens",
    "github": "tokens of GitHub",
    "gitlab": "tokens of GitLab",
    "slack": "tokens of Slack, addresses of its webhooks",
    "stripe": "keys and webhook secrets of Stripe",
    "google": "API keys and OAuth secrets of Google",
    "api_key": "keys of npm, PyPI, SendGrid, OpenAI, Anthropic, Hugging Face, DigitalOcean, Vault",
    "request_body": "nginx's `$request_body`, as a whole",
}
"""The kinds of secrets, and what each takes in."""
RULES: Final = (
    Rule("private_key", ("private key",), re.compile(PRIVATE_KEY), key_body, "(?: block)?---"),
    Rule(
        # A line of one whose other lines are records of their own, as syslog has them: its length tells.
        "private_key",
        ("",),
        re.compile(
            r"(?<![^\s:>])(?=[A-Z0-9+/]{0,63}[a-z])(?=[a-z0-9+/]{0,63}[A-Z])(?=[A-Za-z+/]{0,63}[0-9])"
            r"([A-Za-z0-9+/]{64}(?:[A-Za-z0-9+/]{6}|[A-Za-z0-9+/]{12})?)(?=\s*+\Z)"
        ),
        behind="[A-Za-z0-9+/]{64}",
    ),
    Rule("jwt", ("eyj",), re.compile(r"(?<![\w-])(eyJ[\w-]{8,}+(?:\.\.?[\w-]++){1,4})", re.ASCII), behind=r"[\w-]{8}"),
    Rule(
        "aws",
        ("akia", "asia", "abia", "acca"),
        _shape(r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
        behind="[A-Z0-9]{16}",
    ),
    Rule(
        "aws",
        ("secret", "session"),
        _any_case(rf"(?:aws_?secret_?(?:access_?)?key|secretaccesskey|aws_?session_?token){_IS}"),
        assigned,
        "_?(?:access)?_?(?:key|token)",
        _any_case(r".{0,40}(?:aws_?secret_?(?:access_?)?key|secretaccesskey|aws_?session_?token)"),
    ),
    Rule(
        "github",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        _shape(r"(?:gh[pousr]|github_pat)_[A-Za-z0-9_]{20,}+"),
        behind=r"\w{20}",
    ),
    Rule(
        "slack",
        ("xox", "xapp-"),
        _shape(r"(?:xox[a-z](?:\.xox[a-z])?|xapp)-[A-Za-z0-9-]{10,}+"),
        behind=r"[\w.]{0,6}-?[\w-]{9}",
    ),
    Rule(
        "slack",
        ("hooks.slack",),
        _any_case(r"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/([\w+/-]{8,}+)"),
        behind="(?:-gov)?[.]com/",
    ),
    Rule(
        "stripe",
        ("k_live_", "k_test_", "whsec_"),
        _shape(r"[sr]k_(?:live|test)_[A-Za-z0-9]{10,}+|whsec_[A-Za-z0-9+/=]{20,}+"),
        behind=r"[\w+/=]{10}",
    ),
    Rule(
        "google",
        ("aiza", "ya29.", "gocspx-"),
        _shape(r"AIza[\w-]{35}|ya29\.[\w.-]{20,}+|GOCSPX-[\w-]{20,}+"),
        behind=r"[\w.-]{20}",
    ),
    Rule(
        "gitlab",
        ("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glsoat-", "glimt-", "gloas-", "glagent-"),
        _shape(r"gl(?:pat|dt|rt|cbt|ptt|ft|soat|imt|oas|agent)-[\w.-]{20,}+"),
        behind=r"[\w.-]{20}",
    ),
    Rule(
        "api_key",
        ("npm_", "pypi-age", "sg.", "sk-", "hf_", "o_v1_", "op_v1_", "or_v1_", "hvs.", "hvb."),
        _shape(
            r"npm_[A-Za-z0-9]{36}|pypi-AgE[\w-]{50,}+|SG\.[\w-]{16,32}\.[\w-]{16,64}"
            r"|sk-(?:(?:proj|svcacct|admin|ant)-[\w-]{20,}+|[A-Za-z0-9]{40,}+)|hf_[A-Za-z0-9]{30,}+"
            r"|do[opr]_v1_[a-f0-9]{64}|hv[sb]\.[\w-]{24,}+"
        ),
        behind=r"[\w.-]{20}",
    ),
    Rule(
        "authorization",
        ("authorization",),
        _any_case(rf"authorization{_HEADER}"),
        credentials,
        r"""[\\"']*\s*[=:%]""",
        _any_case(r"(?:http[_-])?(?:proxy[_-]|x[_-])?authorization"),
        credentials_of,
    ),
    Rule(
        "authorization",
        ("bearer",),
        _any_case(r"(?<!\w)bearer(?:[ \t]++|%20|\+)(?=[a-z._~+/=-]*+\d)([\w.~+/=-]{16,}+)"),
        behind=r"(?:\s|%20|\+)",
    ),
    Rule(
        "cookie",
        ("cookie",),
        _any_case(rf"(?<!set-)(?<!set_)cookie2?{_QUOTE}\s*+(?::|=>|=(?=\s*+\\{{0,7}}[\"']))\s*+\[?{_QUOTE}"),
        cookies,
        r"""2?[\\"']*\s*[=:]""",
        _any_case(r"(?:http_)?cookie2?"),
        cookies_of,
    ),
    Rule(
        "cookie",
        ("set-cookie", "set_cookie"),
        _any_case(rf"set[-_]cookie2?{_QUOTE}\s*+(?::|=>|=(?=\s*+\\{{0,7}}[\"']))\s*+\[?{_QUOTE}"),
        set_cookie,
        r"""2?[\\"']*\s*[=:]""",
        _any_case(r"(?:http_)?set[-_]cookie2?"),
        set_cookie_of,
    ),
    Rule(
        "password",
        ("://", ":\\/\\/"),
        re.compile(r"\w:\\?/\\?/[^\s/:@'\"<>?#\\]{0,200}:"),
        userinfo,
        r"[^\s/:@'\"<>?#\\]{0,200}:[^\s/]",
    ),
    Rule(
        "password",
        ("passw",),
        # Not the end of a name in quotes, as in {'password': 'x'}.
        _any_case(rf"passw(?:or)?d(?!'\s*+(?:(?::|=>?)\s*+[\"'\w\[{{]|[,)\]}}])){_GAP}(?=[eu]?&?'|\$[^\d]|\\)"),
        sql_string,
        r"(?:or)?d\s*(?:/\*|--|['$\\]|e'|u&')",
    ),
    Rule(
        "password",
        ("identified",),
        _any_case(rf"identified\s++(?:with\s++\S{{1,64}}+\s++)?(?:by|as){_GAP}(?=[eu]?&?'|\$[^\d])"),
        sql_string,
        r"\s+(?:with|by|as)",
    ),
    Rule(
        "password",
        ("passw", "passphrase"),
        _any_case(rf"{_LOGIN_WORD}{_IS}"),
        assigned,
        _BEHIND_NAME,
        key=_any_case(rf".{{0,60}}{_LOGIN_WORD}"),
    ),
    Rule(
        "password",
        ("pwd", "pass"),
        _any_case(r"(?:(?<=[;?&])(?:pwd|pass)=|(?<=[\"'])(?:pwd|pass)\\{0,7}[\"']\s*+(?::|=>)\s*+)"),
        assigned,
        r"""(?:=|\\{0,7}["']\s*[:=])""",
        _any_case("pwd|pass"),
    ),
    Rule(
        "password",
        ("--passw", "sshpass", "curl"),
        _any_case(
            r"(?:--passw(?:or)?d\s++(?!-)|\bsshpass\s++-p\s*+|\bcurl\s(?:[^\n|;]{0,200}?\s)?(?:-u|--user)[\s=]*+[\"']?"
            r"[^\s:'\"]{1,100}:)[\"']?([^\s'\"]++)"
        ),
        behind=r"(?:or)?d?\s",
    ),
    Rule(
        "token",
        ("token", "secret", "key", "x-amz-signature", "sessid"),
        _any_case(rf"{_KEY_WORD}{_IS}"),
        assigned,
        _BEHIND_NAME,
        _any_case(rf".{{0,60}}{_KEY_WORD}"),
    ),
    Rule(
        "token",
        ("x-",),
        _any_case(r"(?<!\w)x-(?:[\w-]{0,40}(?:token|secret|key)):\s*+([^\s'\"\\,;]{6,}+)"),
        behind=r"[\w-]{0,40}(?:token|secret|key):",
    ),
)
"""In this order: what has a shape of its own is named by it, wherever it stands."""
