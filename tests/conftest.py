"""How every test run draws its examples: the same ones each time, without a clock."""

import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

# A test that fails here fails for everybody, and a slow machine is not a fault. To look further than the fixed
# examples: pytest --hypothesis-profile=explore
settings.register_profile(
    "fixed",
    derandomize=True,
    deadline=None,
    database=None,
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile(
    "explore",
    max_examples=2_500,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("fixed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where the machine has been made ready for the tests, one that is skipped for want of something has failed."""
    report = yield
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and under CI=true nothing may be missing: {report.longrepr}"
    return report
