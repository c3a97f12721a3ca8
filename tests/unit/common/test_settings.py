"""Settings that are made of others."""

from services.common.settings import Settings


def test_a_copy_with_other_networks_allows_those() -> None:
    settings = Settings(fetch_allow="127.0.0.1/32")
    assert [str(each) for each in settings.fetch_allow_networks] == ["127.0.0.1/32"]
    copy = settings.model_copy(update={"fetch_allow": "10.0.0.0/8, 192.168.0.0/16"})
    assert [str(each) for each in copy.fetch_allow_networks] == ["10.0.0.0/8", "192.168.0.0/16"]
