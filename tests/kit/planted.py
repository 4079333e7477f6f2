"""Made-up secrets of every kind, put together here so that no file holds what a scanner would take for a real one."""

import random
import string

_BASE64 = string.ascii_letters + string.digits + "+/"
_WORD = string.ascii_letters + string.digits


def _text(rng: random.Random, alphabet: str, length: int) -> str:
    return "".join(rng.choices(alphabet, k=length))


def made_up(seed: int) -> dict[str, str]:
    """One secret of each shape, by the name that redact.yml gives it."""
    rng = random.Random(seed)
    key = "PRIVATE" + " KEY"
    lines = "\n".join((*(_text(rng, _BASE64, 64) for _ in range(4)), _text(rng, _BASE64, 21) + "x7Q="))
    return {
        "JWT": ".".join(
            ("ey" + "J" + _text(rng, _WORD, 17), "ey" + "J" + _text(rng, _WORD, 40), _text(rng, _WORD, 43))
        ),
        "AWS_ID": "AK" + "IA" + _text(rng, string.ascii_uppercase, 16),
        "AWS_SECRET": _text(rng, _BASE64, 40),
        "GITHUB": "gh" + "p_" + _text(rng, _WORD, 36),
        "GITHUB_PAT": "github" + "_pat_" + _text(rng, _WORD, 22) + "_" + _text(rng, _WORD, 59),
        "SLACK": "xo" + f"xb-{rng.randrange(10**11, 10**12)}-" + _text(rng, _WORD, 24),
        "SLACK_HOOK": f"T{_text(rng, _WORD, 8)}/B{_text(rng, _WORD, 8)}/{_text(rng, _WORD, 24)}",
        "STRIPE": "sk" + "_live_" + _text(rng, _WORD, 24),
        "GOOGLE": "AI" + "za" + _text(rng, _WORD + "_-", 35),
        "GITLAB": "gl" + "pat-" + _text(rng, _WORD, 20),
        "NPM": "npm" + "_" + _text(rng, _WORD, 36),
        "PEM_LINE": "aB3" + _text(rng, _BASE64, 61),
        "PK": key,
        "PEM": f"-----BEGIN RSA {key}-----\n{lines}\n-----END RSA {key}-----",
    }
