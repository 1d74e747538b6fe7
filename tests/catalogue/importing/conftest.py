import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no failure.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """What runs on this machine is not asked for through somebody else's."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
