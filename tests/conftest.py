"""How every test run draws its examples: the same ones each time, without a clock."""

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
