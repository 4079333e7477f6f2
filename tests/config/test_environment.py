"""Variables that no key has: misspelt ones are mistakes, those that are somebody else's are not."""

import pytest

from whodid.config.load import ConfigError, load_config

MISSPELT = {
    "WHODID_SERVER_LISTN": "did you mean WHODID_SERVER_LISTEN?",
    "WHODID_RETENTION": "did you mean WHODID_RETENTION_PERIOD?",
    "WHODID__RULES": "did you mean WHODID_RULES?",
    "WHODID_AGENT_TOKENFILE": "did you mean WHODID_AGENT_TOKEN_FILE?",
    "WHODID_LOGLEVEL": "did you mean WHODID_LOG_LEVEL?",
    "WHODID_XYZZY_FROBNICATE_EVERYTHING_AT_ONCE": "see docs/reference/config.md for those there are",
}
OTHERS = (
    "WHODID_SERVER",  # where the commands find the server: it must not be taken for the section
    "WHODID_CONFIG",
    "WHODID_LOG_LEVEL",
    "WHODID_AGENT_TOKEN",
    # Kubernetes, in a namespace with the services `whodid` and `whodid-api`
    "WHODID_SERVICE_HOST",
    "WHODID_SERVICE_PORT",
    "WHODID_SERVICE_PORT_HTTP",
    "WHODID_PORT",
    "WHODID_PORT_3100_TCP",
    "WHODID_API_PORT_3100_TCP_ADDR",
    "NOT_WHODID_SERVER_LISTN",
)


@pytest.mark.parametrize("name", MISSPELT)
def test_a_misspelt_one_is_one_clear_mistake(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(None, {name: "127.0.0.1:3100"})
    assert str(caught.value) == f"environment variable {name}:1:1: there is no such variable; {MISSPELT[name]}"


@pytest.mark.parametrize("name", OTHERS)
def test_others_change_nothing(name: str) -> None:
    assert load_config(None, {name: "http://127.0.0.1:3100"}) == load_config(None, {})
